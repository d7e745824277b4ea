// `outrider trial record`: processes share a run by a record in a store. One of them is killed, and the store is killed and started again; the
// others must end with what one process alone finds.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNatsServer } from '../../../simulator/files/nats-server.ts';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { type RunProcess, startRun } from './run-process.ts';

export interface SharedCommand {
  readonly words: readonly string[];
  /** It leaves files in a directory (--out). */
  readonly hasDirectory: boolean;
}

type CommandName = 'reproduce' | 'faults' | 'sweep';

const commands: Readonly<Record<CommandName, SharedCommand>> = {
  reproduce: { words: ['reproduce', 'all', '--smoke', '--no-pictures'], hasDirectory: true },
  faults: { words: ['trial', 'faults', '--runs', '500', '--digest'], hasDirectory: false },
  sweep: {
    words: ['train', 'sweep', '--recipe', 'coupled-association-team', '--seeds', '6', '--slots', '2'],
    hasDirectory: true,
  },
};

const options = {
  of: {
    flag: '--of <name>',
    help: Object.entries(commands)
      .map(([name, { words }]) => `${name}: ${words.join(' ')}`)
      .join('; ') as string,
    choices: Object.keys(commands) as readonly CommandName[],
    default: 'reproduce' as CommandName,
  },
  processes: { flag: '--processes <count>', help: 'processes that share the run', whole: [2, 16], default: 3 },
  /** Replaces `of`, for tests. */
  command: { default: null as SharedCommand | null },
} as const;

interface RecordRow {
  readonly process: string;
  /** The digest of what it has found; null: it was killed. */
  readonly digest: string | null;
  readonly seconds: number | null;
}

interface Found {
  readonly rows: readonly RecordRow[];
  /** Whether the process that was to be killed still ran. */
  readonly wasKilled: boolean;
}

/** The first process is killed after this part of the time that one process alone takes, over the number of processes. */
const killedAfter = 0.7;
const storeDownMs = 3000;

export const recordTrial: Experiment<typeof options, Found, Conclusion<RecordRow>> = {
  name: 'trial record',
  lasts: '4 minutes',
  description:
    'share a run among processes, kill one of them and the store: the others end with the digest of one alone',
  notes: `The store is a nats-server of its own here ("node setup.mjs --fleet" installs one, NATS_SERVER names another). All processes run on this
machine. The first is killed with SIGKILL, then the store, which comes back after ${storeDownMs / 1000} s with what it has kept.

Examples:
  outrider trial record --json
  outrider trial record --of sweep`,
  options,
  measure,
  conclude({ rows, wasKilled }) {
    const digests = new Set(rows.flatMap(({ digest }) => digest ?? []));
    const [alone, ...shared] = rows.filter(({ digest }) => digest !== null);
    const summary = {
      digestAlone: alone?.digest ?? '',
      digestShared: shared[0]?.digest ?? '',
      digests: digests.size,
      ended: shared.length,
      killed: wasKilled ? 1 : 0,
      secondsAlone: alone?.seconds ?? null,
      secondsShared: Math.max(...shared.map(({ seconds }) => seconds ?? 0)),
    };
    const remarks = wasKilled ? [] : ['the run had ended before a process was killed: nothing was tried'];
    return { rows, summary, passed: wasKilled && digests.size === 1 && shared.length > 0, remarks };
  },
};

async function measure({ of, command, processes }: OptionsOf<typeof options>, run: Run): Promise<Found> {
  await using opened = new CloseStack();
  const folder = await mkdtemp(join(tmpdir(), 'outrider-shared-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const { words, hasDirectory } = command ?? commands[of];
  const start = (name: string, more: readonly string[] = []): RunProcess => {
    const directory = hasDirectory ? join(folder, name) : null;
    const started = startRun([...words, ...more, ...(directory === null ? [] : ['--out', directory])], directory);
    opened.defer(() => killed(started));
    run.signal.addEventListener('abort', () => started.child.kill('SIGKILL'));
    return started;
  };
  run.note(`one process: outrider ${words.join(' ')}`);
  const alone = await start('alone').ended;
  let store = await startNatsServer({ folder: join(folder, 'store') });
  opened.defer(() => store.close());
  const url = `${store.url}/shared`;
  run.note(`${processes} processes: outrider ${words.join(' ')} --record ${url}`);
  const names = Array.from({ length: processes }, (_, index) => `${index + 1} of ${processes}`);
  const started = names.map((name) => start(name, ['--record', url]));
  const [first, ...others] = started as [RunProcess, ...RunProcess[]];
  await sleep((1000 * killedAfter * alone.seconds) / processes, undefined, { signal: run.signal });
  const wasKilled = first.child.exitCode === null;
  run.note(`kills process 1 and the store, which comes back after ${storeDownMs / 1000} s`);
  await killed(first);
  process.kill(store.processId, 'SIGKILL');
  await store.lost;
  await sleep(storeDownMs);
  store = await startNatsServer({ folder: join(folder, 'store'), port: Number(new URL(url).port) });
  const found = await Promise.all(others.map(({ ended }) => ended));
  const rows = [
    { process: 'alone', ...alone },
    { process: names[0] as string, digest: null, seconds: null },
    ...found.map((one, index) => ({ process: names[index + 1] as string, ...one })),
  ];
  return { rows, wasKilled };
}

/** Resolves when it is gone. */
async function killed({ child, ended }: RunProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended.catch(() => {});
}
