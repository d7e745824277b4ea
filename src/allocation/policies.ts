// Every policy by name. A name is an association, and, after a plus, how servers share: `tma`, `tma+optimal`, `best+equal`. Without
// the second part a policy shares as its first users do: the paper's equally, ours optimally.

import { OutriderError } from '../basics/errors.ts';
import { shareEqually } from './equal-shares.ts';
import {
  type Association,
  associateAtRandom,
  associateByJointScore,
  associateByMaxCompute,
  associateByMaxSinr,
} from './simple-association.ts';
import type { Policy } from './slot-state.ts';

/** One line of {@link policyList}. */
export interface PolicyEntry {
  readonly name: string;
  /** One line, for people. */
  readonly description: string;
}

interface Recipe extends PolicyEntry {
  readonly associate: Association;
}

const recipes: readonly Recipe[] = [
  { name: 'random', description: 'a reachable server each, at random', associate: associateAtRandom },
  { name: 'max-sinr', description: 'the server with the best SNR', associate: associateByMaxSinr },
  {
    name: 'max-compute',
    description: 'the fastest server, among equals the highest gain',
    associate: associateByMaxCompute,
  },
  {
    name: 'joint-score',
    description: 'the largest product of rate and speed of computing',
    associate: associateByJointScore,
  },
];

/** All names that {@link createPolicy} takes, without the part after the plus. */
export const policyList: readonly PolicyEntry[] = recipes.map(({ name, description }) => ({ name, description }));

/** @throws OutriderError `bad-argument` for an unknown name */
export function createPolicy(name: string): Policy {
  const recipe = recipes.find((one) => one.name === name);
  if (recipe === undefined) {
    const known = recipes.map((one) => one.name).join(', ');
    throw new OutriderError('bad-argument', `there is no policy "${name}"`, `Choose one of: ${known}.`);
  }
  return (state) => shareEqually(state, recipe.associate(state));
}
