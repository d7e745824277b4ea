import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { whileLoading } from './while-loading.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const loading = (): Response => {
  const error = { code: 'model_loading', message: 'it loads, for about 40 s more' };
  return Response.json({ error }, { status: 503, headers: { 'retry-after': '40' } });
};

it('asks again while the endpoint loads, and says what it waits for until it is over', async () => {
  const answers = [loading(), loading(), new Response('ready')];
  const said: (string | null)[] = [];
  const answer = whileLoading(
    async () => answers.shift() as Response,
    (sentence) => said.push(sentence),
  );
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await (await answer).text()).toBe('ready');
  expect(said).toEqual(['it loads, for about 40 s more', 'it loads, for about 40 s more', null]);
});

it('hands on any other answer at once, and the last one after two minutes', async () => {
  const stalled = Response.json({ error: { code: 'edge_stalled' } }, { status: 503 });
  expect(await whileLoading(async () => stalled)).toBe(stalled);
  let count = 0;
  const answer = whileLoading(async () => {
    count += 1;
    return loading();
  });
  await vi.advanceTimersByTimeAsync(120_000);
  expect((await answer).status).toBe(503);
  expect(count).toBe(25);
});
