import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDelayProxy } from './delay-proxy.ts';

const pieces = Array.from({ length: 50 }, (_, index) => `piece ${index};`);
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (part) => {
    body += part;
  });
  request.on('end', () => {
    response.write(`${body};`);
    for (const piece of pieces) response.write(piece);
    response.end();
  });
});
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

it('delays a request and its answer by a round trip, a new connection by one more, and keeps their order', async () => {
  await using proxy = await startDelayProxy((server.address() as AddressInfo).port, 80);
  const ask = async (): Promise<number> => {
    const startMs = performance.now();
    const answer = await fetch(`http://127.0.0.1:${proxy.port}/`, { method: 'POST', body: 'question' });
    expect(await answer.text()).toBe(`question;${pieces.join('')}`);
    return performance.now() - startMs;
  };
  expect(await ask()).toBeGreaterThan(155);
  // A client may open a new connection for its second request, too.
  expect(Math.min(await ask(), await ask(), await ask())).toBeGreaterThan(75);
});

it('ends a connection whose target is gone', async () => {
  const gone = createServer();
  await new Promise<void>((resolve) => void gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise<void>((resolve) => void gone.close(() => resolve()));
  await using proxy = await startDelayProxy(port, 2);
  await expect(fetch(`http://127.0.0.1:${proxy.port}/`)).rejects.toThrow();
});
