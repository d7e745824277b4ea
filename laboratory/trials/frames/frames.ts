// `outrider trial frames`: damaged, random and hostile frames at a real edge and at real devices, over real sockets, with
// honest sessions beside them. Toy models: the trial is about the protocol, not about an engine.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { type OptionsOf, trialSeed } from '../../../src/core/options/options.ts';
import { anyone, type EdgeKey, edgeKey } from '../../../src/core/protocol/edge/edge-key.ts';
import { unlimitedRate } from '../../../src/core/protocol/wire/rate-limit.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { type Edge, listenEdge, startEdge } from '../../../src/processes/edge/edge.ts';
import type { EdgeOptions } from '../../../src/processes/edge/edge-options.ts';
import { scriptModel } from '../../engine-conformance/scripted.ts';
import type { ToyTask } from '../../readers/toy-reader.ts';
import { connectRaw } from '../hostile/raw-peer.ts';
import { counted, runDeviceCase } from './attack-device.ts';
import { answerLimitMs, makeEdgeCase, runEdgeCase } from './attack-edge.ts';
import { shotOf } from './mutations.ts';
import {
  compose,
  fillPlaces,
  honestKey,
  honestTasks,
  keepWriting,
  type Recording,
  toySeed,
} from './recorded-traffic.ts';

/** One case of one side. */
interface OneCase {
  readonly side: 'edge' | 'device';
  readonly number: number;
}

const options = {
  count: {
    flag: '--count <frames>',
    help: 'frames at edge and devices together',
    whole: [100, 100_000_000],
    default: 20_000,
  },
  seed: trialSeed as typeof trialSeed,
  only: {
    flag: '--case <side:number>',
    help: 'only this case, as the trial printed it',
    parse: parseCase as (text: string) => OneCase,
  },
} as const;

type FramesOptions = OptionsOf<typeof options>;

/** "edge:17" */
function parseCase(text: string): OneCase {
  const [, side, number] = /^(edge|device):(\d{1,9})$/.exec(text) ?? [];
  if (side === 'edge' || side === 'device') return { side, number: Number(number) };
  throw new Error('Give a case as the trial printed it: edge:NUMBER or device:NUMBER.');
}

/** Parts of the count: frames to the edge, to devices, and against the rate limit. */
const share = { edge: 0.7, device: 0.28, flood: 0.02 } as const;
const attackers = 16;
const honestWorkers = 3;
const places = 48;
const keepLostMs = 200;
/** Time of an engine step, so that frames arrive during steps. */
const stepMs = 2;
/** Every so many steps the engine fails, before its work or after it by turns. */
const failureEvery = 40;
const plantedFailure = 'the engine fails, as the trial wants it to';

interface Failures {
  /** They are off while the trial counts free places. */
  isOn: boolean;
  count: number;
}

/** The toy, with an engine that takes time and sometimes fails. */
function unsteady(model: LanguageModel, failures: Failures): LanguageModel {
  const failAt = (call: number, rest: number): void => {
    if (!failures.isOn || call % (2 * failureEvery) !== rest) return;
    failures.count += 1;
    throw new Error(plantedFailure);
  };
  return scriptModel(model, {
    beforeEvaluate: async (_items, call) => {
      await sleep(stepMs);
      failAt(call, failureEvery);
    },
    afterEvaluate: (results, _items, call) => {
      failAt(call, 0);
      return results;
    },
  });
}

/** What a trial begins with. */
const nothing = {
  edge: { frames: 0, connections: 0 },
  device: { frames: 0, connections: 0 },
  flood: { frames: 0, connections: 0 },
  honest: { texts: 0, wrong: 0, cut: 0, reports: [] as string[] },
  /** Planted ones; each ends the sessions of its step. */
  engineFailures: 0,
  crashes: 0,
  unanswered: 0,
  leakedSessions: 0,
  /** One line for each fault, with what repeats it. */
  reports: [] as string[],
  seconds: 0,
};

type Findings = typeof nothing;

export const framesTrial: Experiment<typeof options, Findings> = {
  name: 'trial frames',
  lasts: '1 minute',
  description: 'send damaged, random and hostile frames to an edge and to devices: toy models, real sockets',
  options,
  measure: attackBoth,
  conclude,
};

/** @throws OutriderError `port-in-use` and what else keeps an edge from starting */
async function attackBoth(options: FramesOptions, run: Run): Promise<Findings> {
  const { seed, only } = options;
  const findings = structuredClone(nothing);
  const running = new Set<string>();
  const crash = (error: unknown): void => {
    findings.crashes += 1;
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    note(findings, `crash beside the cases ${[...running].join(', ')}: ${what}`);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const startMs = performance.now();
  try {
    const failures: Failures = { isOn: true, count: 0 };
    const toy = createToyModel({ seed: toySeed, role: 'target', sequences: places });
    await using model = unsteady(toy, failures);
    const tasks = await honestTasks();
    const recordings = compose(seed, tasks, model.tokenizer, model.identity);
    const trial = { options, run, findings, running, crash, model, failures, tasks, recordings };
    if (only?.side !== 'device') await attackEdge(trial);
    run.signal.throwIfAborted();
    if (only?.side !== 'edge') await attackDevices(trial);
    run.signal.throwIfAborted();
    if (only === undefined) await floodEdge(trial);
    findings.engineFailures = failures.count;
  } finally {
    process.off('uncaughtException', crash);
    process.off('unhandledRejection', crash);
  }
  findings.seconds = (performance.now() - startMs) / 1000;
  return findings;
}

interface Trial {
  readonly options: FramesOptions;
  readonly run: Run;
  readonly findings: Findings;
  readonly running: Set<string>;
  readonly crash: (error: unknown) => void;
  readonly model: LanguageModel;
  readonly failures: Failures;
  readonly tasks: readonly ToyTask[];
  readonly recordings: readonly Recording[];
}

function note(findings: Findings, report: string): void {
  if (findings.reports.length < 20) findings.reports.push(report);
}

function unanswered({ findings, options }: Trial, side: string, number: number, fault: string): void {
  findings.unanswered += 1;
  note(findings, `${fault}: outrider trial frames --seed ${options.seed} --case ${side}:${number}`);
}

/** Cases one after the other in `attackers` lanes until `isEnough`. */
async function inLanes(
  trial: Trial,
  side: 'edge' | 'device',
  isEnough: () => boolean,
  run: (number: number) => Promise<void>,
) {
  const { only } = trial.options;
  let next = only?.number ?? 1;
  const lane = async (): Promise<void> => {
    while (!isEnough() && !trial.run.signal.aborted && (only === undefined || next === only.number)) {
      const number = next++;
      const name = `${side}:${number}`;
      trial.running.add(name);
      await run(number).catch(trial.crash);
      trial.running.delete(name);
    }
  };
  await Promise.all(Array.from({ length: attackers }, lane));
}

async function serve(trial: Trial, count: { frames: number }, options: Partial<EdgeOptions>) {
  const { model, crash } = trial;
  const onFault = (error: unknown): void => {
    if (!(error instanceof Error && error.message === plantedFailure)) crash(error);
  };
  // With a key of their own honest devices do not share a queue with what the attackers leave behind.
  const keyOf = (credentials: string): EdgeKey => (credentials === honestKey ? edgeKey(honestKey) : anyone);
  const settings = { model, stepTime: linearStepTime(1, 0.01), keepLostMs, keyOf, onFault };
  const edge = await startEdge({ ...settings, ...options });
  const accept: Edge['accept'] = (connection) => counted(edge.accept(connection), () => count.frames++);
  // All attackers have one address, and nearly all of them break rules.
  const portLimits = { upgradesPerSecond: 1e6, burstUpgrades: 1e6 };
  const listener = await listenEdge({ ...edge, accept }, { host: '127.0.0.1', port: 0, portLimits });
  return { edge, listener };
}

async function attackEdge(trial: Trial): Promise<void> {
  const { options, run, findings, tasks, recordings } = trial;
  const goal = options.count * share.edge;
  const count = { frames: 0 };
  const { edge, listener } = await serve(trial, count, { rate: unlimitedRate });
  const stop = new AbortController();
  const workers = Array.from({ length: honestWorkers }, (_, worker) =>
    keepWriting(listener.port, tasks, worker, findings.honest, stop.signal),
  );
  let broken = 0;
  await inLanes(
    trial,
    'edge',
    () => count.frames + broken >= goal,
    async (number) => {
      const attack = makeEdgeCase(options.seed, number, recordings);
      findings.edge.connections += 1;
      broken += attack.shots.filter(({ isBroken }) => isBroken).length;
      const fault = await runEdgeCase(listener.port, number, attack);
      if (fault !== null) unanswered(trial, 'edge', number, fault);
      if (number % 64 === 0) run.onProgress('frames at the edge', count.frames + broken, Math.ceil(goal));
    },
  );
  stop.abort();
  await Promise.all(workers);
  findings.edge.frames = count.frames + broken;
  if (!run.signal.aborted) {
    findings.leakedSessions += await leaked(edge);
    trial.failures.isOn = false;
    findings.leakedSessions += await fillPlaces(listener.port, tasks, places, findings.honest);
  }
  await edge.close();
  await listener.close();
}

/** Sessions and connections that are left when all peers have been gone for longer than a session is kept. */
async function leaked(edge: Edge): Promise<number> {
  const left = (): number => edge.status.sessions + edge.status.connections;
  const untilMs = performance.now() + answerLimitMs + keepLostMs;
  while (left() > 0 && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 20));
  return left();
}

async function attackDevices(trial: Trial): Promise<void> {
  const { options, run, findings, tasks, recordings } = trial;
  const goal = options.count * share.device;
  await inLanes(
    trial,
    'device',
    () => findings.device.frames >= goal,
    async (number) => {
      const found = await runDeviceCase(options.seed, number, tasks, recordings);
      findings.device.frames += found.frames;
      findings.device.connections += found.connections;
      for (const fault of found.faults) unanswered(trial, 'device', number, fault);
      if (number % 16 === 0) run.onProgress('frames at devices', findings.device.frames, Math.ceil(goal));
    },
  );
}

/** With the limits that an edge has by default: a device that floods is closed, with the reason. */
async function floodEdge(trial: Trial): Promise<void> {
  const { options, findings, tasks } = trial;
  const { edge, listener } = await serve(trial, findings.flood, {});
  const stop = new AbortController();
  const honest = keepWriting(listener.port, tasks, 0, findings.honest, stop.signal);
  while (findings.flood.frames < options.count * share.flood) {
    findings.flood.connections += 1;
    const peer = await connectRaw(listener.port);
    const { wire } = shotOf(Uint8Array.of(0x05, 0x07), true);
    peer.write(Buffer.concat(Array.from({ length: 2000 }, () => wire)));
    await peer.settled(() => false, answerLimitMs);
    if (!peer.closeText.startsWith('rate-limited')) {
      unanswered(trial, 'flood', findings.flood.connections, 'a flood was not closed as rate-limited');
    }
    peer.destroy();
  }
  stop.abort();
  await honest;
  findings.leakedSessions += await leaked(edge);
  await edge.close();
  await listener.close();
}

function conclude(findings: Findings, { count }: FramesOptions): Conclusion {
  const { honest, reports } = findings;
  const rows = (['edge', 'device', 'flood'] as const).map((side) => ({ side, ...findings[side] }));
  const frames = rows.reduce((sum, row) => sum + row.frames, 0);
  const summary = {
    frames,
    crashes: findings.crashes,
    unanswered: findings.unanswered,
    leakedSessions: findings.leakedSessions,
    honestTexts: honest.texts,
    wrongTexts: honest.wrong,
    cutTexts: honest.cut,
    engineFailures: findings.engineFailures,
    connections: rows.reduce((sum, row) => sum + row.connections, 0),
    framesPerSecond: frames / findings.seconds,
  };
  const passed = summary.crashes + summary.unanswered + summary.leakedSessions + summary.wrongTexts === 0;
  const params = { count, attackers, honestWorkers, keepLostMs, answerLimitMs, stepMs, failureEvery };
  return { rows, summary, passed, params, remarks: [...reports, ...honest.reports] };
}
