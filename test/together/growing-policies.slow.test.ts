import { expect, it } from 'vitest';
import { decideThrough, isDecided } from './growing-policies.fixture.ts';

it('a controller decides through a hundred policies whose memory grows without end', { timeout: 600_000 }, async () => {
  const { events, names } = await decideThrough(100);
  const failed = events.filter((event) => event.kind === 'policy-failed');
  expect(failed).toMatchObject(
    Array.from({ length: 100 }, (_, turn) => ({ policy: names[turn % names.length], fault: 'memory' })),
  );
  expect(events.filter(isDecided).at(-1)).toMatchObject({ policy: 'best' });
});
