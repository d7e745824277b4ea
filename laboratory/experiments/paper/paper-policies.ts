// The policies of the paper's figures: named ones, trained ones with the weights of each interpretation that was trained, and those of a
// user. It reports where a trained policy runs outside what it was trained for.

import { trainedOn } from '../../../simulator/files/shipped-weights.ts';
import type { Policy } from '../../../src/allocation/slot/slot-state.ts';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import { type FoundPolicy, findPolicy } from '../../../src/files/policy-file.ts';
import type { Interpretation } from './interpretations.ts';

type Training = Pick<Interpretation, 'payloadLaw' | 'lambdaUnit'>;

/** A policy. A trained one has weights for each payload law, since a law that was never seen in training is another task. */
export interface PaperPolicy extends FoundPolicy {
  /** What the policy was trained for, and the policy with these weights; empty for one that needs none. The first is the policy itself. */
  readonly trained: readonly { readonly of: Training; readonly found: FoundPolicy }[];
}

/** Learned policies, which need weights; they are left out where the weights are missing. */
export const learnedPolicies: readonly string[] = ['tma-masac', 'masac-association'];

/** Names of weights (`NAME@THIS`), and what they were trained for. */
const trainings: Readonly<Record<string, Training>> = {
  paper: { payloadLaw: 'q16', lambdaUnit: 'per-ms' },
  'paper-ids': { payloadLaw: 'ids', lambdaUnit: 'per-ms' },
  'paper-per-s': { payloadLaw: 'q16', lambdaUnit: 'per-s' },
  'paper-ids-per-s': { payloadLaw: 'ids', lambdaUnit: 'per-s' },
};

/**
 * @param optional policies that are left out where their weights are missing
 * @param given names or files of further policies
 * @returns the policies, names of the given ones, and notes for the page: missing policies with the cause, the weights of trained policies
 */
export async function findPolicies(
  needed: readonly string[],
  optional: readonly string[],
  given: readonly string[] = [],
): Promise<{ policies: PaperPolicy[]; own: string[]; notes: string[] }> {
  const find = async (name: string): Promise<PaperPolicy> => ({ ...(await findPolicy(name)), trained: [] });
  const policies: PaperPolicy[] = await Promise.all(needed.map(find));
  const notes: string[] = [];
  for (const name of optional) {
    try {
      const policy = await findTrained(name);
      policies.push(policy);
      const hashes = policy.trained.map(({ of, found }) => `${shortHash(found)} (${trainingName(of)})`);
      notes.push(`\`${name}\` has the weights ${hashes.join(', ')}; SHA-256.`);
    } catch (error) {
      if (!isOutriderError(error)) throw error;
      notes.push(`\`${name}\` is left out: ${error.message}.`);
    }
  }
  const own = given.filter((name) => !policies.some((policy) => policy.name === name));
  policies.push(...(await Promise.all(own.map(find))));
  return { policies, own, notes };
}

async function findTrained(name: string): Promise<PaperPolicy> {
  const there = Object.entries(trainings).filter(([weights]) => trainedOn.includes(weights));
  const find = async ([weights, of]: [string, Training]) => ({ of, found: await findPolicy(`${name}@${weights}`) });
  const trained = await Promise.all(there.map(find));
  return { ...(trained[0]?.found as FoundPolicy), name, trained };
}

export function decisionUnder({ decide, trained }: PaperPolicy, interpretation: Interpretation): Policy {
  return weightsUnder(trained, interpretation)?.found.decide ?? decide;
}

/** Weights of the same payload law; of the same unit of lambda where there are some. */
function weightsUnder(trained: PaperPolicy['trained'], { payloadLaw, lambdaUnit }: Interpretation) {
  const alike = trained.filter(({ of }) => of.payloadLaw === payloadLaw);
  return alike.find(({ of }) => of.lambdaUnit === lambdaUnit) ?? alike[0];
}

/**
 * In what a trained policy was trained for something else: "trained per ms, trained with empty queues"; empty: in nothing, or it needs no
 * training.
 */
export function trainingGap(policy: Pick<PaperPolicy, 'trained'> | undefined, interpretation: Interpretation): string {
  const weights = weightsUnder(policy?.trained ?? [], interpretation);
  if (weights === undefined) return '';
  const unit = weights.of.lambdaUnit === interpretation.lambdaUnit ? [] : [`trained ${weights.of.lambdaUnit}`];
  return [...unit, ...(interpretation.mostQueued === 0 ? [] : ['trained with empty queues'])].join(', ');
}

/** Words for a result, with the gap of the training in brackets. */
export function withGap(words: string, policy: PaperPolicy | undefined, interpretation: Interpretation): string {
  const gap = trainingGap(policy, interpretation);
  return gap === '' ? words : `${words} (${gap})`;
}

function trainingName({ payloadLaw, lambdaUnit }: Training): string {
  return `\`${payloadLaw}\`, ${lambdaUnit}`;
}

export function shortHash({ sha256 }: FoundPolicy): string {
  return (sha256 ?? '').slice(0, 12);
}

/** Settings of a record: they hold the hashes, because other weights are another policy. */
export function policyNames(policies: readonly PaperPolicy[]): string[] {
  return policies.map(({ name, sha256, trained }) => {
    const hashes = trained.length === 0 ? [sha256] : trained.map(({ found }) => found.sha256);
    return [name, ...hashes.filter((hash) => hash !== null)].join(' ');
  });
}

/** A name of the summary's kind: `masac-association` becomes `masacAssociation`, `./my-policy.ts` becomes `myPolicyTs`. */
export function keyOf(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word, index) => (index === 0 ? word : `${word[0]?.toUpperCase()}${word.slice(1)}`)).join('');
}
