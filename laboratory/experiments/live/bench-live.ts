// `outrider bench live`: a controller, edges and devices over real sockets, with policies that take turns on the same fleet. The time per
// token of devices under each, how well it was predicted, and what handovers cost.

import { openDemo } from '../../../simulator/fleet/demo.ts';
import type { Fleet, FleetEdge } from '../../../simulator/fleet/fleet.ts';
import type { FleetAnswer } from '../../../simulator/fleet/fleet-reader.ts';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import type { ControllerEvent } from '../../../src/allocation/controller/controller-events.ts';
import type { RemotePolicy } from '../../../src/allocation/slot/remote-policy.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { estimate, type Within, within } from '../../../src/core/basics/bootstrap.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { mean, median, quantile } from '../../../src/core/basics/statistics.ts';
import { openPolicyThread } from '../../../src/files/policy-thread.ts';
import type { PacedStep, PacingCounts } from '../../../src/models/port/paced.ts';
import { defaultEdgeProfile, latencyProfiles } from '../../../src/models/port/profiles.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';

const options = {
  edges: { flag: '--edges <count>', help: 'edge processes', whole: [1, 16], default: 3 },
  devices: { flag: '--devices <count>', help: 'devices', whole: [1, 64], default: 12 },
  seconds: { flag: '--seconds <number>', help: 'duration, of all policies together', number: [5, 3600], default: 120 },
  blockSeconds: {
    flag: '--block <seconds>',
    help: 'time of a policy before the next one',
    number: [2, 600],
    default: 8,
  },
  scenario: { flag: '--scenario <name|file>', help: 'world in which devices walk', default: 'munich' as string },
  seed: { flag: '--seed <number>', help: 'seed of the world', whole: [0, 4_294_967_295], default: 1 },
  real: { flag: '--real', help: 'real models in place of a toy' },
  pair: pairOption as typeof pairOption,
  profile: {
    flag: '--profile <name>',
    help: 'hardware whose step times the edges emulate',
    choices: latencyProfiles.map(({ name }) => name) as readonly string[],
    default: defaultEdgeProfile.name as string,
  },
  maxTokens: { flag: '--max-tokens <count>', help: 'most tokens of an answer', whole: [1, 1024], default: 96 },
} as const;

type LiveOptions = OptionsOf<typeof options>;

/** Each with the objective that it minimises. */
const policies = [
  { key: 'MaxSinr', policy: 'max-sinr+equal', kind: 'paper' },
  { key: 'Tma', policy: 'tma+equal', kind: 'paper' },
  { key: 'TmaMasac', policy: 'tma-masac@munich', kind: 'paper' },
  { key: 'Best', policy: 'best', kind: 'paper' },
  { key: 'Felt', policy: 'best', kind: 'felt' },
] as const;

/** The first part of a block, in which devices move after the change of the policy; it does not count, ms. */
const settleMs = 2000;
/** Watts of one RTX A6000 at work and at rest (board power 300 W; nvidia.com data sheet; at rest as measured by others, about 25 W). */
const busyWatts = 300;
const idleWatts = 25;
/** Pacing that is later than this share of steps makes a run void. */
const mostLateShare = 0.01;
const slotMs = 1000;

/** Tokens of a few steps say nothing about a pace. */
const leastTokens = 10;

interface Block {
  readonly key: string;
  /** For each device with a task: time over tokens, or, without one, over one, ms. */
  readonly msPerToken: readonly number[];
  /** predicted / felt - 1 of each answer that lies in the block: the mean of its predictions over its time per token. */
  readonly errors: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** The time between two pieces of new text. */
interface Gap {
  readonly atMs: number;
  /** Over its limit: a round trip, and the longest step meanwhile of the edge that wrote before it. */
  readonly overLimit: number;
  readonly isHandover: boolean;
}

interface LiveFound {
  readonly blocks: readonly Block[];
  readonly texts: number;
  readonly identical: number;
  readonly failed: number;
  readonly handovers: number;
  readonly gaps: readonly Gap[];
  readonly pacedSteps: number;
  readonly lateSteps: number;
  readonly joulesPerToken: number;
}

interface LiveRow extends Within<'msPerToken'> {
  readonly policy: string;
  readonly objective: string;
  readonly blocks: number;
  readonly msPerTokenP95: number;
  readonly predictionError: number | null;
  readonly handovers: number;
  /** The time without new text at a handover over a round trip and a step, and the same between other pieces of text. */
  readonly stallOverLimitP95: number | null;
  readonly gapOverLimitP95: number | null;
}

export const liveExperiment: Experiment<typeof options, LiveFound, Conclusion<LiveRow>> = {
  name: 'bench live',
  lasts: '3 minutes',
  description: 'policies that decide live for real sockets take turns: what devices feel, and what was predicted',
  options,
  measure,
  conclude,
};

async function measure(options: LiveOptions, run: Run): Promise<LiveFound> {
  const { target, draft } = namesOf({ pair: options.pair });
  const events: (ControllerEvent & { readonly atMs: number })[] = [];
  const probes = new Map<number, ProbedEdge>();
  await using demo = await openDemo({
    ...options,
    policy: 'best',
    objective: 'felt',
    slotMs,
    isToy: options.real !== true,
    target,
    draft,
    note: run.note,
    onEvent: (event) => void events.push({ ...event, atMs: performance.now() }),
    async startEdge(...asked) {
      const edge = await startProbedEdge(...asked);
      probes.set(edge.processId, edge);
      return edge;
    },
  });
  const { fleet } = demo;
  const probeOf = ({ process }: FleetEdge): ProbedEdge => probes.get(process.processId) as ProbedEdge;
  await using threads = new CloseStack();
  const deciders = new Map<string, RemotePolicy>();
  // All at once, before the first block: a thread that starts takes time from the emulated hardware.
  for (const { key, policy } of policies)
    deciders.set(key, threads.use(await openPolicyThread(policy, { clock: machineClock })));
  const startMs = performance.now();
  const blocks: Block[] = [];
  const rounds = Math.max(1, Math.round(options.seconds / options.blockSeconds / policies.length));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < policies.length; turn += 1) {
      run.signal.throwIfAborted();
      const one = policies[(turn + round) % policies.length] as (typeof policies)[number];
      run.onProgress('blocks', round * policies.length + turn, rounds * policies.length);
      demo.control.setPolicy?.(deciders.get(one.key) as RemotePolicy, one.kind);
      const fromMs = performance.now() + settleMs;
      await new Promise((resolve) => setTimeout(resolve, 1000 * options.blockSeconds));
      blocks.push(blockOf(one.key, fleet, events, fromMs, performance.now()));
    }
  }
  const elapsedMs = performance.now() - startMs;
  const tokens = fleet.readBetween(startMs, performance.now()).reduce((total, one) => total + one.tokens, 0);
  await fleet.finish();
  const pacing = await Promise.all(fleet.edges.map((edge) => probeOf(edge).ask('pacing')));
  const sum = (key: keyof PacingCounts): number => pacing.reduce((total, one) => total + (one?.[key] ?? 0), 0);
  const busyMs = sum('busyMs');
  const joules = (busyWatts * busyMs + idleWatts * Math.max(0, options.edges * elapsedMs - busyMs)) / 1000;
  const handovers = fleet.answers.map(({ report }) => Math.max(0, report.servedBy.length - 1));
  const meanStepMs = busyMs / Math.max(1, sum('steps') + sum('prefillSteps'));
  const steps = new Map<string, readonly PacedStep[]>();
  for (const edge of fleet.edges) steps.set(edge.name, (await probeOf(edge).ask('steps')) ?? []);
  const stepMs = (edge: string, fromMs: number, toMs: number): number =>
    longestStepMs(steps.get(edge) ?? [], fromMs, toMs) || meanStepMs;
  const gaps = fleet.answers.flatMap((answer) => gapsOf(answer, demo.roundTripMs, stepMs));
  const compared = await demo.compare();
  return {
    blocks,
    ...compared,
    handovers: handovers.reduce((total, one) => total + one, 0),
    gaps,
    pacedSteps: sum('steps'),
    lateSteps: sum('overranSteps'),
    joulesPerToken: joules / Math.max(1, tokens),
  };
}

/** The longest decoding step that ran between two moments, ms; 0: none did. */
function longestStepMs(steps: readonly PacedStep[], fromMs: number, toMs: number): number {
  const { timeOrigin } = performance;
  const own = steps.filter(
    ({ endMs, ms, decodes }) => decodes && endMs > timeOrigin + fromMs && endMs - ms < timeOrigin + toMs,
  );
  return Math.max(0, ...own.map(({ ms }) => ms));
}

function blockOf(
  key: string,
  fleet: Fleet,
  events: readonly (ControllerEvent & { readonly atMs: number })[],
  fromMs: number,
  toMs: number,
): Block {
  const read = fleet.readBetween(fromMs, toMs).filter(({ wantedMs }) => wantedMs > 0);
  const decided = events.flatMap((event) => (event.kind === 'decided' ? [event] : []));
  const errors = fleet.answers.flatMap((answer) => {
    const { startMs, endMs, report } = answer;
    if (startMs < fromMs - settleMs || endMs >= toMs || report.tokens.length < leastTokens) return [];
    const name = fleet.readers[answer.device]?.name;
    const predicted = decided
      .filter(({ atMs }) => atMs >= startMs && atMs < endMs)
      .flatMap(({ paces }) => paces.filter(({ device }) => device === name).map(({ predictedMs }) => predictedMs));
    return predicted.length === 0 ? [] : [mean(predicted) / ((endMs - startMs) / report.tokens.length) - 1];
  });
  return { key, msPerToken: read.map(({ tokens, wantedMs }) => wantedMs / Math.max(1, tokens)), errors, fromMs, toMs };
}

/** @param stepMs the longest step of an edge between two moments, ms */
function gapsOf(
  { report: { servedBy }, commits, startMs }: FleetAnswer,
  roundTripMs: number,
  stepMs: (edge: string, fromMs: number, toMs: number) => number,
): Gap[] {
  const writerAt = (atMs: number): string => servedBy.findLast(({ fromMs }) => startMs + fromMs <= atMs)?.edge ?? '';
  return commits.slice(1).map(({ atMs }, index) => {
    const beforeMs = commits[index]?.atMs ?? atMs;
    const writer = writerAt(beforeMs);
    const limitMs = roundTripMs + stepMs(writer, beforeMs, atMs);
    return { atMs, overLimit: (atMs - beforeMs) / limitMs, isHandover: writerAt(atMs) !== writer };
  });
}

/** The 95th percentile of the gaps over their limits; null without any. */
function gapP95(gaps: readonly Gap[], isHandover: boolean): number | null {
  const own = gaps.filter((gap) => gap.isHandover === isHandover).map(({ overLimit }) => overLimit);
  return own.length === 0 ? null : quantile(own, 0.95);
}

function conclude(found: LiveFound): Conclusion<LiveRow> {
  const rows = policies.map(({ key, policy, kind }): LiveRow => {
    const own = found.blocks.filter((block) => block.key === key);
    const errors = own.flatMap((block) => block.errors.map(Math.abs));
    const all = own.flatMap(({ msPerToken }) => msPerToken);
    const gaps = found.gaps.filter(({ atMs }) => own.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs));
    return {
      policy,
      objective: kind,
      blocks: own.length,
      ...within(
        'msPerToken',
        estimate(own.length, (pick) => mean(pick.map((at) => mean(own[at]?.msPerToken ?? [])))),
      ),
      msPerTokenP95: all.length === 0 ? Number.NaN : quantile(all, 0.95),
      predictionError: errors.length === 0 ? null : median(errors),
      handovers: gaps.filter(({ isHandover }) => isHandover).length,
      stallOverLimitP95: gapP95(gaps, true),
      gapOverLimitP95: gapP95(gaps, false),
    };
  });
  const errors = found.blocks.filter(({ key }) => key === 'Felt').flatMap((block) => block.errors.map(Math.abs));
  const latePacedSteps = found.pacedSteps === 0 ? 0 : found.lateSteps / found.pacedSteps;
  const summary = {
    texts: found.texts,
    identical: found.identical,
    failed: found.failed,
    handovers: found.handovers,
    stallOverLimitP95: gapP95(found.gaps, true),
    gapOverLimitP95: gapP95(found.gaps, false),
    ...Object.fromEntries(policies.map(({ key }, index) => [`msPerToken${key}`, rows[index]?.msPerToken ?? null])),
    joulesPerToken: found.joulesPerToken,
    predictionErrorMedian: errors.length === 0 ? null : median(errors),
    latePacedSteps,
    isVoid: latePacedSteps > mostLateShare,
  };
  const remarks = summary.isVoid
    ? ['The emulated hardware was late: this run is void. Run it on an idle machine.']
    : [];
  return { rows, summary, remarks, passed: found.texts === found.identical && found.failed === 0 };
}
