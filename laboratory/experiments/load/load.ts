// `outrider bench load`: one edge process, many devices, a toy target, real sockets. The toy runs unpaced, so engine steps cost
// what the toy costs; the bench is about the edge's own work, which is counted separately (`ownShare`).

import type { Experiment, Run } from '../../../simulator/runner/experiment.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import type { Result } from '../../../src/files/document.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';
import { residentMB } from '../../measuring/process-memory.ts';
import { type DeviceTally, makeTasks, runDevice } from './devices.ts';

const toySeed = 1;
/** Before the first sample of memory, s, or a quarter of a shorter run: heaps grow to their size first. */
const warmUpSeconds = 30;
const warmUpShare = 0.25;
/** Largest ratio of a device's rows to its fair share. Shares hold over many steps, during which turns begin and end. */
const greedyLimit = 1.5;
const samplesCompared = 7;
/** Allowed growth after the warm-up, MB, in a run long enough for it to mean something. */
const mostGrowthMB = 10;
const settledSeconds = 120;

const options = {
  sessions: {
    flag: '--sessions <count>',
    help: 'devices that write at the same time, one of them greedy',
    whole: [2, 1000],
    default: 50,
  },
  seconds: { flag: '--seconds <count>', help: 'how long', whole: [5, 86_400], default: 20 },
  maxRows: {
    flag: '--max-rows <count>',
    help: 'tokens of all sessions in one step at most',
    whole: [1, 1024],
    default: 32,
  },
  /** Most drafts ahead, for devices that are not greedy. */
  maxAhead: { default: 8 as number },
  /** Chance that a draft is right. */
  agreement: { default: 0.8 as number },
} as const;

type Options = OptionsOf<typeof options>;

interface LoadFound {
  readonly tallies: readonly DeviceTally[];
  readonly elapsedSeconds: number;
  readonly memory: MemoryFound;
  readonly account: Result['summary'];
}

/** Memory of the edge, MB. */
interface MemoryFound {
  /** Once a second after the warm-up. */
  readonly resident: readonly number[];
  /** Objects and buffers in use, after a collection of garbage: at the end of the warm-up, and at the end. */
  readonly held: readonly number[];
}

export const loadExperiment: Experiment<typeof options, LoadFound> = {
  name: 'bench load',
  description: 'many devices at one edge process: token rate, memory, fairness, exactness. Toy models, real sockets',
  options,
  measure: measureLoad,
  conclude({ tallies, elapsedSeconds, memory, account }, { sessions, seconds, maxRows, maxAhead, agreement }) {
    const said = summarise(tallies, elapsedSeconds);
    const grown = growthOf(memory);
    const isFair = Number.isNaN(said.greedyShare) || said.greedyShare <= greedyLimit || sessions < maxRows;
    const isFlat = seconds < settledSeconds || !(Math.max(grown.rssGrowthMB, grown.heldGrowthMB) > mostGrowthMB);
    return {
      rows: tallies.map(rowOf),
      // A terminal shows no rows of single devices.
      forPeople: [],
      summary: { sessions, ...said, ...accountOf(account), growthAfterSeconds: warmUpOf(seconds), ...grown },
      params: { sessions, seconds, maxRows, maxAhead, agreement, mostGrowthMB },
      passed: said.wrongTexts + said.unopenedTurns === 0 && isFair && isFlat,
    };
  },
};

/** @throws OutriderError when the edge does not start */
async function measureLoad({ sessions, seconds, maxRows, maxAhead, agreement }: Options, run: Run): Promise<LoadFound> {
  const tasks = await makeTasks(toySeed);
  const places = ['--sessions', String(Math.min(1024, sessions + 2)), '--context', '512'];
  const edge = await startProbedEdge(
    ['--model', `toy:${toySeed}`, '--max-rows', String(maxRows), ...places],
    () => {},
    { nodeOptions: ['--expose-gc'] },
  );
  await using model = createToyModel({ seed: toySeed, role: 'draft', agreement, sequences: sessions });
  const stop = new AbortController();
  const settings = { url: edge.url, model, tasks, maxAhead, until: stop.signal };
  const startMs = performance.now();
  const devices = Array.from({ length: sessions }, (_, number) => runDevice(settings, number, number === 0));
  const memory = await watchMemory(edge, seconds, run);
  stop.abort();
  const tallies = await Promise.all(devices);
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  const account = await edge.close();
  run.signal.throwIfAborted();
  return { tallies, elapsedSeconds, memory, account };
}

function warmUpOf(seconds: number): number {
  return Math.min(warmUpSeconds, Math.floor(seconds * warmUpShare));
}

/** Ends early at an interruption. */
async function watchMemory(edge: ProbedEdge, seconds: number, { onProgress, signal }: Run): Promise<MemoryFound> {
  const [resident, held]: [number[], number[]] = [[], []];
  const warmUp = warmUpOf(seconds);
  const startMs = performance.now();
  // Samples follow the clock: a busy process wakes up late, skips what it has missed, and the run is no longer for it.
  const next = (second: number): number =>
    second === seconds
      ? seconds + 1
      : Math.min(seconds, Math.max(second + 1, Math.floor((performance.now() - startMs) / 1000)));
  for (let second = 1; second <= seconds && !signal.aborted; second = next(second)) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, startMs + 1000 * second - performance.now())));
    onProgress('seconds', second, seconds);
    if ((held.length === 0 && second >= warmUp) || second === seconds) {
      const { heapUsed, external } = await edge.ask('collect');
      held.push((heapUsed + external) / 1e6);
    }
    const sample = second > warmUp ? await residentMB(edge.processId) : undefined;
    if (sample !== undefined) resident.push(sample);
  }
  return { resident, held };
}

function growthOf({ resident, held }: MemoryFound) {
  const [first, last] = [resident.slice(0, samplesCompared), resident.slice(-samplesCompared)];
  const [rssGrowthMB, rssMB] =
    resident.length === 0 ? [Number.NaN, Number.NaN] : [median(last) - median(first), median(last)];
  const [heldBefore = Number.NaN, heldMB = Number.NaN] = held;
  return { rssGrowthMB, rssMB, heldGrowthMB: heldMB - heldBefore, heldMB };
}

/** `greedyShare`: rows that the greedy device got in a second of a turn, over the mean of the other devices. */
function summarise(tallies: readonly DeviceTally[], seconds: number) {
  const sum = (key: Exclude<keyof DeviceTally, 'isGreedy'>, of = tallies): number =>
    of.reduce((total, tally) => total + tally[key], 0);
  const rowRate = (greedy: boolean): number => {
    const own = tallies.filter(({ isGreedy }) => isGreedy === greedy);
    return sum('rows', own) / sum('endedMs', own);
  };
  return {
    texts: sum('texts'),
    wrongTexts: sum('wrongTexts'),
    unopenedTurns: sum('unopenedTurns'),
    tokensPerSecond: sum('tokens') / seconds,
    greedyShare: rowRate(true) / rowRate(false),
  };
}

/** Figures from the edge's own account. */
function accountOf(account: Result['summary']) {
  const number = (name: string): number => Number(account[name] ?? Number.NaN);
  const [steps, rows, roundMs, busyMs] = [number('steps'), number('rows'), number('roundMs'), number('busyMs')];
  return {
    p99StepMs: number('p99StepMs'),
    meanStepMs: roundMs / steps,
    rowsPerStep: rows / steps,
    /** The part of a step outside the engine: planning, verifying and sending. */
    ownShare: (roundMs - busyMs) / roundMs,
    ownMicrosecondsPerRow: ((roundMs - busyMs) / rows) * 1000,
    edgeFailures: number('failures'),
  };
}

function rowOf({ isGreedy, texts, wrongTexts, tokens, rows, endedMs }: DeviceTally) {
  const rowsPerSecond = endedMs === 0 ? 0 : (rows / endedMs) * 1000;
  return { device: isGreedy ? 'greedy' : 'honest', texts, wrongTexts, tokens, rowsPerSecond };
}
