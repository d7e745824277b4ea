// A thousand clients that ask for a stream, lose their sockets, and never come back.

import { request } from 'node:http';
import { expect, it } from 'vitest';
import { heldBytes } from '../../laboratory/measuring/held-memory.ts';
import { defaultKeptLimits } from '../../src/core/protocol/wire/kept-streams.ts';
import { completerOf, round } from '../../src/processes/http/app.fixture.ts';
import { createHttpApp } from '../../src/processes/http/app.ts';
import { AnswerKeeper } from '../../src/processes/http/kept-answers.ts';
import { listenHttp } from '../../src/processes/http/listen-http.ts';

const streams = 1000;
const atOnce = 50;
/** A prompt is so large that all of them together would show. */
const promptBytes = 50_000;
const mostHeldMB = 5;

it('leave nothing in memory', async () => {
  const nowMs = () => performance.timeOrigin + performance.now();
  const keeper = new AnswerKeeper(nowMs, { ...defaultKeptLimits, keptMs: 3000 });
  let ids = 0n;
  let begun = 0;
  let givenUp = 0;
  const app = createHttpApp({
    completer: completerOf(async function* ({ signal }) {
      const number = begun;
      begun += 1;
      yield round('Hello');
      // Half of them end by themselves.
      if (number % 2 === 0) return;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      givenUp += 1;
    }),
    ...{ version: '0', nowMs, keeper, refuses: () => null, mayUse: () => true },
    accountOf: (key) => ({ keyId: key ?? null, mostAnswers: 1000 }),
    randomBits: () => {
      ids += 1n;
      return ids;
    },
  });
  await using listener = await listenHttp(app, '127.0.0.1', 0);
  const abandon = (number: number): Promise<void> =>
    new Promise((resolve) => {
      const headers = { 'x-conversation-id': `${number}`, 'x-api-key': `key-${number % 10}` };
      const path = '/v1/chat/completions';
      const asked = request({ port: listener.port, method: 'POST', path, headers }, (answer) => {
        answer.once('data', () => asked.destroy());
        answer.on('error', () => {});
      });
      asked.on('error', () => {}).on('close', () => resolve());
      const messages = [{ role: 'user', content: `${number}`.padEnd(promptBytes, 'x') }];
      asked.end(JSON.stringify({ model: 'm', messages, stream: true }));
    });
  const abandonAll = async (count: number): Promise<void> => {
    for (let number = 0; number < count; number += atOnce)
      await Promise.all(Array.from({ length: Math.min(atOnce, count - number) }, (_, one) => abandon(number + one)));
    await expect.poll(() => keeper.count, { timeout: 20_000 }).toBe(0);
  };
  await abandonAll(2 * atOnce);
  const before = heldBytes();
  [begun, givenUp] = [0, 0];
  await abandonAll(streams);
  expect([begun, givenUp, keeper.bytes]).toEqual([streams, streams / 2, 0]);
  expect((heldBytes() - before) / 1_048_576).toBeLessThan(mostHeldMB);
});
