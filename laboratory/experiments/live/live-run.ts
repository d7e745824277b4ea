// One fleet of `outrider bench live`: a controller, edges and devices over real sockets, with policies that take turns. What devices read
// under each, how well it was predicted, and the pauses between pieces of text.

import { openDemo } from '../../../simulator/fleet/demo.ts';
import type { Fleet, FleetEdge } from '../../../simulator/fleet/fleet.ts';
import type { FleetAnswer } from '../../../simulator/fleet/fleet-reader.ts';
import type { Run } from '../../../simulator/runner/experiment.ts';
import type { ControllerEvent, DecidedEvent } from '../../../src/allocation/controller/controller-events.ts';
import type { RemotePolicy } from '../../../src/allocation/slot/remote-policy.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { openPolicyProcess } from '../../../src/files/policy-process.ts';
import type { PacedStep, PacingCounts } from '../../../src/models/port/paced.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';

/** Each with the objective that it minimises. */
export const livePolicies = [
  { name: 'max-sinr', key: 'MaxSinr', policy: 'max-sinr+equal', kind: 'paper' },
  { name: 'max-compute', key: 'MaxCompute', policy: 'max-compute+equal', kind: 'paper' },
  { name: 'tma', key: 'Tma', policy: 'tma+equal', kind: 'paper' },
  { name: 'tma-masac', key: 'TmaMasac', policy: 'tma-masac@munich', kind: 'paper' },
  { name: 'best-paper', key: 'Best', policy: 'best', kind: 'paper' },
  { name: 'felt', key: 'Felt', policy: 'best', kind: 'felt' },
] as const;
export type LivePolicy = (typeof livePolicies)[number];

export interface LivePlan {
  readonly edges: number;
  readonly devices: number;
  readonly seconds: number;
  readonly blockSeconds: number;
  readonly scenario: string;
  readonly seed: number;
  readonly isToy: boolean;
  readonly target: string;
  readonly draft: string;
  readonly profile: string;
  readonly maxTokens: number;
  readonly policies: readonly LivePolicy[];
}

/** A policy's turn, without its beginning. */
export interface Block {
  readonly key: string;
  /** Turns of a round follow each other directly. */
  readonly round: number;
  readonly tokensPerSecond: number;
  /** For each device with a task: time over tokens, or, without one, over one, ms. */
  readonly msPerToken: readonly number[];
  /** From question to first token of the answers that begin in the block, ms. */
  readonly firstTokensMs: readonly number[];
  /** For each device: time per token, predicted / felt - 1, by the tokens that were expected of slots: what decides. */
  readonly slotErrors: readonly number[];
  /** For each answer that lies in the block: the same of the pace that is shown to people, that of means of sessions. */
  readonly paceErrors: readonly number[];
  readonly gaps: readonly Gap[];
  /** Part of the time with a task in which the link to the edge that writes was lost. */
  readonly lostPart: number;
}

/** The time between two pieces of new text. */
export interface Gap {
  /** Over its limit: a round trip, and the longest step meanwhile of the edge that wrote before it. */
  readonly overLimit: number;
  readonly isHandover: boolean;
  /** The link to the edge that wrote before was lost meanwhile: what ends the pause is the handover. */
  readonly isLost: boolean;
}

export interface LiveFound {
  readonly blocks: readonly Block[];
  readonly texts: number;
  readonly identical: number;
  readonly failed: number;
  readonly handovers: number;
  readonly pacedSteps: number;
  readonly lateSteps: number;
  /** Time that the emulated hardware has worked, and that it could have, ms. */
  readonly busyMs: number;
  readonly edgeMs: number;
  readonly tokens: number;
  /** How late drafts are behind their times, ms. */
  readonly draftLateMsP95: number;
}

/** The first part of a block, in which devices move after the change of the policy; it does not count. */
const settlePart = 1 / 4;
const slotMs = 1000;
/** Tokens of a few steps say nothing about a pace. */
const leastTokens = 10;

interface Turn {
  readonly key: string;
  readonly round: number;
  /** With the part that does not count. */
  readonly startMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

type TimedDecision = DecidedEvent & { readonly atMs: number };

/** A fleet that plays all rounds. */
export async function playFleet(plan: LivePlan, run: Run): Promise<LiveFound> {
  const decided: TimedDecision[] = [];
  const probes = new Map<number, ProbedEdge>();
  await using demo = await openDemo({
    ...plan,
    policy: 'best',
    objective: 'felt',
    slotMs,
    note: run.note,
    onEvent: (event: ControllerEvent) => {
      if (event.kind === 'decided') decided.push({ ...event, atMs: performance.now() });
    },
    async startEdge(...asked) {
      const edge = await startProbedEdge(...asked);
      probes.set(edge.processId, edge);
      return edge;
    },
  });
  const { fleet } = demo;
  const probed = fleet.edges.map((edge) => ({ edge, probe: probeOf(edge, probes) }));
  await using processes = new CloseStack();
  const deciders = new Map<string, RemotePolicy>();
  // All at once, before the first block: a process that starts takes time from the emulated hardware.
  for (const { key, policy } of plan.policies)
    deciders.set(key, processes.use(await openPolicyProcess(policy, { clock: machineClock })));
  const steps = new StepLog();
  const pacingOf = async (): Promise<Pacing> =>
    sumOf(await Promise.all(probed.map(({ probe }) => probe.ask('pacing'))));
  const before = await pacingOf();
  const startMs = performance.now();
  const turns: Turn[] = [];
  for (const { one, round } of turnsOf(plan)) {
    run.signal.throwIfAborted();
    run.onProgress('blocks', turns.length, roundsOf(plan) * plan.policies.length);
    demo.control.setPolicy?.(deciders.get(one.key) as RemotePolicy, one.kind);
    const beganMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1000 * plan.blockSeconds));
    const fromMs = beganMs + 1000 * settlePart * plan.blockSeconds;
    turns.push({ key: one.key, round, startMs: beganMs, fromMs, toMs: performance.now() });
    for (const { edge, probe } of probed) steps.add(edge.name, (await probe.ask('steps')) ?? []);
  }
  const endMs = performance.now();
  const after = await pacingOf();
  await fleet.finish();
  const seen = { fleet, decided, steps, roundTripMs: demo.roundTripMs };
  return {
    blocks: turns.map((turn) => blockOf(turn, seen)),
    ...(await demo.compare()),
    handovers: fleet.answers.reduce((total, { report }) => total + Math.max(0, report.servedBy.length - 1), 0),
    pacedSteps: after.steps - before.steps,
    lateSteps: after.overranSteps - before.overranSteps,
    busyMs: after.busyMs - before.busyMs,
    edgeMs: plan.edges * (endMs - startMs),
    tokens: fleet.readBetween(startMs, endMs).reduce((total, one) => total + one.tokens, 0),
    draftLateMsP95: demo.draftLateMsP95(),
  };
}

type Pacing = Pick<PacingCounts, 'steps' | 'overranSteps' | 'busyMs'>;

function sumOf(counts: readonly (PacingCounts | null)[]): Pacing {
  const sum = (key: keyof Pacing): number => counts.reduce((total, one) => total + (one?.[key] ?? 0), 0);
  return { steps: sum('steps'), overranSteps: sum('overranSteps'), busyMs: sum('busyMs') };
}

function probeOf({ process }: FleetEdge, probes: ReadonlyMap<number, ProbedEdge>): ProbedEdge {
  return probes.get(process.processId) as ProbedEdge;
}

function roundsOf({ seconds, blockSeconds, policies }: LivePlan): number {
  return Math.max(1, Math.round(seconds / blockSeconds / policies.length));
}

/** Each round begins with the next policy. */
function turnsOf(plan: LivePlan): { readonly one: LivePolicy; readonly round: number }[] {
  const { policies } = plan;
  return Array.from({ length: roundsOf(plan) * policies.length }, (_, index) => {
    const round = Math.floor(index / policies.length);
    return { one: policies[(index + round) % policies.length] as LivePolicy, round };
  });
}

/** Decoding steps of edges; an edge keeps its last ones only. */
class StepLog {
  readonly #of = new Map<string, PacedStep[]>();

  add(edge: string, last: readonly PacedStep[]): void {
    const known = this.#of.get(edge) ?? [];
    const untilMs = known.at(-1)?.endMs ?? 0;
    known.push(...last.filter(({ endMs, decodes }) => decodes && endMs > untilMs));
    this.#of.set(edge, known);
  }

  /** The longest step that ran between two moments of this process's clock, ms; none: the mean of all. */
  longestMs(edge: string, fromMs: number, toMs: number): number {
    const { timeOrigin } = performance;
    const all = this.#of.get(edge) ?? [];
    const own = all.filter(({ endMs, ms }) => endMs > timeOrigin + fromMs && endMs - ms < timeOrigin + toMs);
    return own.length === 0 ? mean(all.map(({ ms }) => ms)) : Math.max(...own.map(({ ms }) => ms));
  }
}

interface Seen {
  readonly fleet: Fleet;
  readonly decided: readonly TimedDecision[];
  readonly steps: StepLog;
  readonly roundTripMs: (edge: string) => number;
}

function blockOf({ key, round, startMs, fromMs, toMs }: Turn, seen: Seen): Block {
  const { fleet } = seen;
  const read = fleet.readBetween(fromMs, toMs).filter(({ wantedMs }) => wantedMs > 0);
  const tokens = read.reduce((total, one) => total + one.tokens, 0);
  const begun = fleet.answers.filter((answer) => answer.startMs >= fromMs && answer.startMs < toMs);
  const whole = fleet.answers.filter(
    (answer) => answer.startMs >= startMs && answer.endMs < toMs && answer.report.tokens.length >= leastTokens,
  );
  return {
    key,
    round,
    tokensPerSecond: (1000 * tokens) / (toMs - fromMs),
    msPerToken: read.map((one) => one.wantedMs / Math.max(1, one.tokens)),
    firstTokensMs: begun.map((answer) => (answer.commits[0]?.atMs ?? answer.endMs) - answer.startMs),
    slotErrors: slotErrorsOf(seen, fromMs, toMs),
    paceErrors: whole.flatMap((answer) => paceErrorOf(answer, seen)),
    gaps: fleet.answers.flatMap((answer) => gapsOf(answer, seen, fromMs, toMs)),
    lostPart:
      fleet.answers.reduce((sum, answer) => sum + lostMsOf(answer, fleet, fromMs, toMs), 0) /
      read.reduce((sum, { wantedMs }) => sum + wantedMs, 0),
  };
}

function lostMsOf({ device, report, startMs, endMs }: FleetAnswer, fleet: Fleet, fromMs: number, toMs: number): number {
  return report.servedBy.reduce((sum, one, at) => {
    const untilMs = startMs + (report.servedBy[at + 1]?.fromMs ?? endMs - startMs);
    const beginMs = Math.max(fromMs, startMs + one.fromMs);
    const stopMs = Math.min(toMs, untilMs);
    return sum + (stopMs > beginMs ? fleet.lostMs(device, one.edge, beginMs, stopMs) : 0);
  }, 0);
}

/** The mean pace that was predicted for an answer, that of a slot like the present one for ever, over the one that was felt, less 1. */
function paceErrorOf({ device, startMs, endMs, report }: FleetAnswer, { fleet, decided }: Seen): number[] {
  const own = pacesOf(fleet.readers[device]?.name, decided, startMs, endMs);
  const feltMs = (endMs - startMs) / report.tokens.length;
  return own.length === 0 ? [] : [mean(own.map(({ predictedMs }) => predictedMs)) / feltMs - 1];
}

/**
 * For each device: time per token by the tokens that were expected of slots from where its session stood, over that by those that came of
 * that session, less 1. A decision counts for a slot; those within it do not.
 */
function slotErrorsOf({ fleet, decided }: Seen, fromMs: number, toMs: number): number[] {
  return fleet.readers.flatMap(({ name }, device) => {
    const own = fleet.answers.filter((answer) => answer.device === device);
    let expected = 0;
    let came = 0;
    let untilMs = fromMs;
    for (const { atMs, expectedTokens } of pacesOf(name, decided, fromMs, toMs - slotMs)) {
      if (atMs < untilMs || expectedTokens === null) continue;
      untilMs = atMs + slotMs;
      expected += expectedTokens;
      const session = own.find(({ startMs, endMs }) => atMs >= startMs && atMs < endMs);
      for (const commit of session?.commits ?? [])
        if (commit.atMs >= atMs && commit.atMs < untilMs) came += commit.tokens;
    }
    return expected === 0 ? [] : [came / expected - 1];
  });
}

function pacesOf(
  name: string | undefined,
  decided: readonly TimedDecision[],
  fromMs: number,
  toMs: number,
): (DecidedEvent['paces'][number] & { readonly atMs: number })[] {
  return decided.flatMap(({ atMs, paces }) => {
    const pace = atMs < fromMs || atMs >= toMs ? undefined : paces.find(({ device }) => device === name);
    return pace === undefined ? [] : [{ ...pace, atMs }];
  });
}

function gapsOf({ device, report, commits, startMs }: FleetAnswer, seen: Seen, fromMs: number, toMs: number): Gap[] {
  const { servedBy } = report;
  const writerAt = (atMs: number): string => servedBy.findLast((one) => startMs + one.fromMs <= atMs)?.edge ?? '';
  return commits.slice(1).flatMap(({ atMs }, index) => {
    if (atMs < fromMs || atMs >= toMs) return [];
    const beforeMs = commits[index]?.atMs ?? atMs;
    const writer = writerAt(beforeMs);
    const limitMs = seen.roundTripMs(writer) + seen.steps.longestMs(writer, beforeMs, atMs);
    const isLost = seen.fleet.lostMs(device, writer, beforeMs, atMs) > 0;
    return [{ overLimit: (atMs - beforeMs) / limitMs, isHandover: writerAt(atMs) !== writer, isLost }];
  });
}
