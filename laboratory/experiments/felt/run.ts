// One run of `outrider bench felt`: a preset, a payload law, a policy and a seed, with both fidelities at once. The equations of a slot and the
// protocol's machines have the same world and the same decisions.

import { predictTokens } from '../../../simulator/simulation/predict-tokens.ts';
import { createSlotRun, type SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import { createTokenRun, type TokenRun } from '../../../simulator/simulation/token-run.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import type { Policy, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { createDeviceTimes, type DeviceFigures } from './device-times.ts';
import { type SlotGaps, slotGaps } from './gaps.ts';
import { bestFelt, feltPolicies, openFeltPolicy, stateUnder } from './policies.ts';
import { openWorld, type PayloadLaw, payloadLaws, payloadScale } from './worlds.ts';

export interface FeltCell {
  readonly preset: string;
  /** Of the run; decisions of some policies do not depend on it. */
  readonly law: PayloadLaw;
  /** A name of {@link feltPolicies}. */
  readonly policy: string;
  readonly seed: number;
  readonly seconds: number;
}

export interface FeltRun extends Omit<DeviceFigures, 'sessions'>, Pick<FeltCell, 'preset' | 'policy' | 'seed'> {
  /** Null: the same under every law. */
  readonly law: PayloadLaw | null;
  /** Mean over devices and slots of the cost that each objective predicts for the decisions, ms. */
  readonly paperCostMs: Readonly<Record<PayloadLaw, number>>;
  readonly feltCostMs: number;
  /** predicted / felt - 1 of each answer that ended. */
  readonly errors: readonly number[];
  /** Of some slots, for {@link bestFelt}. */
  readonly gaps: readonly SlotGaps[];
  readonly unservedShare: number;
}

/** Slots of a run whose bound is computed. */
const certifiedSlots = 3;

export async function measureFelt({ preset, law, policy, seed, seconds }: FeltCell): Promise<FeltRun> {
  const { scenario, slots, map } = await openWorld(preset, law, seconds);
  const { slotMs, workload, token } = scenario;
  const known = feltPolicies.find(({ name }) => name === policy) as (typeof feltPolicies)[number];
  const sums = createCostSums(law, (to) => payloadScale(scenario, law, to));
  const gaps: SlotGaps[] = [];
  const source = drawnSource(workload, token.acceptance, seed);
  const opened = await openFeltPolicy(known, preset, law);
  let seen: SlotState | undefined;
  const decide: Policy = (state) => {
    seen = state;
    return opened.decide(state);
  };
  const run = createSlotRun({
    ...{ scenario, seed, map, policy: { ...opened, decide } },
    onSlot(outcome) {
      sums.add(outcome);
      times.addSlot(outcome, expectedTokens(outcome, tokens));
      const isCertified = outcome.state.slot % Math.ceil(slots / certifiedSlots) === 0;
      if (policy === bestFelt && isCertified && outcome.state.deviceCount > 0)
        gaps.push(slotGaps(outcome, seen ?? outcome.state));
    },
    play: (outcome) => tokens.play(outcome),
  });
  const always = workload.arrivals.kind === 'one-per-slot';
  const times = createDeviceTimes(run.world.parts.kinds.length, slotMs, always, token.thinkMs);
  const tokens = createTokenRun(run.world, {
    ...{ source, mode: 'stream' as const, seed },
    onSession: (record) => times.addSession(record),
  });
  for (let slot = 0; slot < slots; slot++) run.step();
  const { sessions, ...figures } = times.end(tokens.deviceTokens());
  const errors = sessions.map(({ predictedMs, feltMs }) => round(predictedMs / feltMs - 1));
  return { preset, policy, seed, law: known.dependsOnLaw ? law : null, ...figures, ...sums.means(), errors, gaps };
}

/** What the state of a slot, and where its sessions stand, say about the tokens that it brings; of each entry. */
function expectedTokens({ state, assignment, world }: SlotOutcome, tokens: TokenRun): Float64Array {
  if (state.deviceCount === 0) return new Float64Array(0);
  return predictTokens(state, assignment, tokens.standings(world.devices.subarray(0, state.deviceCount)));
}

/** A record of a run holds hundreds of them. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** A share of 0 has an infinite cost, which JSON does not know. */
function known(costMs: number): number {
  return Math.min(costMs, 1e300);
}

/** Adds up what the objectives predict for the decisions of a run. */
function createCostSums(law: PayloadLaw, scaleTo: (law: PayloadLaw) => number) {
  const scales = new Map(payloadLaws.map((one) => [one, scaleTo(one)]));
  const paper = { q16: 0, ids: 0 };
  let [felt, tasks, unserved] = [0, 0, 0];
  const costOf = (state: SlotState, assignment: SlotOutcome['assignment']): number => {
    const terms = createSlotTerms(state.deviceCount);
    evaluate(state, assignment, terms);
    return terms.sum.costMs;
  };
  return {
    add({ state, assignment, terms }: SlotOutcome): void {
      tasks += state.deviceCount;
      unserved += terms.sum.unservedCount;
      if (state.deviceCount === 0) return;
      for (const one of payloadLaws) {
        const scale = scales.get(one) as number;
        const payloadBits = one === law ? state.payloadBits : state.payloadBits.map((bits) => bits * scale);
        paper[one] += costOf(stateUnder({ ...state, payloadBits }, 'paper'), assignment);
      }
      felt += costOf(stateUnder(state, 'felt'), assignment);
    },
    means: () => ({
      paperCostMs: { q16: known(paper.q16 / tasks), ids: known(paper.ids / tasks) },
      feltCostMs: known(felt / tasks),
      unservedShare: unserved / tasks,
    }),
  };
}
