// Every rule of the protocol's page has a planted bug that breaks it, and every planted bug a rule and what finds it.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { plantedBugs } from '../laboratory/trials/faults/planted-bugs.fixture.ts';
import { knownBugs } from '../laboratory/trials/faults/planted-search.fixture.ts';
import { invariants } from '../laboratory/trials/faults/violation.ts';
import { sourceBugs } from './planted-bugs.fixture.ts';

/** Rules whose breach costs time and no text, and is left to their own tests. */
const withoutBug = [5, 7, 8, 11, 18, 21, 22, 23, 24, 25, 26, 39];

describe('planted bugs', () => {
  it('have one place each in the sources', () => {
    const placesOf = (file: string, from: string): number =>
      readFileSync(new URL(`../${file}`, import.meta.url), 'utf8').split(from).length - 1;
    const elsewhere = Object.entries(sourceBugs).filter(([, { file, from }]) => placesOf(file, from) !== 1);
    expect(elsewhere.map(([bug]) => bug)).toEqual([]);
  });

  it('of trial faults are found by an invariant that there is', () => {
    expect(Object.keys(knownBugs).sort()).toEqual(Object.keys(plantedBugs).sort());
    for (const { foundBy } of Object.values(knownBugs)) expect(invariants).toContain(foundBy);
  });

  it('break each numbered rule of the page that has no test of its own', () => {
    const page = readFileSync(new URL('../docs/internals/protocol.md', import.meta.url), 'utf8');
    const rules = [...page.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    const bugs = [...Object.values(knownBugs), ...Object.values(sourceBugs)];
    const broken = bugs.flatMap(({ rule }) => rule.match(/\d+/g)?.map(Number) ?? []);
    expect(rules.length).toBe(39);
    expect(rules.filter((rule) => !broken.includes(rule)).sort((one, other) => one - other)).toEqual(withoutBug);
  });
});
