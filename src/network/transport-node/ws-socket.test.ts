import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { adoptSocket } from './ws-socket.ts';

it('discards what has come and was not read before it drops a connection', () => {
  const terminate = vi.fn();
  const socket = Object.assign(new EventEmitter(), { readyState: 1, OPEN: 1, terminate }) as unknown as WebSocket;
  const stream = new PassThrough();
  const read = vi.fn();
  stream.on('data', read);
  const handler = { frame: vi.fn(), writable: vi.fn(), closed: vi.fn() };
  const connection = adoptSocket(socket, () => handler, { stream });
  stream.pause();
  stream.write(Buffer.alloc(10_000));
  connection.close('edge-unreachable', 'gone');
  expect(terminate).toHaveBeenCalledOnce();
  expect(stream.readableLength).toBe(0);
  expect(read).not.toHaveBeenCalled();
  socket.emit('message', Buffer.of(1), true);
  expect(handler.frame).not.toHaveBeenCalled();
});
