import { expect, it } from 'vitest';
import { keepRunning } from './keep-running.ts';

function children() {
  const started: { port: number; end: () => void; isClosed: boolean }[] = [];
  const start = async (port: number) => {
    if (started.length === 1 && port !== 4321) throw new Error('another port');
    const child = { port, end: () => {}, isClosed: false };
    const lost = new Promise<void>((resolve) => {
      child.end = resolve;
    });
    started.push(child);
    return {
      ...{ url: 'ws://127.0.0.1:4321', processId: started.length, lost },
      async close() {
        child.isClosed = true;
      },
    };
  };
  return { started, start };
}

it('starts a process again that has ended, on its port, and says so', async () => {
  const { started, start } = children();
  const notes: string[] = [];
  const kept = await keepRunning('edge-1', start, (line) => notes.push(line), 20);
  expect([kept.isRunning, kept.process.processId]).toEqual([true, 1]);
  started[0]?.end();
  await expect.poll(() => kept.process.processId).toBe(2);
  expect(kept.isRunning).toBe(true);
  expect(started.map(({ port }) => port)).toEqual([0, 4321]);
  expect(notes).toEqual([
    'edge-1 (process 1) has ended; it is started again in 0.02 s',
    'edge-1 runs again, as process 2',
  ]);
  await kept[Symbol.asyncDispose]();
  expect(started.map(({ isClosed }) => isClosed)).toEqual([false, true]);
});

it('starts nothing after it was closed, not even in the pause before a start', async () => {
  const { started, start } = children();
  const kept = await keepRunning('edge-1', start, () => {}, 60_000);
  started[0]?.end();
  await expect.poll(() => kept.isRunning).toBe(false);
  await kept[Symbol.asyncDispose]();
  expect(started).toHaveLength(1);
});
