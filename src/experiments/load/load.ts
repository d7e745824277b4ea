// `outrider bench load`: one edge process, many devices, a toy target, real sockets. The toy runs unpaced, so engine steps cost
// what the toy costs; the edge's own work is told apart (`ownShare`), and that is what this bench is about.

import { median } from '../../basics/statistics.ts';
import type { Result } from '../../files/document.ts';
import type { Experiment, Run } from '../../laboratory/experiment.ts';
import type { OptionsOf } from '../../laboratory/options.ts';
import { createToyModel } from '../../models/toy.ts';
import { startEdgeProcess } from '../edge-process.ts';
import { type DeviceTally, makeTasks, runDevice } from './devices.ts';
import { residentMB } from './process-memory.ts';

const toySeed = 1;
/** Of the time: what comes before the first sample of memory. Heaps grow to their size first. */
const warmUpShare = 0.25;
/** The most that one device may get of rows, in shares. Shares are held over steps, turns come and go in between. */
const greedyLimit = 1.5;
const samplesCompared = 7;
/** What a process may grow by after the warm-up, as a share of its size, in a run long enough for heaps to have settled. */
const growthLimit = 0.1;
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
  /** Drafts ahead at most, of devices that are not greedy. */
  maxAhead: { default: 8 as number },
  /** How often a draft is right. */
  agreement: { default: 0.8 as number },
} as const;

type Options = OptionsOf<typeof options>;

interface LoadFound {
  readonly tallies: readonly DeviceTally[];
  readonly elapsedSeconds: number;
  /** Resident memory of the edge, MB, once a second after the warm-up. */
  readonly memory: readonly number[];
  /** The edge's own. */
  readonly account: Result['summary'];
}

export const loadExperiment: Experiment<typeof options, LoadFound> = {
  name: 'bench load',
  description: 'many devices at one edge process: token rate, memory, fairness, exactness. Toy models, real sockets',
  options,
  measure: measureLoad,
  conclude({ tallies, elapsedSeconds, memory, account }, { sessions, seconds, maxRows, maxAhead, agreement }) {
    const said = summarise(tallies, elapsedSeconds);
    const [first, last] = [memory.slice(0, samplesCompared), memory.slice(-samplesCompared)];
    const [growthMB, sizeMB] =
      memory.length === 0 ? [Number.NaN, Number.NaN] : [median(last) - median(first), median(last)];
    const isFair = Number.isNaN(said.greedyShare) || said.greedyShare <= greedyLimit || sessions < maxRows;
    const isFlat = seconds < settledSeconds || !(growthMB > growthLimit * sizeMB);
    return {
      rows: tallies.map(rowOf),
      // A row per device is for machines.
      forPeople: [],
      summary: { sessions, ...said, ...accountOf(account), rssGrowthMB: growthMB, rssMB: sizeMB },
      params: { sessions, seconds, maxRows, maxAhead, agreement, warmUpShare },
      passed: said.wrongTexts === 0 && isFair && isFlat,
    };
  },
};

/** @throws OutriderError when the edge does not start */
async function measureLoad({ sessions, seconds, maxRows, maxAhead, agreement }: Options, run: Run): Promise<LoadFound> {
  const tasks = await makeTasks(toySeed);
  const places = ['--sessions', String(Math.min(1024, sessions + 2)), '--context', '512'];
  const edge = await startEdgeProcess(
    ['--model', `toy:${toySeed}`, '--max-rows', String(maxRows), ...places],
    () => {},
  );
  await using model = createToyModel({ seed: toySeed, role: 'draft', agreement, sequences: sessions });
  const stop = new AbortController();
  // Every turn listens to it.
  const settings = { url: edge.url, model, tasks, maxAhead, until: stop.signal };
  const startMs = performance.now();
  const devices = Array.from({ length: sessions }, (_, number) => runDevice(settings, number, number === 0));
  const memory = await watchMemory(edge.processId, seconds, run);
  stop.abort();
  const tallies = await Promise.all(devices);
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  const account = await edge.close();
  run.signal.throwIfAborted();
  return { tallies, elapsedSeconds, memory, account };
}

/** Ends early where it is interrupted. */
async function watchMemory(processId: number, seconds: number, { onProgress, signal }: Run): Promise<number[]> {
  const samples: number[] = [];
  const startMs = performance.now();
  for (let second = 1; second <= seconds && !signal.aborted; second += 1) {
    // By the clock: a busy process wakes up late, and the time is not to grow with its load.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, startMs + 1000 * second - performance.now())));
    onProgress('seconds', second, seconds);
    const sample = second > seconds * warmUpShare ? await residentMB(processId) : undefined;
    if (sample !== undefined) samples.push(sample);
  }
  return samples;
}

/** `greedyShare`: rows that the greedy device got in a second of a turn, as a multiple of what the others got on average. */
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
    tokensPerSecond: sum('tokens') / seconds,
    greedyShare: rowRate(true) / rowRate(false),
  };
}

/** From the edge's own account. */
function accountOf(account: Result['summary']) {
  const number = (name: string): number => Number(account[name] ?? Number.NaN);
  const [steps, rows, roundMs, busyMs] = [number('steps'), number('rows'), number('roundMs'), number('busyMs')];
  return {
    p99StepMs: number('p99StepMs'),
    meanStepMs: roundMs / steps,
    rowsPerStep: rows / steps,
    /** Planning, judging and sending: the part of a step that is not the engine's. */
    ownShare: (roundMs - busyMs) / roundMs,
    ownMicrosecondsPerRow: ((roundMs - busyMs) / rows) * 1000,
    edgeFailures: number('failures'),
  };
}

function rowOf({ isGreedy, texts, wrongTexts, tokens, rows, endedMs }: DeviceTally) {
  const rowsPerSecond = endedMs === 0 ? 0 : (rows / endedMs) * 1000;
  return { device: isGreedy ? 'greedy' : 'honest', texts, wrongTexts, tokens, rowsPerSecond };
}
