// What a port spends on peers that have not opened a connection yet: how many may be asking for one, for how long, and how often one address
// may ask. The WebSocket itself is limited in core/protocol/edge/edge-connections.ts.

import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { between, type Checks, optional, whole } from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { RateBook } from '../../core/protocol/wire/rate-book.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { CloseReason } from '../transport/transport.ts';
import { ConnectionRooms, turnedAwayMs, type Waiting } from './connection-rooms.ts';
import { answerUnread, BurstBook, watchChunks } from './request-bursts.ts';
import { RequestTurns } from './request-turns.ts';

/** What one port allows the connections of one address, and of all. */
export interface PortLimits {
  /** Time for a request's headers, ms. */
  readonly requestMs: number;
  /**
   * TCP connections that are no WebSocket and whose request is not whole. Beyond it the oldest one of the address that has the most is
   * turned away: its request is answered with 429.
   */
  readonly requests: number;
  /**
   * TCP connections that are no WebSocket, running answers included. Beyond it one that is kept and asks for nothing is closed, otherwise the
   * newest of the address that has the most is turned away.
   */
  readonly connections: number;
  /** Connections that one address may ask for, lasting and at once; beyond it: status 429. */
  readonly upgradesPerSecond: number;
  readonly burstUpgrades: number;
  /** Requests over HTTP that one address may begin, lasting and at once; the others wait. */
  readonly requestsPerSecond: number;
  readonly burstRequests: number;
}

export const defaultPortLimits: PortLimits = {
  requestMs: 15_000,
  requests: 512,
  connections: 2048,
  upgradesPerSecond: 256,
  burstUpgrades: 2048,
  requestsPerSecond: 256,
  burstRequests: 512,
};

export const portLimitChecks: Checks<Partial<PortLimits>> = {
  requestMs: optional(between(1)),
  requests: optional(whole(1)),
  connections: optional(whole(1)),
  upgradesPerSecond: optional(between(0)),
  burstUpgrades: optional(between(1)),
  requestsPerSecond: optional(between(0)),
  burstRequests: optional(between(1)),
};

/** For a server of this package's own. */
export function serverOptionsOf({ requestMs }: PortLimits): ServerOptions {
  return {
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    keepAliveTimeout: requestMs,
    connectionsCheckingInterval: Math.max(50, Math.min(1000, requestMs / 2)),
    maxHeaderSize: 8192,
  };
}

/** IPv4 as it is; of IPv6 the first half, because whoever has one such address has all of that half. */
export function peerAddress(address: string | undefined): string {
  if (address === undefined) return '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const half = [...left, ...zeros, ...right].slice(0, 4).map((part) => part.toLowerCase());
  if (half.every((part) => part === '0')) return address;
  return `${half.join(':')}::/64`;
}

/**
 * The work of a connection that this side ends, in upgrades. What has come in one piece of 64 KiB is read before a connection can be
 * closed; for `edge-full` a key is checked and a place sought.
 */
const endedUpgrades: { readonly [Code in CloseReason['code']]?: number } = {
  'protocol-error': 128,
  'rate-limited': 128,
  unauthorized: 32,
  'edge-full': 4,
};

/** How often each address asks. */
export class UpgradeRate {
  readonly #rates: RateBook;
  readonly #clock: Clock;

  constructor({ upgradesPerSecond, burstUpgrades }: PortLimits, clock: Clock) {
    const frames = { framesPerSecond: upgradesPerSecond, burstFrames: burstUpgrades };
    this.#rates = new RateBook({ ...frames, bytesPerSecond: 1, burstBytes: 1 });
    this.#clock = clock;
  }

  take(address: string): boolean {
    return this.#rates.take(address, this.#clock.nowMs(), 0) === 0;
  }

  /** This side has ended a connection of this address: it may ask for {@link endedUpgrades} connections less. */
  ended(address: string, code: CloseReason['code']): void {
    const upgrades = endedUpgrades[code];
    if (upgrades !== undefined) this.#rates.penalise(address, this.#clock.nowMs(), upgrades);
  }
}

/** Most of the body of such a request that is read, so that its client comes to read the answer. */
const mostUnread = 262_144;

/** The answer to the first of them, where it has none yet. */
const refusedWhole =
  'HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n';

/** What keeps a port's connections within its limits. */
export interface RequestBounds {
  /** The next request of this connection is to become a WebSocket. @returns false: the connection has no room, and is to be refused */
  upgraded(socket: Socket): boolean;
  /** Acts when what this connection has asked before is answered, and answers nothing that comes later. */
  afterAnswers(socket: Socket, act: () => void): void;
  stop(): void;
}

/**
 * Answers the requests of a server, those of one connection one after the other, and turns connections away where there are too many: those
 * that are kept and ask for nothing first; of those whose request is not whole, the oldest one of the address that has the most; of all, the
 * newest one of that address. One whose request is whole keeps its room until it is answered, unless only such ones are left. A connection
 * without room is refused in answer to its request, and closed if it asks for nothing in a second.
 */
export function limitRequests(
  server: Server,
  limits: PortLimits,
  evicted: (address: string, detail: string) => void,
  onRequest: RequestListener,
  clock: Pick<Clock, 'nowMs'> = machineClock,
): RequestBounds {
  const turns = new RequestTurns(limits, clock);
  const rooms = new ConnectionRooms(limits, turns, evicted);
  const bursts = new BurstBook(clock);
  /** @param isBurst whether so much came at once that its address must rest after several */
  const refuse = (request: IncomingMessage, detail: string, isBurst: boolean): void => {
    const address = peerAddress(request.socket.remoteAddress);
    request.socket.destroy();
    evicted(address, detail);
    if (isBurst && bursts.mustRest(address)) rooms.endOf(address);
  };
  const add = (socket: Socket): void => {
    const address = peerAddress(socket.remoteAddress);
    if (bursts.isBarred(address)) socket.destroy();
    else rooms.add(socket, address);
  };
  const asks: RequestListener = (request, response) => {
    const { socket } = request;
    const entry = rooms.entryOf(socket);
    if (socket.destroyed || entry === undefined || entry.asked.isEnding) return;
    const { asked } = entry;
    watchChunks(request, (areAtOnce) => refuse(request, 'a body in tiny chunks', areAtOnce));
    // Node continues to read what a connection asks: requests that wait must not grow in number.
    if (asked.isFull) {
      if (asked.first?.response?.headersSent === false) socket.write(refusedWhole);
      refuse(request, 'requests in a row', true);
      return;
    }
    asked.add(request, response, () => begin(entry, request, response, onRequest));
    // Its body is not kept.
    if (!entry.hasRoom) request.resume();
  };
  server.on('connection', add);
  server.on('request', asks);
  return {
    upgraded: (socket) => rooms.leave(socket),
    afterAnswers: (socket, act) => {
      // Node listens no longer, and `ws` does not while the upgrade waits.
      socket.on('error', () => {});
      const asked = rooms.entryOf(socket)?.asked;
      if (asked === undefined) act();
      else asked.after(act);
    },
    stop: () => {
      server.off('connection', add);
      server.off('request', asks);
      turns.stop();
      // The server's own closing does not end a connection whose TLS handshake has not.
      rooms.endAll();
    },
  };
}

function begin(entry: Waiting, request: IncomingMessage, response: ServerResponse, onRequest: RequestListener): void {
  if (request.socket.destroyed) return;
  if (!entry.hasRoom) {
    entry.isRefused = true;
    answerTooMany(request, response);
    return;
  }
  const { 'transfer-encoding': encoding, 'content-length': length = '0' } = request.headers;
  const keeps = response.shouldKeepAlive;
  // What is left of a body would have to be read before the next request.
  if (encoding !== undefined || Number(length) > 0) {
    response.shouldKeepAlive = false;
    request.once('end', () => {
      response.shouldKeepAlive = keeps;
    });
  }
  answerWith(onRequest, request, response);
}

function answerWith(onRequest: RequestListener, request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'POST') onRequest(request, response);
  else answerUnread(request, () => onRequest(request, response));
}

/** The answer of a port that has no room for this connection, in the shape that OpenAI's clients read. */
function answerTooMany(request: IncomingMessage, response: ServerResponse): void {
  const message = 'this port has too many connections whose requests are not whole; try again later';
  const body = { error: { message, type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' } };
  response.shouldKeepAlive = false;
  const answer = (): void => {
    if (response.headersSent) return;
    response.writeHead(429, { 'Content-Type': 'application/json', 'Retry-After': '1' });
    response.end(JSON.stringify(body));
  };
  setTimeout(answer, turnedAwayMs / 4).unref();
  let unread = mostUnread;
  request.on('end', answer).on('data', (chunk: Buffer) => {
    unread -= chunk.length;
    if (unread < 0) answer();
  });
}
