import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createPolicy } from '../allocation/policies/policies.ts';
import type { PolicyFailure } from '../allocation/slot/remote-policy.ts';
import { machineClock } from '../network/transport/machine-clock.ts';
import {
  failureOf,
  keepPolicies,
  open,
  patientMs,
  policyFile,
  policyOf,
  state,
  whenBack,
  works,
} from './policy-process.fixture.ts';
import { openPolicyProcess, passedVariables } from './policy-process.ts';

keepPolicies();

const fillsMore = 'all.push(new Uint8Array(8e6).fill(1)); for (let i = 0; i < 1e7; i++);';
const tooLarge = /its process took more than 200 MiB|V8 gives it no more memory/;
const tooMany = `const share = new Float64Array(1e6); state.deviceCount = 1e6; state.snr = new Float64Array(2e6);
  return { server: share.slice().fill(-1), bandwidthShare: share, computeShare: share };`;

/** A process without its last state; its parent may not have read that it has ended. */
function isRunning(processId: number): boolean {
  try {
    return !readFileSync(`/proc/${processId}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** A program that opens a policy and asks it for a slot. */
function ownerOf(file: string): string {
  const of = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  return `import { openPolicyProcess } from ${of('./policy-process.ts')};
import { machineClock } from ${of('../network/transport/machine-clock.ts')};
import { syntheticSlot } from ${of('../allocation/slot/synthetic-slot.ts')};
const policy = await openPolicyProcess(${JSON.stringify(file)}, { clock: machineClock });
await policy.ask(syntheticSlot({ deviceCount: 6, serverCount: 2, seed: 3, sideM: 100 }), 60_000);`;
}

/** What this process has open: files and sockets. */
function openLinks(): string[] {
  const links = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  return links.filter((link) => /^(socket|\/)/.test(link) && link !== '/dev/null');
}

describe('a policy in a process', () => {
  it.each(['best', 'tma', 'greedy+equal'])('decides as here: %s', async (name) => {
    const policy = await openPolicyProcess(name, { clock: machineClock });
    open.push(policy);
    expect(await policy.ask(state, patientMs)).toEqual(createPolicy(name)(state));
  });

  it('may be trained weights, which need positions', async () => {
    const policy = await openPolicyProcess('tma-masac@munich', { clock: machineClock });
    open.push(policy);
    expect((await policy.ask(state, patientMs))?.server).toHaveLength(state.deviceCount);
  });

  it('has one slot at a time, and keeps what it knows between slots', async () => {
    const policy = await policyOf('if (calls % 2 === 0) throw new Error("call " + calls); return good(state);');
    const first = policy.ask(state, patientMs);
    expect(policy.ask(state, patientMs)).toBeNull();
    expect((await first)?.server).toBeInstanceOf(Int32Array);
    expect(await failureOf(policy)).toMatchObject({ fault: 'threw', message: expect.stringContaining('call 2') });
    expect((await policy.ask(state, patientMs))?.bandwidthShare[0]).toBeCloseTo(1 / 6);
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
    const policy = await policyOf(
      'if (calls === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700); return good(state);',
    );
    expect(await failureOf(policy, 400)).toMatchObject({ fault: 'late', message: 'no decision within 400 ms' });
    expect(policy.ask(state, patientMs)).toBeNull();
    expect((await whenBack(policy)).server).toHaveLength(6);
  });

  it('that is always late and hardly works, as while others use the processor, is told so and goes on', async () => {
    const policy = await policyOf(
      'if (calls < 6) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); return good(state);',
    );
    const told: string[] = [];
    while (told.length < 5) {
      const asked = policy.ask(state, 100);
      if (asked === null) await sleep(20);
      else await asked.catch(({ fault, message }: PolicyFailure) => told.push(`${fault}: ${message}`));
    }
    expect(new Set(told)).toEqual(new Set(['late: no decision within 100 ms']));
    expect((await whenBack(policy)).server).toHaveLength(6);
  });

  it('that always works for longer than a slot, by less than it takes to be ended, rests', async () => {
    const policy = await policyOf(`${works(400)} return good(state);`);
    const told: PolicyFailure[] = [];
    while (told.every(({ fault }) => fault === 'late')) {
      const asked = policy.ask(state, 250);
      if (asked === null) await sleep(20);
      else await asked.catch((failure: PolicyFailure) => told.push(failure));
    }
    expect(told.slice(0, -1).map(({ message }) => message)).toEqual(Array(3).fill('no decision within 250 ms'));
    expect(told.at(-1)).toMatchObject({ fault: 'slow', message: expect.stringContaining('3 failures in a row') });
  });

  it('that never ends is ended by its work, told of, and starts again', async () => {
    const policy = await policyOf('for (;;);');
    expect(await failureOf(policy, 100)).toMatchObject({ fault: 'late' });
    await expect(whenBack(policy)).rejects.toMatchObject({
      fault: 'slow',
      message: expect.stringMatching(
        /^it has used \S+ s of the processor; its process is ended, and starts again in 1 s$/,
      ),
    });
    expect(policy.ask(state, patientMs)).toBeNull();
    // The fresh process never ends either, and rests for longer.
    await expect(whenBack(policy, 100)).rejects.toMatchObject({ fault: 'late' });
    await expect(whenBack(policy)).rejects.toMatchObject({ message: expect.stringContaining('starts again in 2 s') });
  });

  it.each([
    ['hangs without work', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'],
    ['stops its process', "process.kill(process.pid, 'SIGSTOP');"],
  ])('that %s is ended as well', async (_, body) => {
    const policy = await policyOf(body, { hangMs: 1000 });
    expect(await failureOf(policy, 100)).toMatchObject({ fault: 'late' });
    const ended = { fault: 'ended', message: expect.stringContaining('has used no processor for 1 s') };
    await expect(whenBack(policy)).rejects.toMatchObject(ended);
  });

  it('that fails three times in a row rests', async () => {
    const policy = await policyOf('throw new Error("no")');
    await failureOf(policy);
    await failureOf(policy);
    expect((await failureOf(policy)).message).toContain('3 failures in a row; its process is ended');
    expect(policy.ask(state, patientMs)).toBeNull();
  });

  it.each([
    ['ends its process', 'process.exit(3)', 'ended', /^it has ended with status 3/],
    [
      'is killed by somebody else',
      "process.kill(process.pid, 'SIGTERM'); for (;;);",
      'ended',
      /^it was ended by SIGTERM;/,
    ],
    ['fails in native code', 'process.abort()', 'memory', /^it was ended by SIGABRT, as where V8 gives/],
    ['answers for devices that are not there', tooMany, 'invalid', /a message has \d+ bytes. Allowed: 65656/],
    [
      'writes into the pipe of answers',
      "process.getBuiltinModule('node:fs').writeSync(3, 'hello'); for (;;);",
      'invalid',
      /a message has \d+ bytes/,
    ],
    ['says too much', "throw new Error('no'.repeat(1e7))", 'threw', /^.{900,1100}$/],
    ['has objects without end', 'const all: any[] = []; for (;;) all.push({ a: [all.length] });', 'memory', tooLarge],
    ['fills buffers without end', `const all: any[] = []; for (;;) { ${fillsMore} }`, 'memory', tooLarge],
  ])('that %s ends nothing else', async (_, body, fault, cause) => {
    const policy = await policyOf(body, { mostMemoryMb: 100 });
    const failure = await failureOf(policy);
    expect(failure).toMatchObject({ fault });
    expect(failure.message).toMatch(cause);
  });

  it('that fills buffers while it has no slot is ended, too', async () => {
    const body = `const all: any[] = []; setInterval(() => { ${fillsMore} }); return good(state);`;
    const policy = await policyOf(body, { mostMemoryMb: 100 });
    expect(await policy.ask(state, patientMs)).not.toBeNull();
    const failures: PolicyFailure[] = [];
    while (failures.length === 0) {
      await sleep(50);
      await policy.ask(state, patientMs)?.catch((failure: PolicyFailure) => failures.push(failure));
    }
    expect(failures[0]).toMatchObject({ fault: 'memory', message: expect.stringMatching(tooLarge) });
  });

  it('that has started a program ends with it', async () => {
    const spawnsOne = "process.getBuiltinModule('node:child_process').spawn('sleep', ['600']).pid";
    const policy = await policyOf(`throw new Error('started ' + ${spawnsOne});`, {});
    const { message } = await failureOf(policy);
    const processId = Number(/started (\d+)/.exec(message)?.[1]);
    expect(isRunning(processId)).toBe(true);
    await policy[Symbol.asyncDispose]();
    await expect.poll(() => isRunning(processId)).toBe(false);
  });

  it('gets no secret, no open file and no socket of this process, and its output comes here', async () => {
    process.env['OUTRIDER_TEST_SECRET'] = 'ok_secret';
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const body = `const fs = process.getBuiltinModule('node:fs'); console.log('out'); console.error('err');
        const open = fs.readdirSync('/proc/self/fd').map((fd: string) => {
          try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return ''; }
        });
        throw JSON.stringify([Object.keys(process.env), open, typeof process.send]);`;
      const { message } = await failureOf(await policyOf(body));
      const [names, links, send] = JSON.parse(message.slice(message.indexOf('['))) as [string[], string[], string];
      expect(passedVariables).toEqual(expect.arrayContaining(names));
      const own = openLinks();
      expect(own.some((link) => link.startsWith('socket'))).toBe(true);
      expect(own.filter((link) => links.includes(link))).toEqual([]);
      expect([send, print.mock.calls.map(([text]) => String(text)).join('')]).toEqual(['undefined', 'out\nerr\n']);
    } finally {
      print.mockRestore();
      server.close();
      delete process.env['OUTRIDER_TEST_SECRET'];
    }
  });

  it.each([
    ['loads', 'for (;;);', ''],
    ['decides', '', 'for (;;);'],
    ['waits', '', 'return good(state);'],
  ])('ends when the process that has started it is killed while it %s', async (_, top, body) => {
    const file = await policyFile(body, `console.log(process.pid); ${top}`);
    const owner = spawn(process.execPath, ['--input-type=module', '-e', ownerOf(file)]);
    let processId = 0;
    try {
      const [printed] = await once(owner.stdout, 'data');
      processId = Number(String(printed));
      // It has its slot, or is at its end.
      await sleep(500);
      expect(isRunning(processId)).toBe(true);
      owner.kill('SIGKILL');
      await expect.poll(() => isRunning(processId)).toBe(false);
    } finally {
      owner.kill('SIGKILL');
      if (processId > 0 && isRunning(processId)) process.kill(processId, 'SIGKILL');
    }
  });

  it('that fails between two slots is told of at the next one', async () => {
    const policy = await policyOf('setTimeout(() => { throw new Error("afterwards") }, 50); return good(state);');
    expect(await policy.ask(state, patientMs)).not.toBeNull();
    await sleep(1000);
    expect(await failureOf(policy)).toMatchObject({ fault: 'ended', message: expect.stringContaining('afterwards') });
    expect(policy.ask(state, patientMs)).toBeNull();
  });
});

describe('a policy that can not be loaded is told at the start', () => {
  it.each([
    ['no-such-policy', 'no policy'],
    ['./no-such-file.ts', "can't be read"],
  ])('%s', async (name, cause) => {
    const message = expect.stringContaining(cause);
    const refused = { code: 'bad-argument', message };
    await expect(openPolicyProcess(name, { clock: machineClock })).rejects.toMatchObject(refused);
  });

  it.each([
    ['throws', 'throw new Error("broken");', {}, 'broken'],
    ['ends', 'process.exit(1);', {}, 'ended with status 1'],
    ['never ends', 'for (;;);', { loadCpuMs: 1500 }, 'has not loaded: it has used'],
  ])('a module that %s', async (_, top, options, cause) => {
    const message = expect.stringContaining(cause);
    await expect(policyOf('', options, top)).rejects.toMatchObject({ code: 'bad-argument', message });
  });
});
