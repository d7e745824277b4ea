// A distant network in front of a port of this machine, for clients that know no emulated link: all bytes wait for half a round trip in
// each direction. A new connection costs a round trip more, as its handshake would.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** @param port of this machine @param roundTripMs ms */
export async function startDelayProxy(
  port: number,
  roundTripMs: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => open.delete(socket));
    // Its other end learns of it by the end of the connection.
    socket.on('error', () => socket.destroy());
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    keep(client);
    keep(target);
    pipeLate(client, target, roundTripMs / 2, roundTripMs);
    pipeLate(target, client, roundTripMs / 2, 0);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

/** @param firstMs that the first bytes wait longer */
function pipeLate(from: Socket, to: Socket, delayMs: number, firstMs: number): void {
  const waiting: { readonly dueMs: number; readonly act: () => void }[] = [];
  let lastDueMs = 0;
  let extraMs = firstMs;
  const release = (): void => {
    while ((waiting[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= performance.now()) waiting.shift()?.act();
    const next = waiting[0];
    if (next !== undefined) setTimeout(release, Math.max(0, next.dueMs - performance.now()));
  };
  const later = (act: () => void): void => {
    lastDueMs = Math.max(lastDueMs, performance.now() + delayMs + extraMs);
    extraMs = 0;
    waiting.push({ dueMs: lastDueMs, act });
    if (waiting.length === 1) setTimeout(release, Math.max(0, lastDueMs - performance.now()));
  };
  from.on('data', (bytes) => later(() => void to.write(bytes)));
  from.on('end', () => later(() => void to.end()));
  from.on('close', (hadError) => {
    if (hadError) later(() => void to.destroy());
  });
}
