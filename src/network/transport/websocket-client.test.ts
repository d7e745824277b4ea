// The platform's own WebSocket has to be polled for room; here one whose buffer the test fills.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Connection, sendMarkBytes } from './transport.ts';
import { connectWebSocket } from './websocket-client.ts';

class FullSocket {
  static last: FullSocket;
  readonly OPEN = 1;
  readonly readyState = 1;
  readonly protocol = 'outrider.3';
  bufferedAmount = 0;
  onopen = (): void => {};
  onclose = (_end: { readonly code: number; readonly reason: string }): void => {};
  constructor() {
    FullSocket.last = this;
  }
  send(bytes: Uint8Array): void {
    this.bufferedAmount += bytes.length;
  }
  close(): void {}
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FullSocket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function connected() {
  let rooms = 0;
  const connecting = connectWebSocket('ws://127.0.0.1:1')(() => ({
    frame: () => {},
    closed: () => {},
    writable: () => {
      rooms += 1;
    },
  }));
  FullSocket.last.onopen();
  const connection: Connection = await connecting;
  return { connection, socket: FullSocket.last, rooms: () => rooms };
}

it('polls with one timer, and only while too much waits', async () => {
  const { connection, socket, rooms } = await connected();
  connection.send(new Uint8Array(sendMarkBytes));
  expect(vi.getTimerCount()).toBe(0);
  for (let more = 0; more < 3; more += 1) connection.send(Uint8Array.of(1));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(100);
  expect([connection.writable, rooms()]).toEqual([false, 0]);
  socket.bufferedAmount = sendMarkBytes;
  vi.advanceTimersByTime(100);
  expect([connection.writable, rooms(), vi.getTimerCount()]).toEqual([true, 1, 0]);
});

it('polls no more once the connection has ended', async () => {
  const { connection, socket } = await connected();
  connection.send(new Uint8Array(sendMarkBytes + 1));
  socket.onclose({ code: 1006, reason: '' });
  expect(vi.getTimerCount()).toBe(0);
});
