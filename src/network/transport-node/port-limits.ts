// What a port spends on peers that have not opened a connection yet: how many may be asking for one, for how long, and how often one address
// may ask. The WebSocket itself is limited in core/protocol/edge/edge-connections.ts.

import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { between, type Checks, optional, whole } from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { RateBook } from '../../core/protocol/wire/rate-book.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { CloseReason } from '../transport/transport.ts';
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
  /** TCP connections that are no WebSocket, running answers included. Beyond it the newest of the address that has the most is. */
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

/** Event of a request that is not whole and has to make room: whoever reads it answers with 429. */
export const turnedAwayEvent = 'turned-away';
/** Connections without room that are kept until they have read so, and for how long, ms. */
const mostTurnedAway = 1024;
const turnedAwayMs = 1000;
/** Time from a new connection to the check for too many idle ones, ms. */
const idleCheckMs = 10;
/** Most of the body of such a request that is read, so that its client comes to read the answer. */
const mostUnread = 262_144;

/** What keeps a port's connections within its limits. */
export interface RequestBounds {
  /** The request of this connection became a WebSocket. @returns false: the connection has no room, and is to be refused */
  upgraded(socket: Socket): boolean;
  stop(): void;
}

/**
 * Answers the requests of a server, and turns connections away where there are too many: of those whose request is not whole, the oldest
 * one of the address that has the most; of all, the newest one of that address. One whose request is whole keeps its room until it is
 * answered, unless only such ones are left. A connection without room is refused in answer to its request, and closed if it asks for
 * nothing in a second.
 */
export function limitRequests(
  server: Server,
  limits: PortLimits,
  evicted: (address: string, detail: string) => void,
  onRequest: RequestListener,
  clock: Pick<Clock, 'nowMs'> = machineClock,
): RequestBounds {
  const waiting = new Map<Socket, Waiting>();
  const turnedAway = new TurnedAway();
  const turns = new RequestTurns(limits, clock);
  let isCheckPlanned = false;
  const turnAway = (entry: Waiting): void => {
    const { socket, address, request, hasAsked, begin } = entry;
    waiting.delete(socket);
    turnedAway.add(socket, entry);
    // A client expects that a connection that it keeps may close, and opens another one.
    if (begin !== null) request?.resume();
    else if (request === null ? hasAsked : !request.emit(turnedAwayEvent)) socket.destroy();
    evicted(address, 'too many connections that ask for nothing');
  };
  const bursts = new BurstBook(clock);
  /** @param isBurst whether so much came at once that its address must rest after several */
  const refuse = (request: IncomingMessage, detail: string, isBurst: boolean): void => {
    const address = peerAddress(request.socket.remoteAddress);
    request.socket.destroy();
    evicted(address, detail);
    if (!isBurst || !bursts.mustRest(address)) return;
    for (const [socket, other] of waiting) if (other.address === address && !isWhole(other)) socket.destroy();
  };
  const add = (socket: Socket): void => {
    const address = peerAddress(socket.remoteAddress);
    if (bursts.isBarred(address)) return void socket.destroy();
    const state = { hasRoom: true, request: null, hasAsked: false, begin: null, isRefused: false };
    waiting.set(socket, { socket, address, ...state });
    socket.once('close', () => waiting.delete(socket));
    if (waiting.size > limits.connections) takeFromBusiest(newestFirst(waiting), 1).forEach(turnAway);
    // What a connection asks is not read at once: until then it is not known whether it asks for anything.
    if (isCheckPlanned) return;
    isCheckPlanned = true;
    setTimeout(() => {
      isCheckPlanned = false;
      tooManyIdle(waiting, limits).forEach(turnAway);
    }, idleCheckMs).unref();
  };
  const asked: RequestListener = (request, response) => {
    if (request.socket.destroyed) return;
    watchChunks(request, (areAtOnce) => refuse(request, 'a body in tiny chunks', areAtOnce));
    const entry = entryOf(waiting, request.socket) ?? turnedAway.entryOf(request.socket);
    const { address = '', begin: waits = null } = entry ?? {};
    // Node continues to read what a connection asks: requests that wait must not grow in number.
    if (waits !== null) {
      refuse(request, 'requests in a row', true);
      return;
    }
    const begin = handlerOf(entry, request, response, onRequest, () => turns.left(address));
    // Its body is not kept.
    if (entry?.hasRoom === false) request.resume();
    turns.take(address, begin, () => request.socket.destroyed);
  };
  server.on('connection', add);
  server.on('request', asked);
  return {
    upgraded: (socket) => {
      const entry = entryOf(waiting, socket);
      if (entry !== undefined) waiting.delete(entry.socket);
      return entry !== undefined || turnedAway.entryOf(socket) === undefined;
    },
    stop: () => {
      server.off('connection', add);
      server.off('request', asked);
      turns.stop();
      // The server's own closing does not end a connection whose TLS handshake has not.
      for (const socket of waiting.keys()) socket.destroy();
    },
  };
}

/**
 * @param entry of the request's connection
 * @param left is called if the client leaves before its answer is whole
 * @returns a function that answers the request, unless that connection is closed
 */
function handlerOf(
  entry: Waiting | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  onRequest: RequestListener,
  left: () => void,
): () => void {
  let hasBegun = false;
  const begin = (): void => {
    if (request.socket.destroyed) return;
    hasBegun = true;
    if (entry !== undefined) entry.begin = null;
    if (entry?.hasRoom !== false) answerWith(onRequest, request, response);
    else {
      entry.isRefused = true;
      answerTooMany(request, response);
    }
  };
  if (entry !== undefined) [entry.request, entry.hasAsked, entry.begin] = [request, true, begin];
  response.once('close', () => {
    if (entry?.request === request) entry.request = null;
    if (hasBegun && !response.writableEnded) left();
  });
  return begin;
}

function answerWith(onRequest: RequestListener, request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'POST') onRequest(request, response);
  else answerUnread(request, () => onRequest(request, response));
}

/** Connections that have no room: for a second, or until the answer to their request. */
class TurnedAway {
  readonly #entries = new Map<Socket, Waiting>();

  add(socket: Socket, entry: Waiting): void {
    entry.hasRoom = false;
    this.#entries.set(socket, entry);
    // What has come meanwhile is read first.
    const end = (): void => {
      if (!entry.isRefused && entry.begin === null) socket.destroy();
    };
    const timer = setTimeout(() => setImmediate(end), turnedAwayMs);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#entries.delete(socket);
    });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > mostTurnedAway) oldest?.destroy();
  }

  entryOf(socket: Socket): Waiting | undefined {
    return entryOf(this.#entries, socket);
  }
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

interface Waiting {
  readonly socket: Socket;
  readonly address: string;
  hasRoom: boolean;
  /** Its request that is not answered yet. */
  request: IncomingMessage | null;
  /** Whether it had one. */
  hasAsked: boolean;
  /** Answers a request that waits for its turn; null: none does. */
  begin: (() => void) | null;
  /** Its answer is that it has no room. */
  isRefused: boolean;
}

function isWhole({ request }: Waiting): boolean {
  return request?.complete === true;
}

/** Over TLS the request's socket is another object than the connection's. */
function entryOf(entries: ReadonlyMap<Socket, Waiting>, socket: Socket): Waiting | undefined {
  const entry = entries.get(socket);
  if (entry !== undefined || !('encrypted' in socket)) return entry;
  const { remoteAddress, remotePort } = socket;
  const isSame = ({ socket: one }: Waiting): boolean =>
    one.remotePort === remotePort && one.remoteAddress === remoteAddress;
  return [...entries.values()].find(isSame);
}

/** Those that ask for nothing before the others. */
function newestFirst(waiting: ReadonlyMap<Socket, Waiting>): readonly Waiting[] {
  const all = [...waiting.values()].reverse();
  return [...all.filter((entry) => !isWhole(entry)), ...all.filter(isWhole)];
}

function tooManyIdle(waiting: ReadonlyMap<Socket, Waiting>, { requests }: PortLimits): readonly Waiting[] {
  if (waiting.size <= requests) return [];
  const idle = [...waiting.values()].filter((entry) => !isWhole(entry));
  return takeFromBusiest(idle, idle.length - requests);
}

/** So many of them, one after the other the first of the address that has the most. */
function takeFromBusiest(entries: readonly Waiting[], count: number): readonly Waiting[] {
  if (count <= 0) return [];
  const lists = [...Map.groupBy(entries, ({ address }) => address).values()];
  return Array.from({ length: count }, () => {
    return lists.reduce((one, other) => (other.length > one.length ? other : one)).shift();
  }).filter((entry) => entry !== undefined);
}
