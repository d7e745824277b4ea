// One run of `outrider bench felt`: a preset, a payload law, a policy and a seed, with both fidelities at once. The equations of a slot and the
// protocol's machines have the same world and the same decisions. Runs are measured in worker threads.

import { findMapOf } from '../../../simulator/files/shipped-maps.ts';
import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import type { Scenario } from '../../../simulator/scenario/scenario.ts';
import { createSlotRun, type SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import type { World } from '../../../simulator/simulation/slot-world.ts';
import { createTokenRun, type TokenRun } from '../../../simulator/simulation/token-run.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import { findModelShape, flopPerToken, payloadBitsPerToken } from '../../../simulator/world/workload-models.ts';
import { predictTokens } from '../../../src/allocation/felt/predict-tokens.ts';
import { termsOf } from '../../../src/allocation/paper/objective.ts';
import { createDeviceTimes, type DeviceFigures } from './device-times.ts';
import {
  bestSlot,
  type FeltMode,
  feltPolicies,
  openFeltPolicy,
  type PayloadLaw,
  payloadLaws,
  stateUnder,
  stateWithoutDrafts,
} from './felt-cells.ts';
import { type FeltGaps, feltGaps } from './gaps.ts';
import { createPlannedDrafts } from './planned-drafts.ts';
import { slotsOfRun, worldOf } from './run-length.ts';

export interface FeltCell {
  /** A preset, or a name of {@link drawnWorld}. */
  readonly preset: string;
  /** The law of the run; decisions of some policies do not depend on it. */
  readonly law: PayloadLaw;
  /** A name of {@link feltPolicies}. */
  readonly policy: string;
  readonly mode: FeltMode;
  readonly seed: number;
  readonly seconds: number;
}

export interface FeltRun
  extends Omit<DeviceFigures, 'sessions'>,
    Pick<FeltCell, 'preset' | 'policy' | 'mode' | 'seed'> {
  /** Null: the same under every law. */
  readonly law: PayloadLaw | null;
  /** Mean over devices and slots of the cost that each objective predicts for the decisions, ms. */
  readonly paperCostMs: Readonly<Record<PayloadLaw, number>>;
  readonly feltCostMs: number;
  /** predicted / felt - 1 of each answer that ended. */
  readonly errors: readonly number[];
  /** Gaps of some slots, for {@link bestSlot}. */
  readonly gaps: readonly FeltGaps[];
  readonly unservedShare: number;
  /** Energy of devices for drafts and for sending, over the tokens that came. */
  readonly joulesPerToken: number;
  /** Tokens that devices drafted, over the tokens that came. */
  readonly draftsPerToken: number;
}

export const feltWork: Work<FeltCell, FeltRun, null> = {
  role: 'outrider bench felt',
  file: import.meta.url,
  measure: measureFelt,
};
serveWork(feltWork);

/** Slots of a run whose bound is computed. */
const certifiedSlots = 3;

async function measureFelt({ preset, law, policy, mode, seed, seconds }: FeltCell): Promise<FeltRun> {
  const { scenario, slots, map } = await openWorld(preset, law, seconds);
  const { slotMs, workload, token } = scenario;
  const known = feltPolicies.find(({ name }) => name === policy) as (typeof feltPolicies)[number];
  const sums = createCostSums(scenario, law);
  const gaps: FeltGaps[] = [];
  const { name, decide } = await openFeltPolicy(known, preset, law);
  const run = createSlotRun({
    scenario,
    seed,
    map,
    policy: { name, decide: (state) => decide(mode === 'ar' ? stateWithoutDrafts(state) : state) },
    onSlot(outcome) {
      sums.add(outcome);
      planned?.plan(outcome, (device, budget) => tokens.limit(device, budget));
      times.addSlot(outcome, expectedTokens(outcome, tokens, mode));
      const isCertified = mode === 'stream' && outcome.state.slot % Math.ceil(slots / certifiedSlots) === 0;
      if (policy === bestSlot && isCertified && outcome.state.deviceCount > 0) gaps.push(feltGaps(outcome));
    },
    play: (outcome) => tokens.play(outcome),
  });
  const planned = mode === 'auto' ? createPlannedDrafts(run.world) : null;
  const always = workload.arrivals.kind === 'one-per-slot';
  const times = createDeviceTimes(run.world.parts.kinds.length, slotMs, always, token.thinkMs);
  const tokens = createTokenRun(run.world, {
    source: drawnSource(workload, token.acceptance, seed),
    mode: mode === 'auto' ? 'stream' : mode,
    seed,
    onSession: (record) => times.addSession(record),
    onFirstToken: (device, nowMs) => times.addFirstToken(device, nowMs),
    ...(planned === null ? {} : { adviceOf: planned.adviceOf }),
  });
  for (let slot = 0; slot < slots; slot++) run.step();
  const { sessions, ...figures } = times.end(tokens.deviceTokens());
  // A record of a run holds hundreds of them.
  const errors =
    mode === 'stream'
      ? sessions.map(({ predictedMs, feltMs }) => Math.round((predictedMs / feltMs - 1) * 1e4) / 1e4)
      : [];
  const about = { preset, policy, mode, seed, law: known.dependsOnLaw ? law : null };
  return { ...about, ...figures, ...sums.means(), ...effortsOf(run.world, tokens), errors, gaps };
}

/** Drafts cost their arithmetic, sending costs the power of the amplifier while the uplink carries something. */
function effortsOf({ scenario, parts }: World, tokens: TokenRun): Pick<FeltRun, 'joulesPerToken' | 'draftsPerToken'> {
  const { computeJoulePerFlop, transmitFactor } = scenario.energy;
  const draftJ = computeJoulePerFlop * flopPerToken(findModelShape(scenario.workload.draft), 0);
  const count = Math.max(1, tokens.totals().tokens);
  let joules = 0;
  let drafted = 0;
  for (const [device, { drafts, airMs }] of tokens.deviceEfforts().entries()) {
    drafted += drafts;
    joules += drafts * draftJ + transmitFactor * (parts.transmitPowerW[device] as number) * airMs * 1e-3;
  }
  return { joulesPerToken: joules / count, draftsPerToken: drafted / count };
}

interface OpenedWorld {
  readonly scenario: Scenario;
  readonly map: Awaited<ReturnType<typeof findMapOf>>;
  readonly slots: number;
}

/** @param seconds of a run, as asked for */
export async function openWorld(preset: string, law: PayloadLaw, seconds: number): Promise<OpenedWorld> {
  const scenario = worldOf(preset, law);
  return { scenario, map: await findMapOf(scenario), slots: slotsOfRun(preset, scenario, seconds) };
}

/** What the state of a slot, and where its sessions stand, say about the tokens that it brings; of each entry. */
function expectedTokens({ state, assignment, world }: SlotOutcome, tokens: TokenRun, mode: FeltMode): Float64Array {
  // The prediction is of mode `stream`.
  if (state.deviceCount === 0 || mode !== 'stream') return new Float64Array(state.deviceCount);
  return predictTokens(state, assignment, tokens.standings(world.devices.subarray(0, state.deviceCount))).tokens;
}

/** A share of 0 has an infinite cost, which JSON does not know. */
function finite(costMs: number): number {
  return Math.min(costMs, 1e300);
}

/** Adds up what the objectives predict for the decisions of a run. */
function createCostSums(scenario: Scenario, law: PayloadLaw) {
  const draft = findModelShape(scenario.workload.draft);
  const sums = { q16: 0, ids: 0, felt: 0, tasks: 0, unserved: 0 };
  return {
    add({ state, assignment, terms }: SlotOutcome): void {
      sums.tasks += state.deviceCount;
      sums.unserved += terms.sum.unservedCount;
      if (state.deviceCount === 0) return;
      for (const one of payloadLaws) {
        const scale = payloadBitsPerToken(draft, one) / payloadBitsPerToken(draft, law);
        const payloadBits = state.payloadBits.map((bits) => bits * scale);
        sums[one] += termsOf(stateUnder({ ...state, payloadBits }, 'paper'), assignment).sum.costMs;
      }
      sums.felt += termsOf(stateUnder(state, 'felt'), assignment).sum.costMs;
    },
    means: () => ({
      paperCostMs: { q16: finite(sums.q16 / sums.tasks), ids: finite(sums.ids / sums.tasks) },
      feltCostMs: finite(sums.felt / sums.tasks),
      unservedShare: sums.unserved / sums.tasks,
    }),
  };
}
