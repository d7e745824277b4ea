// An edge as a real process that can't start: its starter gets the error, and does not wait for ever.

import { expect, it } from 'vitest';
import { startEdgeProcess } from './edge-process.ts';

it('tells the error of an edge that can not open its model, and ends', async () => {
  await expect(startEdgeProcess(['--model', 'toy:abc'], () => {})).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringContaining('toy:abc'),
  });
});

it('tells when it ends on its own, and not when it is closed', async () => {
  const model = ['--model', 'toy:1'];
  const killed = await startEdgeProcess(model, () => {});
  const closed = await startEdgeProcess(model, () => {});
  process.kill(killed.processId, 'SIGKILL');
  expect(await killed.lost).toMatchObject({ code: 'edge-unreachable', message: expect.stringContaining('SIGKILL') });
  await closed.close();
  const later = new Promise((resolve) => setImmediate(resolve, 'nothing'));
  expect(await Promise.race([closed.lost, later])).toBe('nothing');
});
