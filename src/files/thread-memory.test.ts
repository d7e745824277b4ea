import { expect, it, vi } from 'vitest';
import { MemoryWatch, ownLimitMb } from './thread-memory.ts';

const mb = 1_048_576;

/** A watch of 64 MiB over a thread whose answer is given, on a manual clock. */
function watched(used: () => Promise<number>) {
  const due: (() => void)[] = [];
  const clock = {
    nowMs: () => 0,
    after: (_: number, callback: () => void) => {
      due.push(callback);
      return () => void due.splice(due.indexOf(callback), 1);
    },
  };
  const causes: string[] = [];
  const thread = { getHeapStatistics: async () => ({ used_heap_size: await used() }) };
  const watch = new MemoryWatch(thread, clock, 64, (cause) => causes.push(cause));
  const turn = async (): Promise<void> => {
    for (const callback of due.splice(0)) callback();
    await new Promise(setImmediate);
  };
  return { watch, turn, causes, due };
}

it('ends a thread once whose objects take more than they may, at rest as well', async () => {
  let used = 64 * mb;
  const { turn, causes, due } = watched(async () => used);
  await turn();
  expect(causes).toEqual([]);
  used += 1;
  await turn();
  await turn();
  expect(causes).toEqual(['its objects took more than 64 MiB']);
  expect(due).toEqual([]);
});

it('ends it during work if the process grows by twice as much, also where the thread does not answer', async () => {
  const rss = vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(1000 * mb);
  try {
    for (const used of [async () => 0, () => new Promise<number>(() => {})]) {
      const { watch, turn, causes } = watched(used);
      rss.mockReturnValue(1000 * mb);
      await turn();
      watch.begins();
      rss.mockReturnValue(1128 * mb);
      await turn();
      await turn();
      expect(causes).toEqual([]);
      watch.ends();
      rss.mockReturnValue(1129 * mb);
      await turn();
      expect(causes).toEqual([]);
      rss.mockReturnValue(1000 * mb);
      watch.begins();
      rss.mockReturnValue(1128 * mb + 1);
      await turn();
      expect(causes).toEqual(['the process grew by more than 128 MiB']);
    }
  } finally {
    rss.mockRestore();
  }
});

it('says nothing of a thread that has ended, or is stopped meanwhile', async () => {
  const gone = watched(() => Promise.reject(new Error('it does not run')));
  await gone.turn();
  expect(gone.causes).toEqual([]);
  const answer = Promise.withResolvers<number>();
  const stopped = watched(() => answer.promise);
  await stopped.turn();
  stopped.watch.stop();
  answer.resolve(1000 * mb);
  await stopped.turn();
  expect([stopped.causes, stopped.due]).toEqual([[], []]);
});

it('leaves V8 room for an array that grows by half', () => {
  for (const mostMb of [1, 64, 1024]) expect(ownLimitMb(mostMb)).toBeGreaterThan(mostMb * (1.5 + 2.25) + 1000);
});
