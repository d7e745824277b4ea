// What `outrider bench felt` compares: payload laws, decoding modes, and policies, each with the objective that it minimises. Decisions under
// `felt`, and associations that depend on links or hardware alone, are the same under every payload law, but for the charge of batteries.

import { trainedOn } from '../../../simulator/files/shipped-weights.ts';
import { shareEqually } from '../../../src/allocation/paper/equal-shares.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { Assignment, ObjectiveSettings, Policy, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { findPolicy } from '../../../src/files/policy-file.ts';

export const payloadLaws = ['q16', 'ids'] as const;
export type PayloadLaw = (typeof payloadLaws)[number];

/** `auto`: each device decides whether it drafts (planned-drafts.ts). */
export const feltModes = ['stream', 'ar', 'auto'] as const;
export type FeltMode = (typeof feltModes)[number];

export type ObjectiveKind = NonNullable<ObjectiveSettings['kind']>;

export interface FeltPolicy {
  /** In rows and figures. */
  readonly name: string;
  /** A name for findPolicy; of trained ones, the variant. */
  readonly policy: string;
  readonly kind: ObjectiveKind;
  /** Whether its decisions depend on the payload law. */
  readonly dependsOnLaw: boolean;
  /** Weights trained on the preset. */
  readonly isTrained?: true;
  /** In place of the usual one. */
  readonly firstTokenWeight?: number;
  /** Divides what its shares leave of band and computing. */
  readonly fills?: true;
}

export const baseline = 'max-sinr';
export const bestFelt = 'best, felt';
export const bestPaper = 'best';
export const bestFilled = 'best, filled';
export const feltShares = 'max-sinr, felt shares';
/** `best, felt` as it was before proposals: the cost of the slot decides alone. */
export const bestSlot = 'best-slot, felt';
/** They choose a server by the link, the server or chance, without a search. */
export const ruleNames = ['max-sinr', 'max-compute', 'joint-score', 'hysteresis', 'random'] as const;
const withFeltShares = (rule: string): string => `${rule}, felt shares`;
/** They share by `felt`. */
export const simpleRules: readonly string[] = ruleNames.map(withFeltShares);
/** Played in every mode. */
export const modePolicies: readonly string[] = [baseline, bestFelt];

/** All are played in `stream`, simple rules in `auto`, too, and {@link modePolicies} in all modes. */
export function isPlayed(policy: string, mode: FeltMode): boolean {
  return mode === 'stream' || modePolicies.includes(policy) || (mode === 'auto' && simpleRules.includes(policy));
}

/** Points of the curve of first token against tokens a second, beside the default of 1. */
export const firstTokenWeights: readonly number[] = [3, 10, 30];

/** @returns the policy's name */
export function weightedFelt(firstTokenWeight: number): string {
  return `${bestFelt}, first token x ${firstTokenWeight}`;
}

const paper = { kind: 'paper', dependsOnLaw: true } as const;
const felt = { kind: 'felt', dependsOnLaw: false } as const;
/** The objective has no part in it. */
const plain = { kind: 'paper', dependsOnLaw: false } as const;

export const feltPolicies: readonly FeltPolicy[] = [
  ...ruleNames.map((rule) => ({ name: rule, policy: `${rule}+equal`, ...plain })),
  ...ruleNames.map((rule) => ({ name: withFeltShares(rule), policy: `${rule}+optimal`, ...felt })),
  { name: 'max-sinr+optimal', policy: 'max-sinr+optimal', ...paper },
  { name: 'tma', policy: 'tma+equal', ...paper },
  { name: 'greedy', policy: 'greedy+optimal', ...paper },
  { name: 'swap-stable', policy: 'swap-stable+optimal', ...paper },
  { name: bestPaper, policy: 'best+optimal', ...paper },
  { name: bestFilled, policy: 'best+optimal', ...paper, fills: true },
  { name: 'learned', policy: 'tma-masac', ...paper, isTrained: true },
  { name: 'tma, felt', policy: 'tma+equal', ...felt },
  { name: 'greedy, felt', policy: 'greedy+optimal', ...felt },
  { name: bestSlot, policy: 'best-slot+optimal', ...felt },
  { name: bestFelt, policy: 'best+optimal', ...felt },
  ...firstTokenWeights.map((weight) => {
    return { name: weightedFelt(weight), policy: 'best+optimal', ...felt, firstTokenWeight: weight };
  }),
];

const weighted = firstTokenWeights.map(weightedFelt);

/** Whether a policy is a point of the curve of first token against tokens a second. */
export function isWeighted(policy: string): boolean {
  return weighted.includes(policy);
}

/** What is compared in drawn worlds. */
export const drawnPolicies: readonly string[] = [baseline, ...simpleRules, bestFilled, bestSlot, bestFelt, ...weighted];

/** The name for findPolicy. Trained policies have weights for each preset; in preset `paper` also for each law. */
export function policyName({ policy, isTrained }: FeltPolicy, preset: string, law: PayloadLaw): string {
  if (isTrained !== true) return policy;
  return `${policy}@${preset === 'paper' && law === 'ids' ? 'paper-ids' : preset}`;
}

/** Whether weights of a trained policy are shipped for the preset; true for any other policy. */
export function hasWeights(one: FeltPolicy, preset: string, law: PayloadLaw): boolean {
  if (one.isTrained !== true) return true;
  const [, training = ''] = policyName(one, preset, law).split('@');
  return trainedOn.includes(training);
}

/** @param preset of the world */
export async function openFeltPolicy(one: FeltPolicy, preset: string, law: PayloadLaw): Promise<NamedPolicy> {
  const { decide } = await findPolicy(policyName(one, preset, law));
  const under: Policy = (state) => decide(stateUnder(state, one.kind, one.firstTokenWeight));
  return { name: one.name, decide: one.fills === true ? (state) => fillShares(state, under(state)) : under };
}

export function stateUnder(state: SlotState, kind: ObjectiveKind, firstTokenWeight?: number): SlotState {
  const weight = firstTokenWeight === undefined ? {} : { firstTokenWeight };
  return { ...state, objective: { ...state.objective, ...weight, kind } };
}

/** The slot for decisions in mode `ar`: no draft comes, and none costs energy. */
export function stateWithoutDrafts(state: SlotState): SlotState {
  const { pace } = state;
  if (pace === undefined) return state;
  const none = new Float64Array(state.deviceCount);
  return { ...state, pace: { ...pace, acceptance: none, draftFlop: none } };
}

/** Gives out what a decision leaves of band and computing: each server's shares grow in proportion, or, if all are 0, alike. */
export function fillShares(state: SlotState, { server, ...shares }: Assignment): Assignment {
  const equal = shareEqually(state, server).bandwidthShare;
  const fill = (share: Float64Array): Float64Array => {
    const sums = new Float64Array(state.serverCount);
    for (const [device, one] of server.entries())
      if (one >= 0) sums[one] = (sums[one] as number) + (share[device] as number);
    return share.map((value, device) => {
      const sum = sums[server[device] as number] ?? Number.NaN;
      return sum > 0 ? Math.min(1, value / sum) : (equal[device] as number);
    });
  };
  return { server, bandwidthShare: fill(shares.bandwidthShare), computeShare: fill(shares.computeShare) };
}
