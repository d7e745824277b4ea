// An open WebSocket of the package `ws` as a Connection. Only this folder uses `ws`.

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { SocketConnection } from '../transport/socket-connection.ts';
import { type Accept, type CloseReason, type Connection, defaultMaxFrameBytes } from '../transport/transport.ts';

/** Options of both ends. Frames have a few bytes, so compression would only add latency. `ws` itself sets TCP_NODELAY. */
export function socketOptions(maxFrameBytes: number = defaultMaxFrameBytes): SocketOptions {
  return { perMessageDeflate: false, maxPayload: maxFrameBytes, autoPong: false };
}

interface SocketOptions {
  readonly perMessageDeflate: false;
  readonly maxPayload: number;
  readonly autoPong: false;
}

export interface Peer {
  readonly address?: string;
  /** As `isPeerChecked` of a {@link Connection}. */
  readonly isChecked?: boolean;
  /** Below the WebSocket: `ws` holds the bytes of unfinished frames, and only the stream counts them. */
  readonly stream?: Duplex;
  /** Called when this side ends the connection, and why. */
  readonly onEnded?: (reason: CloseReason) => void;
}

/** `ws` would read what has come but was not read yet before it closes: of a flood that is much work, for nothing. */
function discardUnread(stream: Duplex | undefined): void {
  stream?.removeAllListeners('data');
  stream?.pause().read();
}

/** Must be called before a frame can arrive, that is, within the event that opened the socket. */
export function adoptSocket(socket: WebSocket, accept: Accept, peer: Peer = {}): Connection {
  const connection = new SocketConnection(
    {
      get isOpen() {
        return socket.readyState === socket.OPEN;
      },
      get waitingBytes() {
        return socket.bufferedAmount;
      },
      send: (bytes, flushed) => socket.send(bytes, { binary: true }, flushed),
      close: ({ closeCode, reasonText }) => socket.close(closeCode, reasonText),
      ended: peer.onEnded,
      stopReading: () => socket.pause(),
      drop: () => {
        discardUnread(peer.stream);
        socket.terminate();
      },
      address: peer.address,
      isPeerChecked: peer.isChecked,
    },
    accept,
  );
  socket.on('message', (data, isBinary) => {
    if (connection.hasEnded) return;
    // Buffer.slice shares memory, Uint8Array.slice copies; the holder must get a plain Uint8Array.
    const isBytes = isBinary && data instanceof Uint8Array;
    connection.arrive(isBytes ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : null);
  });
  peer.stream?.on('data', (bytes: Uint8Array) => connection.arriving(bytes.length));
  socket.on('pong', (payload) => connection.control(payload.length));
  socket.on('ping', (payload) => {
    connection.control(payload.length);
    // Only if writable, so that a peer that pings and never reads cannot fill a buffer.
    if (connection.writable) socket.pong(payload);
  });
  socket.on('error', (error: Error & { readonly code?: string }) => {
    connection.failed(error.message, error.code?.startsWith('WS_ERR') === true);
  });
  socket.on('close', (closeCode, reason) => connection.closed({ closeCode, reasonText: reason.toString('utf8') }));
  return connection;
}
