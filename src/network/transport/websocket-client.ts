// Connects to an edge over the platform's own WebSocket: browsers, Node from version 22 on, Bun, Deno. Compared with the package `ws`
// (transport-node/websocket-client.ts), such a WebSocket gives no reason for a refused connection, checks the size of a frame only after
// it has arrived, must be polled for a drained send buffer, and can't drop a connection without a close.

import type { OutriderError } from '../../core/basics/errors.ts';
import { parseEdgeAddress, unreachableEdge } from './edge-address.ts';
import { interrupted } from './endings.ts';
import { SocketConnection, subprotocol } from './socket-connection.ts';
import { type Accept, type Connect, defaultMaxFrameBytes, sendMarkBytes } from './transport.ts';
import { droppedFrame, lostFrame } from './websocket-close.ts';

/** Limits for {@link connectWebSocket}. */
export interface ConnectSettings {
  /** Larger frames close the connection with `protocol-error`. Default: the protocol's limit. */
  readonly maxFrameBytes?: number;
  /** Time limit for opening the connection; default 10,000. */
  readonly timeoutMs?: number;
}

export const defaultConnectTimeoutMs = 10_000;
/** Polling interval of a send buffer above its mark. */
const drainCheckMs = 5;

/**
 * Creates a connector to an edge. A page that was loaded over https may only connect to wss addresses.
 * @param url ws, wss, http or https
 * @throws OutriderError `bad-argument` if `url` is none of these; the connector throws `edge-unreachable` for every refusal
 */
export function connectWebSocket(url: string, settings: ConnectSettings = {}): Connect {
  const target = parseEdgeAddress(url);
  return (accept, options) => openSocket(target, settings, accept, options?.signal);
}

function openSocket(
  target: URL,
  { timeoutMs = defaultConnectTimeoutMs, maxFrameBytes = defaultMaxFrameBytes }: ConnectSettings,
  accept: Accept,
  signal: AbortSignal | undefined,
): Promise<SocketConnection> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(interrupted());
      return;
    }
    const socket = createSocket(target);
    const leave = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.onopen = socket.onclose = null;
    };
    const refuse = (error: OutriderError): void => {
      leave();
      socket.close();
      reject(error);
    };
    const abort = (): void => refuse(interrupted());
    const timer = setTimeout(() => refuse(unreachableEdge(target, `no answer in ${timeoutMs} ms`)), timeoutMs);
    signal?.addEventListener('abort', abort);
    socket.onclose = ({ code }) => refuse(unreachableEdge(target, `the connection was refused (${code})`));
    socket.onopen = () => {
      leave();
      resolve(adopt(socket, accept, maxFrameBytes));
    };
  });
}

/** @throws OutriderError `edge-unreachable` if the page may not connect: ws from https, or its content security policy */
function createSocket(target: URL): WebSocket {
  try {
    const socket = new WebSocket(target, subprotocol);
    socket.binaryType = 'arraybuffer';
    return socket;
  } catch (error) {
    throw unreachableEdge(target, error instanceof Error ? error.message : String(error), error);
  }
}

function adopt(socket: WebSocket, accept: Accept, maxFrameBytes: number): SocketConnection {
  let drainTimer: ReturnType<typeof setInterval> | undefined;
  const watchDrain = (flushed: () => void): void => {
    if (drainTimer !== undefined || socket.bufferedAmount <= sendMarkBytes) return;
    drainTimer = setInterval(() => {
      if (socket.bufferedAmount <= sendMarkBytes) stopWatching();
      flushed();
    }, drainCheckMs);
  };
  const stopWatching = (): void => {
    clearInterval(drainTimer);
    drainTimer = undefined;
  };
  const end = (frame: Parameters<SocketConnection['closed']>[0]): void => {
    socket.onmessage = socket.onclose = null;
    stopWatching();
    connection.closed(frame);
  };
  const connection = new SocketConnection(
    {
      get isOpen() {
        return socket.readyState === socket.OPEN;
      },
      get waitingBytes() {
        return socket.bufferedAmount;
      },
      send(bytes, flushed) {
        // The platform's type excludes memory that is shared between threads; frames never use it.
        socket.send(bytes as Uint8Array<ArrayBuffer>);
        watchDrain(flushed);
      },
      close: ({ closeCode, reasonText }) => socket.close(closeCode, reasonText),
      drop() {
        socket.close(droppedFrame.closeCode);
        setTimeout(() => end(lostFrame), 0);
      },
    },
    accept,
  );
  socket.onmessage = ({ data }: MessageEvent) => {
    const bytes = typeof data === 'string' ? null : new Uint8Array(data as ArrayBuffer);
    if (bytes === null || bytes.length <= maxFrameBytes) connection.arrive(bytes);
    else connection.close('protocol-error', `a frame of ${bytes.length} bytes is over the limit of ${maxFrameBytes}`);
  };
  socket.onclose = ({ code, reason }) => end({ closeCode: code, reasonText: reason });
  return connection;
}
