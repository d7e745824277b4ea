// What takes memory without end ends its own process only: here a few policies, in growing-policies.slow.test.ts a hundred.

import { expect, it } from 'vitest';
import { decideThrough, isDecided } from './growing-policies.fixture.ts';

it('a controller decides through policies whose memory grows without end', async () => {
  const { events, names } = await decideThrough(3);
  const failed = events.filter((event) => event.kind === 'policy-failed');
  expect(failed).toMatchObject(names.slice(0, 3).map((policy) => ({ policy, fault: 'memory' })));
  expect(events.filter(isDecided).at(-1)).toMatchObject({ policy: 'best' });
});
