// Flags of an edge that lends places, and the tickets that it takes.

import { expect, it } from 'vitest';
import { createToyModel } from '../../models/port/toy.ts';
import { EdgeMembership, loansOf } from './edge-membership.ts';

type Flags = Parameters<typeof loansOf>[0];
const flags = (given: Partial<Flags>): Flags =>
  ({ controller: 'ws://127.0.0.1:1', cell: 'south', linkRate: 1e9, ...given }) as Flags;

it('lends what its flags say', () => {
  expect(loansOf(flags({ lend: ['north:2', 'east:1'] }), 8, true)).toEqual([
    { cell: 'north', places: 2 },
    { cell: 'east', places: 1 },
  ]);
  expect(loansOf(flags({}), 1, false)).toEqual([]);
});

it.each([
  [{ lend: ['north'] }, true, '--lend is "north"'],
  [{ lend: ['north:0'] }, true, '--lend is "north:0"'],
  [{ lend: ['a b:1'] }, true, '--lend is "a b:1"'],
  [{ lend: ['south:1'] }, true, '--lend is "south:1"'],
  [{ lend: ['north:1', 'north:2'] }, true, 'names a cell twice'],
  [{ lend: ['north:4', 'east:4'] }, true, 'gives away 8 of 8 places'],
  [{ lend: ['north:1'], controller: undefined }, true, 'without --controller'],
  [{ lend: ['north:1'] }, false, 'anyone may use'],
])('refuses %j with keys: %j', (given, hasKeys, cause) => {
  expect(() => loansOf(flags(given), 8, hasKeys)).toThrow(cause);
});

it('takes tickets only where it has a controller', () => {
  const target = createToyModel({ seed: 1, role: 'target', sequences: 4 });
  const keyOf = () => null;
  const alone = new EdgeMembership(flags({ controller: undefined }), target, true);
  expect(alone.beside(keyOf)).toBe(keyOf);
  const lending = new EdgeMembership(flags({ lend: ['north:1'] }), target, true);
  expect(lending.beside(keyOf)?.('ticket:unknown')).toBeNull();
});

it('refuses a name that is too long with its cell before it, so that no two edges have the same one there', () => {
  const target = createToyModel({ seed: 1, role: 'target', sequences: 4 });
  const named = (name: string, given: Partial<Flags> = { lend: ['north:1'] }) =>
    new EdgeMembership(flags({ ...given, name }), target, true);
  named('x'.repeat(58));
  named('x'.repeat(64), {});
  expect(() => named('x'.repeat(59))).toThrow('longer than 64 characters: south:xxx');
});
