import { expect, it, vi } from 'vitest';
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
      url: 'ws://127.0.0.1:4321',
      processId: started.length,
      lost,
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

it('kills a process that is stopped and does not end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  try {
    let end = (): void => {};
    const closed = new Promise<void>((resolve) => {
      end = resolve;
    });
    const child = { url: 'ws://127.0.0.1:4321', processId: 77, lost: new Promise(() => {}), close: () => closed };
    const kept = await keepRunning(
      'edge-1',
      async () => child,
      () => {},
    );
    const over = kept[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(9000);
    expect(kill).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2000);
    expect(kill).toHaveBeenCalledExactlyOnceWith(77, 'SIGKILL');
    end();
    await over;
  } finally {
    kill.mockRestore();
    vi.useRealTimers();
  }
});
