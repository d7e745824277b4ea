// `outrider bench load`: one edge process, many devices, a toy target, real sockets. The toy runs unpaced, so engine steps cost
// what the toy costs; the edge's own work is told apart (`ownShare`), and that is what this bench is about.

import { median } from '../../basics/statistics.ts';
import type { Result } from '../../files/document.ts';
import { createToyModel } from '../../models/toy.ts';
import { startEdgeProcess } from '../edge-process.ts';
import { type DeviceTally, makeTasks, runDevice } from './devices.ts';
import { residentMB } from './process-memory.ts';

export interface LoadOptions {
  /** Devices that write at the same time, one of them greedy. */
  readonly sessions: number;
  readonly seconds: number;
  /** Rows of one step at most. */
  readonly maxRows: number;
  /** Drafts ahead at most, of devices that are not greedy. */
  readonly maxAhead: number;
  /** How often a draft is right. */
  readonly agreement: number;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

export interface LoadResult extends Result {
  readonly summary: Result['summary'] & { readonly promiseHeld: boolean };
}

const toySeed = 1;
/** Of the time: what comes before the first sample of memory. Heaps grow to their size first. */
const warmUpShare = 0.25;
/** The most that one device may get of rows, in shares. Shares are held over steps, turns come and go in between. */
const greedyLimit = 1.5;
const samplesCompared = 7;
/** What a process may grow by after the warm-up, as a share of its size, in a run long enough for heaps to have settled. */
const growthLimit = 0.1;
const settledSeconds = 120;

/** @throws OutriderError when the edge does not start */
export async function benchLoad(options: LoadOptions): Promise<LoadResult> {
  const { sessions, seconds, maxRows, maxAhead, agreement, onProgress } = options;
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
  const memory = await watchMemory(edge.processId, seconds, (done) => onProgress?.('seconds', done, seconds));
  stop.abort();
  const tallies = await Promise.all(devices);
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  const account = await edge.close();
  const devicesSaid = summarise(tallies, elapsedSeconds);
  const [first, last] = [memory.slice(0, samplesCompared), memory.slice(-samplesCompared)];
  const summary = {
    sessions,
    ...devicesSaid,
    ...accountOf(account),
    rssGrowthMB: memory.length === 0 ? Number.NaN : median(last) - median(first),
    rssMB: memory.length === 0 ? Number.NaN : median(last),
  };
  const isFair = Number.isNaN(devicesSaid.greedyShare) || devicesSaid.greedyShare <= greedyLimit || sessions < maxRows;
  const isFlat = seconds < settledSeconds || !(summary.rssGrowthMB > growthLimit * summary.rssMB);
  const promiseHeld = devicesSaid.wrongTexts === 0 && isFair && isFlat;
  const { onProgress: _progress, ...params } = options;
  return { rows: tallies.map(rowOf), summary: { ...summary, promiseHeld }, params: { ...params, warmUpShare } };
}

async function watchMemory(processId: number, seconds: number, tick: (done: number) => void): Promise<number[]> {
  const samples: number[] = [];
  const startMs = performance.now();
  for (let second = 1; second <= seconds; second += 1) {
    // By the clock: a busy process wakes up late, and the time is not to grow with its load.
    await new Promise((resolve) => setTimeout(resolve, startMs + 1000 * second - performance.now()));
    tick(second);
    const sample = second > seconds * warmUpShare ? await residentMB(processId) : undefined;
    if (sample !== undefined) samples.push(sample);
  }
  return samples;
}

/** `greedyShare`: rows that the greedy device got in a second of a turn, as a multiple of what the others got on average. */
function summarise(tallies: readonly DeviceTally[], seconds: number) {
  const sum = (pick: (tally: DeviceTally) => number): number =>
    tallies.reduce((total, tally) => total + pick(tally), 0);
  const pace = (of: readonly DeviceTally[]): number =>
    of.reduce((total, { rows }) => total + rows, 0) / of.reduce((total, { endedMs }) => total + endedMs, 0);
  const greedyShare =
    pace(tallies.filter(({ isGreedy }) => isGreedy)) / pace(tallies.filter(({ isGreedy }) => !isGreedy));
  return {
    texts: sum(({ texts }) => texts),
    wrongTexts: sum(({ wrongTexts }) => wrongTexts),
    tokensPerSecond: sum(({ tokens }) => tokens) / seconds,
    greedyShare,
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
  const pace = endedMs === 0 ? 0 : (rows / endedMs) * 1000;
  return { device: isGreedy ? 'greedy' : 'honest', texts, wrongTexts, tokens, rowsPerSecond: pace };
}
