// A local store ends with its user, and says what is missing.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { natsServerPath, startNatsServer } from './nats-server.ts';

const isThere = spawnSync(natsServerPath(), ['--version']).status === 0;

const isAlive = (processId: number): boolean => {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
};

it.skipIf(!isThere)('ends when it is closed', async () => {
  const store = await startNatsServer();
  expect(store.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
  expect(isAlive(store.processId)).toBe(true);
  await store[Symbol.asyncDispose]();
  expect(isAlive(store.processId)).toBe(false);
});

it.skipIf(!isThere)('ends when the process that has started it is killed', async () => {
  const module = new URL('nats-server.ts', import.meta.url).href;
  const program = `const { startNatsServer } = await import('${module}'); console.log((await startNatsServer()).processId);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const processId = Number(said.toString());
  expect(isAlive(processId)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(processId), { timeout: 30_000 }).toBe(false);
});

it('says how to install what is missing', async () => {
  await expect(startNatsServer({ path: '/none/nats-server' })).rejects.toThrow('no nats-server is installed');
});
