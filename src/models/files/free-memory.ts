// How much memory Linux could still give to this process: what the machine could free, and what the control groups that the process
// is in would let it have. What files occupy in memory counts as free, because the system gives it back when it is asked for.

import { readFile } from 'node:fs/promises';

/** Reads a file of the system; undefined where there is none. */
export type ReadSystemFile = (path: string) => Promise<string | undefined>;

const readSystemFile: ReadSystemFile = (path) => readFile(path, 'utf8').catch(() => undefined);

/** Where a kind of control groups keeps its numbers. */
interface GroupFiles {
  readonly root: string;
  readonly limit: string;
  readonly used: string;
  /** In `memory.stat`: what files occupy. */
  readonly reclaimable: readonly string[];
}

const secondVersion: GroupFiles = {
  root: '/sys/fs/cgroup',
  limit: 'memory.max',
  used: 'memory.current',
  reclaimable: ['inactive_file', 'active_file'],
};
const firstVersion: GroupFiles = {
  root: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  reclaimable: ['total_inactive_file', 'total_active_file'],
};

function numberOf(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

function statistic(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return numberOf(line?.slice(name.length + 1)) ?? 0;
}

/** "/a/b" is inside of "/a" and of "/": a limit of any of them holds. */
function withParents(group: string): string[] {
  const names = group.split('/').filter(Boolean);
  return ['', ...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)];
}

/** The groups of `/proc/self/cgroup` that may limit memory. */
function memoryGroups(text: string): { readonly files: GroupFiles; readonly group: string }[] {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  return lines.flatMap((line) => {
    const [, controllers = '', group = ''] = line ?? [undefined, '-'];
    if (controllers === '') return withParents(group).map((one) => ({ files: secondVersion, group: one }));
    if (!controllers.split(',').includes('memory')) return [];
    return withParents(group).map((one) => ({ files: firstVersion, group: one }));
  });
}

async function roomOf(files: GroupFiles, group: string, read: ReadSystemFile): Promise<number | undefined> {
  const at = (name: string): Promise<string | undefined> => read(`${files.root}${group}/${name}`);
  const limit = numberOf(await at(files.limit));
  const used = numberOf(await at(files.used));
  const statistics = (await at('memory.stat')) ?? '';
  if (limit === undefined || used === undefined) return undefined;
  const reclaimable = files.reclaimable.reduce((sum, name) => sum + statistic(statistics, name), 0);
  // The numbers are not of one moment: what files occupy may read as more than all that is used.
  return Math.max(0, limit - Math.max(0, used - reclaimable));
}

/** @returns bytes; undefined where the system is not Linux, or too old to say. */
export async function freeMemoryOfLinux(read: ReadSystemFile = readSystemFile): Promise<number | undefined> {
  const kibibytes = numberOf(/^MemAvailable:\s+(\d+) kB$/m.exec((await read('/proc/meminfo')) ?? '')?.[1]);
  if (kibibytes === undefined) return undefined;
  const groups = memoryGroups((await read('/proc/self/cgroup')) ?? '');
  const rooms = await Promise.all(groups.map(({ files, group }) => roomOf(files, group, read)));
  return Math.min(kibibytes * 1024, ...rooms.filter((room) => room !== undefined));
}
