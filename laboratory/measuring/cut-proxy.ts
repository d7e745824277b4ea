// A proxy as bad ones are: it ends connections in the middle of an answer.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CutProxy extends AsyncDisposable {
  readonly port: number;
  /** After so many more bytes to clients, all connections are reset, once. */
  cutAfter(bytes: number): void;
  /** All connections are reset, and none comes through for so long. */
  cutFor(ms: number): Promise<void>;
}

/** @param port of this machine */
export async function startCutProxy(port: number): Promise<CutProxy> {
  const open = new Set<Socket>();
  let left = Number.POSITIVE_INFINITY;
  let cuts = 0;
  const cut = (): void => {
    left = Number.POSITIVE_INFINITY;
    for (const socket of open) socket.resetAndDestroy();
  };
  const server = createServer((client) => {
    if (cuts > 0) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const target = connect({ port, host: '127.0.0.1' });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.once('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    client.pipe(target);
    target.on('data', (bytes) => {
      client.write(bytes);
      left -= bytes.length;
      if (left < 0) cut();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cutAfter(bytes) {
      left = bytes;
    },
    async cutFor(ms) {
      cuts += 1;
      cut();
      await sleep(ms);
      cuts -= 1;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
