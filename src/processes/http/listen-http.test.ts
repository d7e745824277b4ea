// Connections that end while several answers wait on them.

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { bedOf, gated } from './kept-answers.fixture.ts';
import { listenHttp } from './listen-http.ts';

it('readers of kept answers that wait for each other on one connection leave with it', async () => {
  const { script } = gated();
  const { app, begin, keeper } = bedOf(script);
  await (await begin('c')).body?.cancel();
  await using listener = await listenHttp(app, '127.0.0.1', 0);
  const socket = connect(listener.port, '127.0.0.1');
  await once(socket, 'connect');
  const request = 'GET /v1/stream?conv_id=c HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: one\r\n\r\n';
  const readers = (): number => keeper.of(['key one'])[0]?.readers ?? 0;
  for (let count = 1; count < 4; count += 1) {
    socket.write(request);
    await expect.poll(readers).toBe(count);
  }
  socket.destroy();
  await expect.poll(readers).toBe(0);
  await listener.settle(60_000);
});
