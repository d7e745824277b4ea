// Slots of preset `paper` under every interpretation of what the paper leaves open, and the results of policies on them. A world is made once for each
// seed; the interpretations differ in numbers of its state only.

import type { Policy, SlotState } from '../../allocation/slot-state.ts';
import { isOutriderError } from '../../basics/errors.ts';
import { findPolicy } from '../../files/policy-file.ts';
import type { FoundPolicy } from '../../files/shipped-weights.ts';
import type { Override } from '../../scenario/read-scenario.ts';
import { findModelShape, payloadBitsPerToken } from '../../world/workload-models.ts';
import { type FiguresByPolicy, measureSlots } from '../allocation/latency.ts';
import { slotsOf } from '../first-slots.ts';

export type PayloadLaw = 'q16' | 'ids';
export type LambdaUnit = 'per-ms' | 'per-s';

/** One choice of the values that the paper leaves open. */
export interface Interpretation {
  readonly payloadLaw: PayloadLaw;
  readonly lambdaUnit: LambdaUnit;
}

export const interpretations: readonly Interpretation[] = [
  { payloadLaw: 'q16', lambdaUnit: 'per-ms' },
  { payloadLaw: 'q16', lambdaUnit: 'per-s' },
  { payloadLaw: 'ids', lambdaUnit: 'per-ms' },
  { payloadLaw: 'ids', lambdaUnit: 'per-s' },
];

/** The interpretation of the summary. */
export function isMainInterpretation({ payloadLaw, lambdaUnit }: Interpretation): boolean {
  return payloadLaw === 'q16' && lambdaUnit === 'per-ms';
}

export function interpretationName({ payloadLaw, lambdaUnit }: Interpretation): string {
  return `${payloadLaw}, lambda ${lambdaUnit}`;
}

const draftName = 'gpt2';

/** @param state of the unchanged preset `paper`: q16, lambda per ms */
export function underInterpretation(state: SlotState, { payloadLaw, lambdaUnit }: Interpretation): SlotState {
  const shape = findModelShape(draftName);
  const scale = payloadBitsPerToken(shape, payloadLaw) / payloadBitsPerToken(shape, 'q16');
  const { objective } = state;
  const lambdaPerMs = lambdaUnit === 'per-s' ? objective.lambdaPerMs / 1000 : objective.lambdaPerMs;
  return {
    ...state,
    payloadBits: state.payloadBits.map((bits) => bits * scale),
    objective: { ...objective, lambdaPerMs },
  };
}

/** @param states of the unchanged preset `paper`: q16, lambda per ms */
export function measurePolicies(
  states: readonly SlotState[],
  policies: readonly PaperPolicy[],
  interpretation: Interpretation,
): FiguresByPolicy {
  const read = states.map((state) => underInterpretation(state, interpretation));
  return Object.fromEntries(policies.map((one) => [one.name, measureSlots(read, decisionUnder(one, interpretation))]));
}

/** The first slots of preset `paper` with these numbers of devices and servers, under each interpretation, by its name. */
export async function measureCell(
  size: { readonly deviceCount: number; readonly serverCount: number; readonly overrides?: readonly Override[] },
  seeds: readonly number[],
  policies: readonly PaperPolicy[],
  taken: readonly Interpretation[] = interpretations,
): Promise<Readonly<Record<string, FiguresByPolicy>>> {
  const { deviceCount, serverCount, overrides = [] } = size;
  const states = await slotsOf({ scenario: 'paper', deviceCount, serverCount, overrides }, seeds);
  return Object.fromEntries(taken.map((one) => [interpretationName(one), measurePolicies(states, policies, one)]));
}

/** A policy; trained ones have weights for each payload law, since a law that was never seen in training is another task. */
export interface PaperPolicy extends FoundPolicy {
  readonly withIds?: FoundPolicy;
}

export function decisionUnder({ decide, withIds }: PaperPolicy, { payloadLaw }: Interpretation): Policy {
  return payloadLaw === 'ids' && withIds !== undefined ? withIds.decide : decide;
}

export interface FoundPolicies {
  readonly policies: readonly PaperPolicy[];
  /** Notes for the page: missing policies with the cause, and the weights of trained policies. */
  readonly notes: readonly string[];
}

/** Learned policies, which need weights; they are left out where the weights are missing. */
export const learnedPolicies: readonly string[] = ['tma-masac', 'masac-association'];

/** @param optional policies that are left out where their weights are missing */
export async function findPolicies(needed: readonly string[], optional: readonly string[]): Promise<FoundPolicies> {
  const policies: PaperPolicy[] = await Promise.all(needed.map(findPolicy));
  const notes: string[] = [];
  for (const name of optional) {
    try {
      const [found, withIds] = [await findPolicy(name), await findPolicy(`${name}@paper-ids`)];
      policies.push({ ...found, withIds });
      notes.push(
        `\`${name}\` has the weights ${shortHash(found)} with \`q16\`, ${shortHash(withIds)} with \`ids\` (SHA-256).`,
      );
    } catch (error) {
      if (!isOutriderError(error)) throw error;
      notes.push(`\`${name}\` is left out: ${error.message}.`);
    }
  }
  return { policies, notes };
}

/** The hash of weights as pages show it. */
export function shortHash({ sha256 }: FoundPolicy): string {
  return (sha256 ?? '').slice(0, 12);
}

/** Settings of a record: they hold the hashes, because other weights are another policy. */
export function policyNames({ policies }: FoundPolicies): string[] {
  return policies.map(({ name, sha256, withIds }) =>
    sha256 === null ? name : `${name} ${sha256} ${withIds?.sha256 ?? ''}`,
  );
}
