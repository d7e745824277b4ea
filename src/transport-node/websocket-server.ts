// The transport of the real system on Node: WebSocket frames over TCP or TLS, subprotocol outrider.1, sharing its port with
// plain HTTP. Browsers will have their own `Connect` over the built-in WebSocket.

import { createServer, type IncomingMessage, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { OutriderError } from '../basics/errors.ts';
import { interrupted } from '../transport/endings.ts';
import type { Accept, Connect, Connection, Listener } from '../transport/transport.ts';
import { adoptSocket, socketOptions, subprotocol } from '../transport/socket-connection.ts';

export interface ListenSettings {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Larger frames close the connection with 'protocol-error'. Default: the protocol's limit. */
  readonly maxFrameBytes?: number;
  /** Answers plain HTTP requests on this port; without it they get 426. */
  readonly onRequest?: RequestListener;
  /** A server to share instead of a new one, HTTPS for instance. Its owner closes it, unless it was not listening yet. */
  readonly server?: Server;
}

export interface ConnectSettings {
  readonly maxFrameBytes?: number;
  /** Until the connection is open. */
  readonly timeoutMs?: number;
}

const defaultConnectTimeoutMs = 10_000;
const maxRefusalBytes = 1000;

/** @throws OutriderError `bad-argument` if `url` is not ws, wss, http or https. */
export function connectWebSocket(url: string, settings: ConnectSettings = {}): Connect {
  const target = parseUrl(url);
  return (accept, options) =>
    new Promise((resolve, reject) => {
      const signal = options?.signal;
      if (signal?.aborted === true) {
        reject(interrupted());
        return;
      }
      const socket = new WebSocket(target, subprotocol, {
        ...socketOptions(settings.maxFrameBytes),
        handshakeTimeout: settings.timeoutMs ?? defaultConnectTimeoutMs,
      });
      const refuse = (error: OutriderError): void => {
        signal?.removeEventListener('abort', abort);
        reject(error);
        socket.on('error', () => {});
        socket.terminate();
      };
      const abort = (): void => refuse(interrupted());
      const fail = (error: Error): void => refuse(unreachable(target, error));
      signal?.addEventListener('abort', abort);
      socket.on('error', fail);
      socket.on('unexpected-response', (_request, response) => {
        readRefusal(response, (text) => refuse(refusal(target, response.statusCode ?? 0, text)));
      });
      socket.on('open', () => {
        signal?.removeEventListener('abort', abort);
        socket.off('error', fail);
        resolve(adoptSocket(socket, accept));
      });
    });
}

/** @throws OutriderError `port-in-use`, or `bad-argument` if host and port can't be bound. */
export async function listenWebSocket(settings: ListenSettings, accept: Accept): Promise<Listener> {
  const server = settings.server ?? createServer(settings.onRequest ?? demandUpgrade);
  const sockets = new WebSocketServer({
    ...socketOptions(settings.maxFrameBytes),
    noServer: true,
    clientTracking: false,
    handleProtocols: () => subprotocol,
  });
  const connections = new Set<Connection>();
  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    if (!offersOurs(request)) {
      refuseUpgrade(stream, `version-mismatch this edge speaks ${subprotocol}\n`);
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const connection = adoptSocket(socket, accept);
      connections.add(connection);
      socket.once('close', () => connections.delete(connection));
    });
  };
  const opened = !server.listening;
  if (opened) await bind(server, settings.host, settings.port);
  server.on('upgrade', upgrade);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.off('upgrade', upgrade);
      for (const connection of connections) connection.close('interrupted', 'the edge is shutting down');
      if (!opened) return;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function parseUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !/^(ws|http)s?:$/.test(target.protocol)) {
    throw new OutriderError('bad-argument', `"${url}" is no address of an edge`, 'write it as ws://host:port');
  }
  target.protocol = target.protocol.replace('http', 'ws');
  target.hash = '';
  return target;
}

function readRefusal(response: IncomingMessage, done: (text: string) => void): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (part: string) => {
    text += part;
    if (text.length > maxRefusalBytes) response.destroy();
  });
  response.on('close', () => done(text.slice(0, maxRefusalBytes)));
  response.on('error', () => {});
}

function refusal(target: URL, status: number, text: string): OutriderError {
  if (text.startsWith('version-mismatch')) return versionMismatch(target, text.split('\n')[0]);
  const meaning = STATUS_CODES[status] ?? 'no known status';
  const cause = `${target.href} answered ${status} (${meaning}) instead of opening a connection`;
  return new OutriderError('edge-unreachable', cause, 'check the address: an `outrider edge` must listen there');
}

function versionMismatch(target: URL, cause?: string): OutriderError {
  const said = cause?.replace('version-mismatch ', '') ?? 'it does not say what it speaks';
  return new OutriderError(
    'version-mismatch',
    `${target.href} does not speak ${subprotocol}: ${said}`,
    'run the same version of outrider on device and edge',
  );
}

function unreachable(target: URL, error: Error & { readonly code?: string }): OutriderError {
  if (error.message.includes('subprotocol')) return versionMismatch(target);
  const cause = `no connection to ${target.href}: ${error.code ?? error.message}`;
  return new OutriderError('edge-unreachable', cause, 'check the address, and that `outrider edge` runs there', {
    cause: error,
  });
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(bindError(error, host, port));
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): OutriderError {
  if (error.code === 'EADDRINUSE') {
    const remedy = 'stop what listens there, or choose another --port (0 picks a free one)';
    return new OutriderError('port-in-use', `port ${port} on ${host} is taken`, remedy, { cause: error });
  }
  const cause = `can't listen on ${host}, port ${port}: ${error.code ?? error.message}`;
  return new OutriderError('bad-argument', cause, 'choose an address of this machine and a port above 1023', {
    cause: error,
  });
}

function offersOurs(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim() === subprotocol);
}

function refuseUpgrade(stream: Duplex, text: string): void {
  stream.on('error', () => {});
  stream.end(
    `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
}

const demandUpgrade: RequestListener = (_request, response) => {
  response.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade', 'Content-Type': 'text/plain' });
  response.end(`This port speaks WebSocket, subprotocol ${subprotocol}.\n`);
};
