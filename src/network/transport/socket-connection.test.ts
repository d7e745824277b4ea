import { expect, it } from 'vitest';
import { type RawSocket, SocketConnection } from './socket-connection.ts';
import { sendMarkBytes } from './transport.ts';

function scene() {
  let waitingBytes = 0;
  let flushed = (): void => {};
  let writableCount = 0;
  const socket: RawSocket = {
    isOpen: true,
    get waitingBytes() {
      return waitingBytes;
    },
    send(_bytes, whenFlushed) {
      flushed = whenFlushed;
    },
    close: () => {},
    drop: () => {},
  };
  const connection = new SocketConnection(socket, () => ({
    frame: () => {},
    closed: () => {},
    writable: () => {
      writableCount += 1;
    },
  }));
  return {
    connection,
    wait: (bytes: number) => {
      waitingBytes = bytes;
    },
    flush: () => flushed(),
    writableCount: () => writableCount,
  };
}

it('says once that there is room again, where there was none', () => {
  const { connection, wait, flush, writableCount } = scene();
  wait(sendMarkBytes);
  connection.send(Uint8Array.of(1));
  flush();
  expect([connection.writable, writableCount()]).toEqual([true, 0]);
  wait(sendMarkBytes + 1);
  connection.send(Uint8Array.of(2));
  flush();
  expect([connection.writable, writableCount()]).toEqual([false, 0]);
  wait(sendMarkBytes);
  flush();
  flush();
  expect(writableCount()).toBe(1);
});

it('says nothing of room once it was closed', () => {
  const { connection, wait, flush, writableCount } = scene();
  wait(sendMarkBytes + 1);
  connection.send(Uint8Array.of(1));
  connection.close('edge-unreachable', '');
  wait(0);
  flush();
  expect(writableCount()).toBe(0);
});
