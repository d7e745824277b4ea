// Policies that make one array larger without end. V8 ends the whole process where such an array grows past the limit that V8 knows, so the
// thread must be ended before. On a busy machine that has come too late now and then: a night's test, so that it stops no other change.

import { describe, expect, it } from 'vitest';
import { failureOf, keepPolicies, policyOf } from './policy-thread.fixture.ts';

keepPolicies();

describe('one array that grows without end', () => {
  it('ends the thread of its policy, and nothing else', async () => {
    const body = 'const all: any[] = []; for (;;) all.push(all.length + 0.5);';
    const failure = await failureOf(await policyOf(body, { mostMemoryMb: 64 }));
    expect(failure).toMatchObject({ fault: 'memory' });
    expect(failure.message).toMatch(/its objects took more than 64 MiB|the process grew by more than 128 MiB/);
  });

  it('refuses the module that makes it while it is loaded', async () => {
    const top = 'const kept: number[] = []; for (;;) kept.push(kept.length + 0.5);';
    await expect(policyOf('', { mostMemoryMb: 64 }, top)).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('its objects took more than 64 MiB'),
    });
  });
});
