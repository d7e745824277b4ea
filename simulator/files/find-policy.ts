// The policies that are not built in, by name: those of research, and trained weights. A controller loads this module
// (src/files/policy-file.ts).

import type { FoundPolicy } from '../../src/files/policy-file.ts';
import { createPolicy, needsPlaces } from '../policies/policies.ts';
import { learnedPolicyList, readLearned, weightsOf } from './shipped-weights.ts';

/** @throws OutriderError `bad-argument` */
export async function findByName(name: string): Promise<FoundPolicy> {
  const weights = weightsOf(name);
  if (weights !== undefined) return readLearned(name, weights);
  const trained = learnedPolicyList.map((one) => one.name);
  return { name, decide: createPolicy(name, trained), sha256: null, needsPlaces: needsPlaces(name) };
}
