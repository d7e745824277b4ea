// `outrider bench load`: one edge process, many devices in this process, a toy target, real sockets. Every text is compared with the toy's own. The
// toy runs unpaced, so engine steps cost what the toy costs; the bench is about the edge's own work, which is counted separately (`ownShare`).

import type { Experiment, Run } from '../../../simulator/runner/experiment.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import type { Result } from '../../../src/files/document.ts';
import { type Drafter, ModelDrafter } from '../../../src/models/port/drafter.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';
import { closedLoop, ids, type ReadAnswer, readTask, type ToyTask, toyTasks } from '../../readers/toy-reader.ts';

const toySeed = 1;
const answerTokens = 96;
const promptCount = 32;
/** Before the first sample of memory, s, or a quarter of a shorter run: heaps grow to their size first. */
const warmUpSeconds = 30;
const warmUpShare = 0.25;
/** Largest ratio of a device's rows to its fair share. Shares hold over many steps, during which turns begin and end. */
const greedyLimit = 1.5;
/** Where other programs use the processor, a device connects later, or again; more than a connection a turn is counted. */
const giveUpAfterMs = 120_000;
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

interface DeviceTally {
  readonly isGreedy: boolean;
  texts: number;
  wrongTexts: number;
  /** Turns that got no connection. */
  unopenedTurns: number;
  tokens: number;
  /** Engine rows and duration of the turns that ended. */
  rows: number;
  endedMs: number;
}

/** Memory of the edge, MB. */
interface MemoryFound {
  /** Once a second after the warm-up. */
  readonly resident: number[];
  /** Objects and buffers in use, after a collection of garbage: at the end of the warm-up, and at the end. */
  readonly held: number[];
}

interface LoadFound {
  readonly tallies: readonly DeviceTally[];
  readonly elapsedSeconds: number;
  readonly memory: MemoryFound;
  readonly account: Result['summary'];
}

export const loadExperiment: Experiment<typeof options, LoadFound> = {
  name: 'bench load',
  lasts: '1 minute',
  description: 'many devices at one edge process: token rate, memory, fairness, exactness. Toy models, real sockets',
  options,
  goals: () => ({
    wrongTexts: 0,
    unopenedTurns: 0,
    greedyShare: greedyLimit,
    rssGrowthMB: mostGrowthMB,
    heldGrowthMB: mostGrowthMB,
  }),
  measure: measureLoad,
  conclude({ tallies, elapsedSeconds, memory, account }, { sessions, seconds, maxRows, maxAhead, agreement }) {
    const counted = summarise(tallies, elapsedSeconds);
    const grown = growthOf(memory);
    const isFair = Number.isNaN(counted.greedyShare) || counted.greedyShare <= greedyLimit || sessions < maxRows;
    const isFlat = seconds < settledSeconds || !(Math.max(grown.rssGrowthMB, grown.heldGrowthMB) > mostGrowthMB);
    return {
      rows: tallies.map(rowOf),
      // A terminal shows no rows of single devices.
      forPeople: [],
      summary: {
        sessions,
        ...counted,
        ...accountOf(account, counted.turns),
        growthAfterSeconds: warmUpOf(seconds),
        ...grown,
      },
      params: { sessions, seconds, maxRows, maxAhead, agreement, mostGrowthMB },
      passed: counted.wrongTexts + counted.unopenedTurns === 0 && isFair && isFlat,
    };
  },
};

/** @throws OutriderError when the edge does not start */
async function measureLoad({ sessions, seconds, maxRows, maxAhead, agreement }: Options, run: Run): Promise<LoadFound> {
  const prompts = Array.from({ length: promptCount }, (_, number) => ids(8 + number, 1000 + 50 * number));
  const tasks = await toyTasks(toySeed, prompts, answerTokens);
  const places = ['--sessions', String(Math.min(1024, sessions + 2)), '--context', '512'];
  const flags = ['--model', `toy:${toySeed}`, '--max-rows', String(maxRows), ...places];
  const edge = await startProbedEdge(flags, () => {}, { nodeOptions: ['--expose-gc'] });
  await using model = createToyModel({ seed: toySeed, role: 'draft', agreement, sequences: sessions });
  const stop = new AbortController();
  const patience = { waitsForEdge: true, giveUpAfterMs } as const;
  const shared = { connect: connectWebSocket(edge.url), tokenizer: model.tokenizer, signal: stop.signal, ...patience };
  const startMs = performance.now();
  const devices = Array.from({ length: sessions }, async (_, number): Promise<DeviceTally> => {
    const isGreedy = number === 0;
    const tally = { isGreedy, texts: 0, wrongTexts: 0, unopenedTurns: 0, tokens: 0, rows: 0, endedMs: 0 };
    await using own = new ModelDrafter(model);
    await closedLoop(tasks, number, stop.signal, async (task) => {
      const drafting = isGreedy ? { drafter: greedyDrafter(task), maxAhead: 512 } : { drafter: own, maxAhead };
      count(tally, await readTask(task, { ...shared, ...drafting }));
    });
    return tally;
  });
  const memory = await watchMemory(edge, seconds, run);
  stop.abort();
  const tallies = await Promise.all(devices);
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  const account = await edge.close();
  run.signal.throwIfAborted();
  return { tallies, elapsedSeconds, memory, account };
}

/** A draft model that is always right and takes no time: it requests as many rows as possible. */
function greedyDrafter({ prompt, reference }: ToyTask): Drafter {
  return {
    draft: async ({ text }) => {
      const token = reference[text.length - prompt.length];
      return token === undefined ? null : { token, confidence: 1 };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function count(tally: DeviceTally, { report, startMs, endMs, isPrefix, isRight }: ReadAnswer): void {
  const { outcome, tokens } = report;
  // The end of the run may stop a turn before it has connected.
  if (outcome.kind === 'stopped' && tokens.length === 0) return;
  if (outcome.kind === 'failed' && outcome.code === 'edge-unreachable' && tokens.length === 0) {
    tally.unopenedTurns += 1;
    return;
  }
  tally.texts += 1;
  tally.tokens += tokens.length;
  if (!isRight && !(outcome.kind === 'stopped' && isPrefix)) tally.wrongTexts += 1;
  if (outcome.kind !== 'ended') return;
  tally.rows += outcome.account.steps + outcome.account.draftRows;
  tally.endedMs += endMs - startMs;
}

function warmUpOf(seconds: number): number {
  return Math.min(warmUpSeconds, Math.floor(seconds * warmUpShare));
}

/** Ends early at an interruption. */
async function watchMemory(edge: ProbedEdge, seconds: number, { onProgress, signal }: Run): Promise<MemoryFound> {
  const found: MemoryFound = { resident: [], held: [] };
  const warmUp = warmUpOf(seconds);
  const startMs = performance.now();
  for (let second = 1; second <= seconds && !signal.aborted; ) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, startMs + 1000 * second - performance.now())));
    onProgress('seconds', second, seconds);
    const isCollected = second === seconds || (found.held.length === 0 && second >= warmUp);
    const { heapUsed, external, residentSet } = await edge.ask(isCollected ? 'collect' : 'resources');
    if (isCollected) found.held.push((heapUsed + external) / 1e6);
    if (second > warmUp) found.resident.push(residentSet / 1e6);
    if (second === seconds) break;
    // Samples follow the clock: a busy process wakes up late and skips what it has missed, so the run stays as long.
    second = Math.min(seconds, Math.max(second + 1, Math.floor((performance.now() - startMs) / 1000)));
  }
  return found;
}

function growthOf({ resident, held }: MemoryFound) {
  // NaN: there is no sample.
  const rssMB = median(resident.slice(-samplesCompared));
  const [heldBefore = Number.NaN, heldMB = Number.NaN] = held;
  const rssGrowthMB = rssMB - median(resident.slice(0, samplesCompared));
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
    turns: sum('texts') + sum('unopenedTurns'),
    connectedTurns: sum('texts'),
    unopenedTurns: sum('unopenedTurns'),
    tokensPerSecond: sum('tokens') / seconds,
    greedyShare: rowRate(true) / rowRate(false),
  };
}

function accountOf(account: Result['summary'], turns: number) {
  const number = (name: string): number => Number(account[name] ?? Number.NaN);
  const roundMs = number('roundMs');
  const ownMs = roundMs - number('busyMs');
  return {
    connectionsPerTurn: number('connectionsOpened') / turns,
    p99StepMs: number('p99StepMs'),
    meanStepMs: roundMs / number('steps'),
    rowsPerStep: number('rows') / number('steps'),
    /** The part of a step outside the engine: planning, verifying and sending. */
    ownShare: ownMs / roundMs,
    ownMicrosecondsPerRow: (ownMs / number('rows')) * 1000,
    edgeFailures: number('failures'),
  };
}

function rowOf({ isGreedy, texts, wrongTexts, tokens, rows, endedMs }: DeviceTally) {
  const rowsPerSecond = endedMs === 0 ? 0 : (rows / endedMs) * 1000;
  return { device: isGreedy ? 'greedy' : 'honest', texts, wrongTexts, tokens, rowsPerSecond };
}
