// Each planted bug is found by the invariant that docs/internals/testing.md names, with the seed that planted-seeds.json keeps.

import { describe, expect, it } from 'vitest';
import { bugNames, namedInvariant, readSeeds, searchCommand, violatedBy } from './planted-search.fixture.ts';

const seeds = readSeeds();
const again = `search the seeds again: ${searchCommand}`;

describe('a planted bug is found by the invariant of the table', () => {
  it('with one seed for each, in the order of the fixtures', () => {
    expect(Object.keys(seeds), again).toEqual(bugNames);
  });

  it.each(bugNames)('%s', (bug) => {
    const seed = seeds[bug];
    if (seed === undefined) return expect.fail(`the bug has no seed; ${again}`);
    const invariant = namedInvariant(bug);
    const violated = violatedBy(bug, seed);
    if (violated === invariant) return;
    expect.fail(`seed ${seed} violates ${violated ?? 'nothing'}, no longer ${invariant}; ${again}`);
  });
});
