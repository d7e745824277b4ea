import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createPolicy } from '../allocation/policies/policies.ts';
import type { PolicyFailure } from '../allocation/slot/remote-policy.ts';
import { machineClock } from '../network/transport/machine-clock.ts';
import { failureOf, keepPolicies, open, patientMs, policyOf, state, whenBack, works } from './policy-thread.fixture.ts';
import { openPolicyThread, type PolicyThread } from './policy-thread.ts';

keepPolicies();

describe('a policy in a thread', () => {
  it.each(['best', 'tma', 'greedy+equal'])('decides as here: %s', async (name) => {
    const thread = await openPolicyThread(name, { clock: machineClock });
    open.push(thread);
    expect(await thread.ask(state, patientMs)).toEqual(createPolicy(name)(state));
  });

  it('may be trained weights, which need positions', async () => {
    const thread = await openPolicyThread('tma-masac@munich', { clock: machineClock });
    open.push(thread);
    expect((await thread.ask(state, patientMs))?.server).toHaveLength(state.deviceCount);
  });

  it('has one slot at a time, and keeps what it knows between slots', async () => {
    const thread = await policyOf('if (calls % 2 === 0) throw new Error("call " + calls); return good(state);');
    const first = thread.ask(state, patientMs);
    expect(thread.ask(state, patientMs)).toBeNull();
    expect((await first)?.server).toBeInstanceOf(Int32Array);
    expect(await failureOf(thread)).toMatchObject({ fault: 'threw', message: expect.stringContaining('call 2') });
    expect((await thread.ask(state, patientMs))?.bandwidthShare[0]).toBeCloseTo(1 / 6);
  });

  it.each([
    ['not a number', 'return { ...good(state), computeShare: all(state, NaN) };', 'computeShare is NaN'],
    ['no server', 'return { ...good(state), server: all(state, 7) };', 'server is 7'],
    ['a promise', 'return Promise.resolve(good(state));', 'gave a promise'],
    ['nothing', '', 'gave undefined'],
    [
      'a smaller state',
      'state.deviceCount = 1; state.previousServer = []; return good(state);',
      'server has 1 entries. Allowed: 6',
    ],
  ])('is refused if it gives %s', async (_, body, cause) => {
    const failure = await failureOf(await policyOf(body));
    expect(failure).toMatchObject({ fault: 'invalid' });
    expect(failure.message).toContain(cause.split('. ')[0]);
  });

  it('that is late is told so, and what it decided is dropped', async () => {
    const thread = await policyOf(
      'if (calls === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700); return good(state);',
    );
    expect(await failureOf(thread, 400)).toMatchObject({ fault: 'late', message: 'no decision within 400 ms' });
    expect(thread.ask(state, patientMs)).toBeNull();
    expect((await whenBack(thread)).server).toHaveLength(6);
  });

  it('that is always late and hardly works, as while others use the processor, is told so and goes on', async () => {
    const thread = await policyOf(
      'if (calls < 6) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); return good(state);',
    );
    const told: string[] = [];
    while (told.length < 5) {
      const asked = thread.ask(state, 100);
      if (asked === null) await sleep(20);
      else await asked.catch(({ fault, message }: PolicyFailure) => told.push(`${fault}: ${message}`));
    }
    expect(new Set(told)).toEqual(new Set(['late: no decision within 100 ms']));
    expect((await whenBack(thread)).server).toHaveLength(6);
  });

  it('that always works for longer than a slot, by less than it takes to be ended, rests', async () => {
    const thread = await policyOf(`${works(400)} return good(state);`);
    const told: PolicyFailure[] = [];
    while (told.every(({ fault }) => fault === 'late')) {
      const asked = thread.ask(state, 250);
      if (asked === null) await sleep(20);
      else await asked.catch((failure: PolicyFailure) => told.push(failure));
    }
    expect(told.slice(0, -1).map(({ message }) => message)).toEqual(Array(3).fill('no decision within 250 ms'));
    expect(told.at(-1)).toMatchObject({ fault: 'slow', message: expect.stringContaining('3 failures in a row') });
  });

  it('that never ends is ended by its work, told of, and starts again', async () => {
    const thread = await policyOf('for (;;);');
    expect(await failureOf(thread, 100)).toMatchObject({ fault: 'late' });
    await expect(whenBack(thread)).rejects.toMatchObject({
      fault: 'slow',
      message: expect.stringMatching(
        /^it has used \S+ s of the processor; its thread is ended, and starts again in 1 s$/,
      ),
    });
    expect(thread.ask(state, patientMs)).toBeNull();
    // The fresh thread never ends either, and rests for longer.
    await expect(whenBackLimited(thread)).rejects.toMatchObject({ fault: 'late' });
    await expect(whenBack(thread)).rejects.toMatchObject({ message: expect.stringContaining('starts again in 2 s') });
  });

  it('that hangs without work is ended as well', async () => {
    const thread = await policyOf('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);', { hangMs: 1000 });
    expect(await failureOf(thread, 100)).toMatchObject({ fault: 'late' });
    await expect(whenBack(thread)).rejects.toMatchObject({
      fault: 'ended',
      message: expect.stringContaining('has used no processor for 1 s'),
    });
  });

  it('that fails three times in a row rests', async () => {
    const thread = await policyOf('throw new Error("no")');
    await failureOf(thread);
    await failureOf(thread);
    expect((await failureOf(thread)).message).toContain('3 failures in a row; its thread is ended');
    expect(thread.ask(state, patientMs)).toBeNull();
  });

  it.each([
    ['ends its thread', 'process.exit(3)', 'ended', /its thread has ended with status 3/],
    [
      'makes objects without end',
      'const all: any[] = []; for (;;) all.push({ a: [all.length] });',
      'memory',
      /its objects took more than 64 MiB|the process grew by more than 128 MiB/,
    ],
    [
      'fills memory without end',
      'const all: any[] = []; for (;;) { all.push(new Uint8Array(8e6).fill(1)); for (let i = 0; i < 1e7; i++); }',
      'memory',
      /the process grew by more than 128 MiB/,
    ],
  ])('that %s ends nothing else', async (_, body, fault, cause) => {
    const thread = await policyOf(body, { mostMemoryMb: 64 });
    const failure = await failureOf(thread);
    expect(failure).toMatchObject({ fault });
    expect(failure.message).toMatch(cause);
  });

  it('that fails between two slots is told of at the next one', async () => {
    const thread = await policyOf('setTimeout(() => { throw new Error("afterwards") }, 50); return good(state);');
    expect(await thread.ask(state, patientMs)).not.toBeNull();
    await sleep(1000);
    expect(await failureOf(thread)).toMatchObject({ fault: 'ended', message: expect.stringContaining('afterwards') });
    expect(thread.ask(state, patientMs)).toBeNull();
  });
});

async function whenBackLimited(thread: PolicyThread): Promise<unknown> {
  for (;;) {
    const asked = thread.ask(state, 100);
    if (asked !== null) return await asked;
    await sleep(20);
  }
}

describe('a policy that can not be loaded is told at the start', () => {
  it.each([
    ['no-such-policy', 'no policy'],
    ['./no-such-file.ts', "can't be read"],
  ])('%s', async (name, cause) => {
    await expect(openPolicyThread(name, { clock: machineClock })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(cause),
    });
  });

  it.each([
    ['throws', 'throw new Error("broken");', {}, 'broken'],
    ['ends', 'process.exit(1);', {}, 'ended with status 1'],
    ['never ends', 'for (;;);', { loadCpuMs: 1500 }, 'has not loaded: it has used'],
  ])('a module that %s', async (_, top, options, cause) => {
    await expect(policyOf('', options, top)).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(cause),
    });
  });
});
