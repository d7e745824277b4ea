// Each planted bug is found by the invariant and with the seed that planted-bugs.json names.

import { describe, expect, it } from 'vitest';
import { bugNames, knownBugs, searchCommand, violatedBy } from './planted-search.fixture.ts';

const again = `search the seeds again: ${searchCommand}`;

describe('a planted bug is found by its invariant', () => {
  it('with one seed for each, in the order of the fixtures', () => {
    expect(Object.keys(knownBugs), again).toEqual(bugNames);
  });

  it.each(bugNames)('%s', (bug) => {
    const known = knownBugs[bug];
    if (known === undefined) return expect.fail(`the bug has no seed; ${again}`);
    const { seed, foundBy: invariant } = known;
    const violated = violatedBy(bug, seed);
    if (violated === invariant) return;
    expect.fail(`seed ${seed} violates ${violated ?? 'nothing'}, no longer ${invariant}; ${again}`);
  });
});
