// Listens for devices on Node: WebSocket over TCP or TLS, on a port that plain HTTP may share.

import { X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { OutriderError } from '../../core/basics/errors.ts';
import { machineClock } from '../transport/machine-clock.ts';
import { subprotocol } from '../transport/socket-connection.ts';
import type { Accept, CloseReason, Connection, Listener } from '../transport/transport.ts';
import {
  defaultPortLimits,
  limitRequests,
  type PortLimits,
  peerAddress,
  type RequestBounds,
  serverOptionsOf,
  UpgradeRate,
} from './port-limits.ts';
import { answerUnread } from './request-bursts.ts';
import {
  createAddressGuard,
  createUpgradeGuard,
  type Refusal,
  refusalLine,
  type UpgradeGuard,
  type UpgradeRefusal,
} from './upgrade-guard.ts';
import { adoptSocket, socketOptions } from './ws-socket.ts';

/** Certificate (a chain, the own one first) and private key, PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** A listening port whose certificate can be replaced. */
export interface WebSocketListener extends Listener {
  /** For connections from now on. Without effect where the port has no TLS of its own. @throws Error if the two don't fit */
  renewCertificate(identity: TlsIdentity): void;
  /** Whether its certificate names this name, not by a wildcard; false where the port has no TLS of its own. */
  isOwnName(name: string): boolean;
}

/** Address of an edge, and the HTTP server that shares its port. */
export interface ListenSettings {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  /** Larger frames close the connection with 'protocol-error'. Default: the protocol's limit. */
  readonly maxFrameBytes?: number;
  /**
   * Answers plain HTTP requests on this port, those of a connection one after the other. Default: status 426. The guard refuses foreign hosts
   * and pages, as it does for upgrades.
   */
  readonly onRequest?: (...request: [...Parameters<RequestListener>, guard: UpgradeGuard]) => void;
  /** An existing server, for example HTTPS. If it is already listening, closing the listener does not close it. */
  readonly server?: Server;
  /** TLS 1.2 or newer with this certificate, unless `server` is given. Default: none, everything is sent in clear. */
  readonly tls?: TlsIdentity | undefined;
  /** Origins of pages that may connect: "https://page.example". Default: none. What is not a browser names no origin and may connect. */
  readonly allowOrigins?: readonly string[];
  /** Names of this edge in the addresses of devices, beside `host`, "localhost" and every IP address. Default: none. */
  readonly allowHosts?: readonly string[];
  /** Limits of what happens before a connection is open; missing ones are the default's. */
  readonly portLimits?: Partial<PortLimits>;
  /** Who asks, for limits and logs, where a proxy stands before this port. Where it fails, and by default: the socket's peer. */
  readonly addressOf?: (request: IncomingMessage) => string;
  /** Called for each upgrade that was refused, for logs and counts. */
  readonly onRefused?: (refusal: UpgradeRefusal) => void;
}

/**
 * Serves connections on a WebSocket port.
 * @throws OutriderError `port-in-use`, or `bad-argument` if host and port can't be bound, or for an origin or host that can't be one
 */
export async function listenWebSocket(settings: ListenSettings, accept: Accept): Promise<WebSocketListener> {
  const portLimits = { ...defaultPortLimits, ...settings.portLimits };
  const rate = new UpgradeRate(portLimits, machineClock);
  const report = (refusal: UpgradeRefusal): void => {
    try {
      settings.onRefused?.(refusal);
    } catch {
      // A log that fails must not end the process, which a throw in an event of the server would.
    }
  };
  const guardAddress = createAddressGuard({ ...settings, isOwnName: (name) => port.isOwnName?.(name) ?? false });
  const answer = settings.onRequest ?? demandUpgrade;
  const onRequest: RequestListener = (request, response) => answer(request, response, guardAddress);
  const port: OwnServer =
    settings.server === undefined ? openServer(settings, portLimits, report) : { server: settings.server };
  const { server } = port;
  const guard = createUpgradeGuard({ ...settings, isOwnName: port.isOwnName });
  const evicted = (address: string, detail: string): void => report({ reason: 'requests', address, detail });
  // A shared server has other connections, which are not ours to close.
  const requests = settings.server === undefined ? limitRequests(server, portLimits, evicted, onRequest) : null;
  if (requests !== null) refuseBrokenRequests(server, requests, report);
  const sockets = new WebSocketServer({
    ...socketOptions(settings.maxFrameBytes),
    noServer: true,
    clientTracking: false,
    handleProtocols: () => subprotocol,
  });
  const connections = new Set<Connection>();
  const adopt = (socket: WebSocket, stream: Duplex, address: string): void => {
    const onEnded = ({ code }: CloseReason): void => rate.ended(address, code);
    const connection = adoptSocket(socket, accept, { address, stream, onEnded });
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  };
  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const address = askingAddress(request, settings.addressOf);
    const hasRoom = requests?.upgraded(request.socket) !== false && rate.take(address);
    const refusal = hasRoom ? guard(request) : tooManyUpgrades;
    if (refusal !== null) {
      report({ reason: refusal.reason, address, detail: refusal.cause });
      refuseUpgrade(stream, refusal);
      return;
    }
    let isOpened = false;
    sockets.handleUpgrade(request, stream, head, (socket) => {
      isOpened = true;
      adopt(socket, stream, address);
    });
    // `ws` has answered already.
    if (!isOpened) report({ reason: 'request', address, detail: 'the handshake is not that of a WebSocket' });
  };
  const upgradeInTurn = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const act = (): void => upgrade(request, stream, head);
    if (requests === null) act();
    else requests.afterAnswers(request.socket, act);
  };
  const opened = !server.listening;
  if (opened) await bindServer(server, settings.host, settings.port);
  server.on('upgrade', upgradeInTurn);
  return {
    port: (server.address() as AddressInfo).port,
    renewCertificate: (identity) => port.renew?.(identity),
    isOwnName: (name) => port.isOwnName?.(name) ?? false,
    async close() {
      server.off('upgrade', upgradeInTurn);
      requests?.stop();
      for (const connection of connections) connection.close('interrupted', 'the edge is shutting down');
      if (!opened) return;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** The user's own function may fail for a request that it did not foresee; thrown in an event, that would end the process. */
function askingAddress(request: IncomingMessage, addressOf: ListenSettings['addressOf']): string {
  const own = peerAddress(request.socket.remoteAddress);
  try {
    const named: unknown = addressOf?.(request);
    return typeof named === 'string' ? named : own;
  } catch {
    return own;
  }
}

/** Bytes that are no request, and requests that do not become whole in time. */
function refuseBrokenRequests(
  server: Server,
  requests: RequestBounds,
  report: (refusal: UpgradeRefusal) => void,
): void {
  server.on('clientError', (error: Error & { readonly code?: string }, stream) => {
    const socket = stream as Socket;
    const address = peerAddress(socket.remoteAddress);
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const isLong = error.code === 'HPE_HEADER_OVERFLOW';
    const status = isLate ? '408 Request Timeout' : isLong ? '431 Request Header Fields Too Large' : '400 Bad Request';
    const detail = isLate ? 'a request that was not complete in time' : `no request: ${error.code ?? error.message}`;
    socket.on('error', () => {});
    requests.afterAnswers(socket, () => {
      // What failed in the TLS handshake is reported by `tlsClientError`.
      if (error.code?.startsWith('ERR_TLS_') !== true) report({ reason: 'request', address, detail });
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      setTimeout(() => socket.destroy(), refusedMs).unref();
    });
  });
  server.on('connect', ({ socket }, stream) => {
    report({ reason: 'request', address: peerAddress(socket.remoteAddress), detail: 'a request for a tunnel' });
    stream.destroy();
  });
}

interface OwnServer {
  readonly server: Server;
  /** Whether its certificate is for this name. */
  readonly isOwnName?: (name: string) => boolean;
  readonly renew?: (identity: TlsIdentity) => void;
}

function openServer(
  { tls }: Pick<ListenSettings, 'tls'>,
  portLimits: PortLimits,
  report: (refusal: UpgradeRefusal) => void,
): OwnServer {
  const options = serverOptionsOf(portLimits);
  if (tls === undefined) return { server: createServer(options) };
  let certificate = new X509Certificate(tls.cert);
  const settings = { minVersion: 'TLSv1.2' } as const;
  const server: TlsServer = createTlsServer({
    ...options,
    ...settings,
    ...tls,
    handshakeTimeout: portLimits.requestMs,
  });
  server.on('tlsClientError', (error: Error & { readonly code?: string }, socket) => {
    report({
      reason: 'tls',
      address: peerAddress(socket.remoteAddress),
      detail: `no TLS connection: ${error.code ?? ''}`,
    });
  });
  const renew = (identity: TlsIdentity): void => {
    server.setSecureContext({ ...settings, cert: identity.cert, key: identity.key });
    certificate = new X509Certificate(identity.cert);
  };
  // A name that a wildcard stands for may be that of somebody else's page.
  const isOwnName = (name: string): boolean => certificate.checkHost(name, { wildcards: false }) !== undefined;
  return { server, isOwnName, renew };
}

/** @throws OutriderError `port-in-use`, or `bad-argument` if host and port can't be bound */
export function bindServer(server: Server, host: string, port: number): Promise<void> {
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
    const remedy = 'stop what listens there, or choose another port (0 picks a free one)';
    return new OutriderError('port-in-use', `port ${port} on ${host} is taken`, remedy, { cause: error });
  }
  const cause = `can't listen on ${host}, port ${port}: ${error.code ?? error.message}`;
  return new OutriderError('bad-argument', cause, 'choose an address of this machine and a port above 1023', {
    cause: error,
  });
}

const tooManyUpgrades: Refusal = {
  reason: 'rate',
  status: '429 Too Many Requests',
  code: 'rate-limited',
  cause: 'too many connections from this address',
};

/** Time for a refused peer to read its answer, ms. */
const refusedMs = 1000;

function refuseUpgrade(stream: Duplex, { status, ...refusal }: Refusal): void {
  const text = refusalLine(refusal);
  stream.on('error', () => {});
  setTimeout(() => stream.destroy(), refusedMs).unref();
  stream.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length + 1}\r\n\r\n${text}\n`,
  );
}

/** The answer to a request that asks for no WebSocket. */
export const demandUpgrade: RequestListener = (request, response) =>
  answerUnread(request, () => {
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade, close', 'Content-Type': 'text/plain' });
    response.end(`This port speaks WebSocket, subprotocol ${subprotocol}.\n`);
  });
