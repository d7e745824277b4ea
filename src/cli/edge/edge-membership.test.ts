// The tickets that an edge with a controller takes.

import { expect, it } from 'vitest';
import { createToyModel } from '../../models/port/toy.ts';
import { EdgeMembership } from './edge-membership.ts';

type Flags = ConstructorParameters<typeof EdgeMembership>[0];
const flags = (given: Partial<Flags>): Flags =>
  ({ controller: 'ws://127.0.0.1:1', cell: 'south', linkRate: 1e9, ...given }) as Flags;

it('takes tickets only where it has a controller', () => {
  const target = createToyModel({ seed: 1, role: 'target', sequences: 4 });
  const keyOf = () => null;
  const alone = new EdgeMembership(flags({ controller: undefined }), target);
  expect(alone.beside(keyOf)).toBe(keyOf);
  const member = new EdgeMembership(flags({}), target);
  expect(member.beside(keyOf)?.('ticket:unknown')).toBeNull();
});
