// An edge that loads its models: its port is open, and says so to devices, programs and browsers.

import { expect, it } from 'vitest';
import { toyDrafter, toyPrompt } from '../../../test/together/toy-edge.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { probeEdge } from '../../processes/device/probe-edge.ts';
import { startTurn } from '../../processes/device/turn.ts';
import type { TurnOptions } from '../../processes/device/turn-options.ts';
import { startEdge } from '../../processes/edge/edge.ts';
import { openEdgePort } from './edge-port.ts';

const target = createToyModel({ seed: 11, role: 'target' });
const cause = 'the edge still loads its model, for about 40 s more';
const refusal = { code: 'edge-loading', message: cause, remedy: expect.stringMatching(/^try again in 40 s;/) };

const openLoading = (secondsLeft = () => 40) =>
  openEdgePort({ host: '127.0.0.1', port: 0, allowOrigins: [], mayOrder: () => 'no one may' }, secondsLeft);

function turnAt(port: number, more: Partial<TurnOptions>) {
  const connect = connectWebSocket(`ws://127.0.0.1:${port}`);
  const shared = { tokenizer: target.tokenizer, drafter: toyDrafter(0.8), prompt: toyPrompt, maxAnswerTokens: 8 };
  return startTurn({ ...shared, connect, ...more });
}

it('lets a device wait until it serves, and says once for how long about', async () => {
  // The first attempts get the same time.
  let asked = 0;
  await using port = await openLoading(() => (asked++ < 3 ? 41 : 40));
  const said: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const onLoading = (text: string): void => {
    if (said.push(text) === 2) resolve();
  };
  // An outage would end it before the second attempt.
  const turn = turnAt(port.listener.port, { onLoading, giveUpAfterMs: 20 });
  await promise;
  await using edge = await startEdge({ model: target });
  port.begin(edge, () => {});
  expect(await turn.report).toMatchObject({ outcome: { kind: 'ended' }, tokens: { length: 8 } });
  expect(said).toEqual([cause.replace('40', '41'), cause]);
  await port.listener.close();
});

it('is left after a limit, and by a probe at once, with its own words', async () => {
  await using port = await openLoading();
  const { outcome } = await turnAt(port.listener.port, { loadedWithinMs: 100 }).report;
  const { message, ...rest } = refusal;
  expect(outcome).toMatchObject({ kind: 'failed', cause: message, ...rest });
  await expect(probeEdge(`ws://127.0.0.1:${port.listener.port}`)).rejects.toMatchObject(refusal);
});

it('answers requests with 503, the time and the same words; a browser asks again by itself', async () => {
  await using port = await openLoading();
  const base = `http://127.0.0.1:${port.listener.port}`;
  const answer = await fetch(`${base}/v1/models`);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '40']);
  expect(await answer.json()).toMatchObject({
    error: { code: 'model_loading', message: expect.stringContaining(cause) },
  });
  const page = await fetch(`${base}/`, { headers: { Accept: 'text/html' } });
  expect([page.status, page.headers.get('refresh')]).toEqual([503, '5']);
  expect(await page.text()).toContain(cause);
});
