// How well the score by which `best` chooses among its proposals under `felt` orders them: in slots of a world each proposal is played from
// the same state, with the same seeds, for the time that the score is about, and what was felt is compared with the score: of a session that
// ends, until its end; of a reader who has no token yet, also how long it waits for it afterwards. A second play with other times and texts
// from that slot on says how far two plays agree. A part of `outrider bench felt`, measured in worker threads.

import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { createSlotRun } from '../../../simulator/simulation/run-slots.ts';
import { createTokenRun, type TokenRun } from '../../../simulator/simulation/token-run.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import { feltMs, latestMs, scoredTime } from '../../../src/allocation/felt/felt-score.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import {
  chooseProposal,
  optimalSharing,
  type Proposal,
  proposeFelt,
} from '../../../src/allocation/policies/proposals.ts';
import { associateByMaxSinr } from '../../../src/allocation/policies/simple-association.ts';
import { findLink, hasEligibleLink, isEligible } from '../../../src/allocation/slot/links.ts';
import { type Assignment, type SlotState, usualFirstTokenWeight } from '../../../src/allocation/slot/slot-state.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { mean, rankCorrelation } from '../../../src/core/basics/statistics.ts';
import { stateUnder } from './felt-cells.ts';
import { openWorld } from './felt-run.ts';
import { readingSeconds } from './run-length.ts';

export interface PlaysCell {
  readonly preset: string;
  readonly seed: number;
  /** Plays the first ones alone; default: all. */
  readonly mostProposals?: number;
}

/** One slot: for each proposal its score, and what was felt in two plays, ms for each token in sum over devices. */
export interface PlayedSlot extends Omit<PlaysCell, 'mostProposals'> {
  readonly slot: number;
  readonly names: readonly string[];
  readonly scores: readonly number[];
  readonly felt: readonly number[];
  readonly feltAgain: readonly number[];
  /** Index of the proposal that is taken. */
  readonly chosen: number;
}

export const playsWork: Work<PlaysCell, PlayedSlot, null> = {
  role: 'outrider bench felt, proposals',
  file: import.meta.url,
  measure: measurePlays,
};
serveWork(playsWork);

/** The slot is drawn between these times of its run, ms: sessions are at all stages by then. */
const drawnFromMs = 1000;
const drawnUntilMs = 4000;
/** Both times are multiplied by this for each of {@link readingSeconds}, at least by 1. */
export const laterPerReadingSecond = 0.55;
/** A stream of createRandom. */
const slotStream = 0x53a00000;
/** Added to a seed for the second play. */
const otherSeed = 500_000;

async function measurePlays(cell: PlaysCell): Promise<PlayedSlot> {
  const world = await openWorld(cell.preset, 'ids', 1);
  const { slotMs } = world.scenario;
  const times = Math.max(1, Math.round(laterPerReadingSecond * readingSeconds(world.scenario)));
  const first = Math.max(1, Math.round((times * drawnFromMs) / slotMs));
  const many = Math.max(1, Math.round((times * (drawnUntilMs - drawnFromMs)) / slotMs));
  const slot = first + createRandom(cell.seed, slotStream).integer(many);
  const known: Known = { slot, decided: [], proposals: undefined, isReached: [] };
  const play = (chosen: number, seed: number): number => playOne(world, cell.seed, known, chosen, seed);
  // The first run finds the slot's proposals; it is the play of the first one.
  const felt = [play(0, cell.seed)];
  const proposals = (known.proposals ?? []).slice(0, cell.mostProposals);
  for (let chosen = 1; chosen < proposals.length; chosen++) felt.push(play(chosen, cell.seed));
  const feltAgain = proposals.map((_, chosen) => play(chosen, cell.seed + otherSeed));
  return {
    preset: cell.preset,
    seed: cell.seed,
    slot,
    names: proposals.map(({ name }) => name),
    scores: proposals.map(({ score }) => score),
    felt: felt.slice(0, proposals.length),
    feltAgain,
    chosen: proposals.length === 0 ? -1 : proposals.indexOf(chooseProposal(proposals)),
  };
}

/** What all plays of a slot have in common: the decisions before it, and its proposals. */
interface Known {
  readonly slot: number;
  readonly decided: Assignment[];
  proposals: readonly Proposal[] | undefined;
  /** By entry of the slot: whether any server can reach the device. Others are not counted. */
  readonly isReached: boolean[];
}

/** @returns what devices of the slot felt, in sum; 0 where none has a task */
function playOne(
  { scenario, map }: Awaited<ReturnType<typeof openWorld>>,
  seed: number,
  known: Known,
  chosen: number,
  playSeed: number,
): number {
  const { slotMs, workload, token, objective } = scenario;
  const decide = (seen: SlotState): Assignment => {
    const state = stateUnder(seen, 'felt');
    if (state.slot > known.slot) return shareOptimally(state, keeping(state));
    if (state.slot === known.slot) {
      known.proposals ??= proposeFelt(state, optimalSharing);
      for (let entry = 0; entry < state.deviceCount; entry++) known.isReached[entry] = hasEligibleLink(state, entry);
      return (known.proposals[chosen] as Proposal).assignment;
    }
    known.decided[state.slot] ??= chooseProposal(proposeFelt(state, optimalSharing)).assignment;
    return known.decided[state.slot] as Assignment;
  };
  const run = createSlotRun({
    scenario,
    seed,
    map,
    policy: { name: 'proposed', decide },
    play: (outcome) => tokens.play(outcome),
  });
  const fromMs = known.slot * slotMs;
  const reseeded = playSeed === seed ? undefined : { fromMs, seed: playSeed };
  const source = drawnSource(workload, token.acceptance, seed);
  const felt = createReaders(workload.arrivals.kind === 'one-per-slot');
  const tokens: TokenRun = createTokenRun(run.world, { source, mode: 'stream', seed, reseeded, ...felt.listeners });
  while (run.world.actual.slot !== known.slot - 1) run.step();
  felt.begin(fromMs, tokens);
  run.step();
  const devices = run.world.devices.slice(0, run.world.actual.deviceCount).filter((_, entry) => known.isReached[entry]);
  const slots = Math.round(scoredTime({ slotMs }) / slotMs);
  for (let slot = 1; slot < slots; slot++) run.step();
  felt.endView(devices, slots * slotMs);
  for (let slot = slots; slot * slotMs < latestMs && felt.someoneWaits(); slot++) run.step();
  return felt.sum(objective.firstTokenWeight ?? usualFirstTokenWeight);
}

interface Reader {
  readonly ms: number;
  readonly tokens: number;
  readonly waitedMs: number;
  laterMs: number;
}

/** What readers of a slot's sessions feel: begins with the slot, and their time in view ends. */
export interface Readers {
  readonly listeners: {
    onSession(session: { readonly device: number; readonly endMs: number }): void;
    onFirstToken(device: number, nowMs: number): void;
  };
  /** What comes from now on counts. */
  begin(nowMs: number, tokens: Counting): void;
  /** The time in view is over: who has no token yet is waited for. */
  endView(devices: Int32Array, ms: number): void;
  someoneWaits(): boolean;
  /** ms for each token, in sum over devices. */
  sum(firstTokenWeight: number): number;
}

/**
 * @param isLoop a reader's sessions follow each other, and all count; otherwise its time ends with its session
 */
export function createReaders(isLoop: boolean): Readers {
  let fromMs = 0;
  let run: Counting | undefined;
  let before: readonly Counts[] = [];
  let viewedMs = 0;
  const ended = new Map<number, Reader>();
  const waiting = new Map<number, Reader>();
  const readers: Reader[] = [];
  const countedSince = (device: number, ms: number): Reader => {
    const [now, then] = [countsOf(run as Counting)[device] as Counts, before[device] as Counts];
    return { ms, tokens: now.tokens - then.tokens, waitedMs: now.waitedMs - then.waitedMs, laterMs: 0 };
  };
  return {
    listeners: {
      onSession({ device, endMs }) {
        if (!isLoop && run !== undefined && !ended.has(device)) ended.set(device, countedSince(device, endMs - fromMs));
      },
      onFirstToken(device, nowMs) {
        const reader = waiting.get(device);
        if (reader === undefined) return;
        reader.laterMs = nowMs - fromMs - viewedMs;
        waiting.delete(device);
      },
    },
    begin(nowMs, tokens) {
      fromMs = nowMs;
      run = tokens;
      before = countsOf(tokens);
    },
    endView(devices, ms) {
      viewedMs = ms;
      for (const device of devices) {
        const reader = ended.get(device) ?? countedSince(device, ms);
        readers.push(reader);
        if (reader.tokens > 0 || reader.waitedMs === 0) continue;
        reader.laterMs = Math.max(0, latestMs - ms);
        waiting.set(device, reader);
      }
    },
    someoneWaits: () => waiting.size > 0,
    sum: (weight) => readers.reduce((sum, reader) => sum + feltMs(reader.ms, reader, weight), 0),
  };
}

type Counting = Pick<TokenRun, 'deviceTokens' | 'waitedMs'>;
type Counts = Readonly<Record<'tokens' | 'waitedMs', number>>;

function countsOf(run: Counting): Counts[] {
  const waitedMs = run.waitedMs();
  return run.deviceTokens().map((tokens, device) => ({ tokens, waitedMs: waitedMs[device] as number }));
}

/** Devices stay where they are; others go to the best SNR. */
function keeping(state: SlotState): Int32Array {
  return associateByMaxSinr(state).map((best, device) => {
    const before = state.previousServer[device] as number;
    const link = findLink(state, device, before);
    return link >= 0 && isEligible(state, link) ? before : best;
  });
}

/** Proposals that differ by less are alike. */
const tie = 0.01;

/**
 * Spearman's rank correlation of two lists of costs, in which values within a hundredth of the least of their group are one rank. Null where
 * nothing is to be ordered: all of `felt` are alike. 0 where all that is predicted is.
 */
export function orderAgreement(predicted: readonly number[], felt: readonly number[]): number | null {
  const [left, right] = [tied(predicted), tied(felt)];
  if (new Set(right).size < 2) return null;
  return new Set(left).size < 2 ? 0 : rankCorrelation(left, right);
}

/** Each value by the least of its group. */
function tied(values: readonly number[]): number[] {
  let least = Number.NEGATIVE_INFINITY;
  const group = new Map<number, number>();
  for (const value of values.toSorted((one, other) => one - other)) {
    if (value > least * (1 + tie)) least = value;
    group.set(value, least);
  }
  return values.map((value) => group.get(value) as number);
}

/** In the mean over slots of a preset. Null where no slot has an order. */
export interface ProposalsRow {
  readonly what: 'proposals';
  readonly preset: string;
  readonly slots: number;
  /** Slots in which proposals differ. */
  readonly orderedSlots: number;
  readonly proposals: number;
  readonly rankCorrelationProposals: number | null;
  /** The same of two plays that differ in times and texts. */
  readonly rankCorrelationPlays: number | null;
  /** The share of slots in which another proposal than that of the search is taken. */
  readonly otherTaken: number;
  /** These proposals, and how often each is taken: "stay 22, max-sinr 3". */
  readonly othersTaken: string;
  /** Felt of the proposal that is taken, over that of the search alone, and over the best one in hindsight. */
  readonly chosenOverSearch: number;
  readonly chosenOverBest: number;
}

export function proposalRows(played: readonly PlayedSlot[], presets: readonly string[]): ProposalsRow[] {
  return presets.flatMap((preset): ProposalsRow[] => {
    const slots = played.filter((one) => one.preset === preset && one.chosen >= 0);
    if (slots.length === 0) return [];
    const ordered = slots.flatMap(({ scores, felt }) => orderAgreement(scores, felt) ?? []);
    const again = slots.flatMap(({ felt, feltAgain }) => orderAgreement(feltAgain, felt) ?? []);
    const over = (other: (one: PlayedSlot) => number): number =>
      mean(slots.map((one) => (one.felt[one.chosen] as number) / other(one)));
    return [
      {
        what: 'proposals',
        preset,
        slots: slots.length,
        orderedSlots: ordered.length,
        proposals: mean(slots.map(({ scores }) => scores.length)),
        rankCorrelationProposals: ordered.length === 0 ? null : mean(ordered),
        rankCorrelationPlays: again.length === 0 ? null : mean(again),
        otherTaken: mean(slots.map(({ chosen }) => Number(chosen > 0))),
        othersTaken: countNames(slots.flatMap(({ names, chosen }) => (chosen > 0 ? (names[chosen] as string) : []))),
        chosenOverSearch: over(({ felt }) => felt[0] as number),
        chosenOverBest: over(({ felt }) => Math.min(...felt)),
      },
    ];
  });
}

/** The most frequent name first. */
function countNames(names: readonly string[]): string {
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, own]) => ({ name, count: own.length }));
  const sorted = counts.toSorted((one, other) => other.count - one.count);
  return sorted.map(({ name, count }) => `${name} ${count}`).join(', ');
}
