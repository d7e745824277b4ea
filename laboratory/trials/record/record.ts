// `outrider trial record`: processes share a run by a record in a store. One of them is killed, and the store is killed and started again; the
// others must end with what one process alone finds.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNatsServer } from '../../../simulator/files/nats-server.ts';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { isFinding, recordMark } from '../../../simulator/runner/shared-record.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { openNatsFleetStore, parseNatsAddress } from '../../../src/files/nats-fleet-store.ts';
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
  /** Units that it has measured itself; null: it was killed. */
  readonly measured: number | null;
  /** Units that it had at its end; null: it was killed. */
  readonly units: number | null;
}

interface Found {
  readonly rows: readonly RecordRow[];
  /** Whether the process that was to be killed still ran. */
  readonly wasKilled: boolean;
  /** Units with a finding in the store, when it was killed and at the end. */
  readonly foundAtKill: number;
  readonly foundAtEnd: number;
  /** Processes that had not ended in time. */
  readonly late: number;
}

/** The first process is killed after this part of the time that one process alone takes, over the number of processes. */
const killedAfter = 0.7;
const storeDownMs = 3000;
/** Others may end so many times as late as one alone, and a minute more: a lease of the one that was killed stands for half a minute. */
const lateTimes = 5;
const lateMoreMs = 60_000;
/** A unit that is lost with the store, or with the process, is measured again: so many may be measured twice for each of these. */
const againForLoss = 1;

export const recordTrial: Experiment<typeof options, Found, Conclusion<RecordRow>> = {
  name: 'trial record',
  lasts: '4 minutes',
  description:
    'share a run among processes, kill one of them and the store: the others end with the digest of one alone',
  notes: `The store is a nats-server of its own here ("node setup.mjs --fleet" installs one, NATS_SERVER names another). All processes run on this
machine. The first is killed with SIGKILL, then the store, which comes back after ${storeDownMs / 1000} s with what it has kept.
Exit status 1: digests differ, the units were not shared, or a process has not ended after five times the time of
one alone and a minute.

Examples:
  outrider trial record --json
  outrider trial record --of sweep`,
  options,
  measure,
  conclude,
};

function conclude({ rows, wasKilled, foundAtKill, foundAtEnd, late }: Found): Conclusion<RecordRow> {
  const digests = new Set(rows.flatMap(({ digest }) => digest ?? []));
  const [alone, ...shared] = rows.filter(({ digest }) => digest !== null);
  const measured = shared.reduce((sum, row) => sum + (row.measured ?? 0), 0);
  const isWhole = foundAtEnd > 0 && shared.every(({ units }) => units === foundAtEnd);
  // What the one that was killed has measured was in the store then; each other unit is measured once, or again where it was lost.
  const isOnce = measured >= foundAtEnd - foundAtKill && measured <= foundAtEnd + againForLoss * rows.length;
  const isShared = isWhole && isOnce && shared.every((row) => (row.measured ?? 0) < foundAtEnd);
  const summary = {
    digestAlone: alone?.digest ?? '',
    digestShared: shared[0]?.digest ?? '',
    digests: digests.size,
    ended: shared.length,
    late,
    killed: wasKilled ? 1 : 0,
    units: foundAtEnd,
    unitsBeforeKill: foundAtKill,
    measured,
    secondsAlone: alone?.seconds ?? null,
    secondsShared: Math.max(...shared.map(({ seconds }) => seconds ?? 0)),
  };
  const remarks = [
    ...(wasKilled ? [] : ['the run had ended before a process was killed: nothing was tried']),
    ...(late > 0
      ? [`${late} processes had not ended after ${lateTimes} times the time of one alone and a minute`]
      : []),
    ...(isShared ? [] : ['the processes have not shared their units: the rows say how many each has measured']),
  ];
  const passed = wasKilled && digests.size === 1 && shared.length > 0 && late === 0 && isShared;
  return { rows, summary, passed, remarks };
}

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
  const limit = endLate(others, 1000 * lateTimes * alone.seconds + lateMoreMs);
  opened.defer(async () => limit.stop());
  const counted = opened.use(await countFindings(url));
  await sleep((1000 * killedAfter * alone.seconds) / processes, undefined, { signal: run.signal });
  // So that the others have measured some as well; a run of the trial may have six units only.
  while (counted.count < processes && first.child.exitCode === null && limit.late === 0)
    await sleep(50, undefined, { signal: run.signal });
  const wasKilled = first.child.exitCode === null;
  run.note(`kills process 1 and the store, which comes back after ${storeDownMs / 1000} s`);
  await killed(first);
  // What it has written last.
  await sleep(500);
  const foundAtKill = counted.count;
  process.kill(store.processId, 'SIGKILL');
  await store.lost;
  await sleep(storeDownMs);
  store = await startNatsServer({ folder: join(folder, 'store'), port: Number(new URL(url).port) });
  const found = await Promise.all(others.map(({ ended }) => ended.catch(lateOrThrow)));
  limit.stop();
  const all = Math.max(...found.map((one) => one?.units ?? 0));
  for (let time = 0; time < 100 && counted.count < all; time += 1) await sleep(100);
  const rows = [
    { process: 'alone', ...alone, measured: null, units: null },
    { process: names[0] as string, ...notEnded },
    ...found.map((one, index) => ({ process: names[index + 1] as string, ...(one ?? notEnded) })),
  ];
  return { rows, wasKilled, foundAtKill, foundAtEnd: counted.count, late: limit.late };

  function lateOrThrow(error: unknown): null {
    if (limit.late > 0) return null;
    throw error;
  }
}

/** Kills processes that have not ended after a time. */
function endLate(
  processes: readonly RunProcess[],
  afterMs: number,
): { readonly late: number; readonly stop: () => void } {
  let late = 0;
  const timer = setTimeout(() => {
    const open = processes.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    late = open.length;
    for (const { child } of open) child.kill('SIGKILL');
  }, afterMs);
  return {
    get late() {
      return late;
    },
    stop: () => clearTimeout(timer),
  };
}

const notEnded = { digest: null, seconds: null, measured: null, units: null };

/** How many units have a finding in the store at a url, over restarts of it. */
async function countFindings(url: string): Promise<AsyncDisposable & { readonly count: number }> {
  const store = await openNatsFleetStore({ ...parseNatsAddress(url), mark: recordMark, onState: () => {} });
  // A finding is written once; after a restart of the store the same revisions come again.
  const revisions = new Set<number>();
  const end = store.watch('unit.*', ({ value, revision }) => {
    if (isFinding(value)) revisions.add(revision);
  });
  return {
    get count() {
      return revisions.size;
    },
    async [Symbol.asyncDispose]() {
      end();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when it is gone. */
async function killed({ child, ended }: RunProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended.catch(() => {});
}
