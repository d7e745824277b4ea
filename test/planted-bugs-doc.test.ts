// docs/internals/testing.md names every planted bug with its rule and what finds it, and every rule of the protocol page has one.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { plantedBugs } from '../laboratory/trials/faults/planted-bugs.fixture.ts';
import { invariants } from '../laboratory/trials/faults/violation.ts';
import { sourceBugs } from './planted-bugs.fixture.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** The tables of the section: rule, bug, what finds it. */
const [ofTrial = [], ofTests = []] = (read('docs/internals/testing.md').split('### Planted bugs')[1] ?? '')
  .split('| rule | planted bug | found by |')
  .slice(1)
  .map((table) => [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map((row) => row.slice(1)))
  .map((rows) => rows.filter(([rule]) => rule !== '---'));

/** Rules whose breach costs time and no text, and is left to their own tests. */
const withoutBug = [5, 7, 8, 11, 18, 21, 22, 23, 24, 25, 26];

describe('the tables of planted bugs', () => {
  it('name the bugs that trial faults finds, by an invariant that there is', () => {
    expect(ofTrial.map(([, bug]) => bug).sort()).toEqual(Object.keys(plantedBugs).sort());
    for (const [, , by = ''] of ofTrial) expect(invariants.map((name) => `\`${name}\``)).toContain(by);
  });

  it('name the bugs that tests find', () => {
    const expected = Object.entries(sourceBugs).map(([bug, { rule, test, name }]) => {
      return [rule, bug, `\`${test}\`${name === '' ? '' : `, ${name}`}`];
    });
    expect(ofTests.sort()).toEqual(expected.sort());
  });

  it('have a bug for each numbered rule of the page that has no test of its own', () => {
    const rules = [...read('docs/internals/protocol.md').matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    const broken = [...ofTrial, ...ofTests].flatMap(([rule = '']) => rule.match(/\d+/g)?.map(Number) ?? []);
    expect(rules.length).toBe(34);
    expect(rules.filter((rule) => !broken.includes(rule)).sort((one, other) => one - other)).toEqual(withoutBug);
  });
});
