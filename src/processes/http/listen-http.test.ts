// Connections that end while several answers wait on them.

import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { bedOf, gated, type KeptBed } from './kept-answers.fixture.ts';
import { listenHttp, requestListenerOf } from './listen-http.ts';

async function readBed(): Promise<Pick<KeptBed, 'app'> & { readonly readers: () => number }> {
  const { app, begin, keeper } = bedOf(gated().script);
  await (await begin('c')).body?.cancel();
  return { app, readers: () => keeper.of(['key one'])[0]?.readers ?? 0 };
}

const url = '/v1/stream?conv_id=c';

it('readers of kept answers that wait for each other on one connection leave with it', async () => {
  const { app, readers } = await readBed();
  await using listener = await listenHttp(app, '127.0.0.1', 0);
  const socket = connect(listener.port, '127.0.0.1');
  await once(socket, 'connect');
  for (let count = 1; count < 4; count += 1) {
    socket.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: one\r\n\r\n`);
    await expect.poll(readers).toBe(count);
  }
  socket.destroy();
  await expect.poll(readers).toBe(0);
  await listener.settle(60_000);
});

it('an answer that waits behind another one, which Node 22 does not close, leaves with the connection', async () => {
  const { app, readers } = await readBed();
  const socket = new Socket();
  const headers = { host: 'localhost', 'x-api-key': 'one' };
  const request = Object.assign(new IncomingMessage(socket), { method: 'GET', url, headers });
  request.rawHeaders = Object.entries(headers).flat();
  requestListenerOf(app)(request as never, new ServerResponse(request) as never);
  await expect.poll(readers).toBe(1);
  socket.destroy();
  await expect.poll(readers).toBe(0);
});
