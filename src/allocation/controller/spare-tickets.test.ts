import { describe, expect, it } from 'vitest';
import type { Spare } from './members.ts';
import { chooseSpares, lacksSpares, spareValidMs } from './spare-tickets.ts';

const assigned = { edge: 'a' };
const spare = (edge: string, changes: Partial<Spare> = {}): Spare => {
  return { edge, ticket: `old ${edge}`, atMs: 0, edgeLink: 2, ...changes };
};
const linksTo = (...entries: [string, number][]) => {
  const links = new Map(entries);
  return Object.assign(links, { count: () => links.size });
};
const links = linksTo(['a', 1], ['b', 2], ['c', 2], ['d', 2]);
const draw = () => 'new';

describe('spare edges', () => {
  it.each([
    ['it has none', [], true],
    ['there is room for another', [spare('b')], true],
    ['it has enough', [spare('b'), spare('d')], false],
    ['one is its own edge now', [spare('b'), spare('a')], true],
    ['one is gone', [spare('b'), spare('gone')], true],
    ['one has joined again', [spare('b'), spare('c', { edgeLink: 7 })], true],
    ['one is old', [spare('b'), spare('c', { atMs: -spareValidMs })], true],
  ])('are lacking, or not: %s', (_, spares, isLacking) => {
    expect(lacksSpares({ assigned, spares }, links, 1000)).toBe(isLacking);
  });

  it('are not lacking where there is no other edge', () => {
    expect(lacksSpares({ assigned, spares: [] }, linksTo(['a', 1]), 0)).toBe(false);
    expect(lacksSpares({ assigned: null, spares: [] }, linksTo(['a', 1]), 0)).toBe(true);
  });

  it('are the best two others, and good tickets are kept', () => {
    const ranked = ['a', 'c', 'b', 'd'].map((id) => ({ id, link: links.get(id) as number }));
    const { spares, granted } = chooseSpares({ assigned, spares: [spare('d'), spare('b')] }, ranked, 1000, draw);
    expect(spares.map(({ edge, ticket }) => [edge, ticket])).toEqual([
      ['c', 'new'],
      ['b', 'old b'],
    ]);
    expect(granted.map(({ edge }) => edge)).toEqual(['c']);
    // To keep one does not renew it.
    expect(spares.map(({ atMs }) => atMs)).toEqual([1000, 0]);
    const again = chooseSpares({ assigned, spares }, ranked, 1000 + spareValidMs / 2, draw);
    expect(again.granted.map(({ edge }) => edge)).toEqual(['c', 'b']);
  });
});
