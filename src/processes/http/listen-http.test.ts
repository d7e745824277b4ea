// A connection that ends while several requests wait on it.

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { bedOf, gated, type KeptBed } from './kept-answers.fixture.ts';
import { listenHttp } from './listen-http.ts';

async function readBed(): Promise<Pick<KeptBed, 'app'> & { readonly readers: () => number }> {
  const { app, begin, keeper } = bedOf(gated().script);
  await (await begin('c')).body?.cancel();
  return { app, readers: () => keeper.of(['key one'])[0]?.stream.readers ?? 0 };
}

const url = '/v1/stream?conv_id=c';

it('one of several readers of kept answers on one connection reads at a time, and all leave with it', async () => {
  const { app, readers } = await readBed();
  await using listener = await listenHttp(app, '127.0.0.1', 0);
  const socket = connect(listener.port, '127.0.0.1');
  await once(socket, 'connect');
  for (let count = 1; count < 4; count += 1) {
    socket.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: one\r\n\r\n`);
    await setTimeout(20);
    await expect.poll(readers).toBe(1);
  }
  socket.destroy();
  await expect.poll(readers).toBe(0);
  await listener.settle(60_000);
  expect(readers()).toBe(0);
});
