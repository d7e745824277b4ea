// What a port spends on peers that have not opened a connection yet: how many may be asking for one, for how long, and how often one address
// may ask. The WebSocket itself is limited in core/protocol/edge/edge-connections.ts.

import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { between, type Checks, optional, whole } from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { RateBook } from '../../core/protocol/wire/rate-book.ts';
import { machineClock } from '../transport/machine-clock.ts';
import { answerUnread, SmallChunks } from './small-chunks.ts';

/** Limits of a port. */
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
}

export const defaultPortLimits: PortLimits = {
  requestMs: 15_000,
  requests: 512,
  connections: 2048,
  upgradesPerSecond: 256,
  burstUpgrades: 2048,
};

export const portLimitChecks: Checks<Partial<PortLimits>> = {
  requestMs: optional(between(1)),
  requests: optional(whole(1)),
  connections: optional(whole(1)),
  upgradesPerSecond: optional(between(0)),
  burstUpgrades: optional(between(1)),
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

/** What has come in one piece of 64 KiB is read before a connection can be closed: about as much work as so many upgrades. */
const brokenRuleUpgrades = 32;

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

  /** A connection of this address was closed for what it did: it may ask for {@link brokenRuleUpgrades} connections less. */
  penalise(address: string): void {
    this.#rates.penalise(address, this.#clock.nowMs(), brokenRuleUpgrades);
  }
}

/** Event of a request that is not whole and has to make room: whoever reads it answers with 429. */
export const turnedAwayEvent = 'turned-away';
/** Connections without room that are kept until they have read so, and for how long, ms. */
const [mostTurnedAway, turnedAwayMs] = [1024, 1000];
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
 * answered, unless only such ones are left. A connection without room is told so in answer to its request, and closed if it asks for
 * nothing in a second.
 */
export function limitRequests(
  server: Server,
  { requests, connections }: PortLimits,
  evicted: (address: string, detail: string) => void,
  onRequest: RequestListener,
  clock: Pick<Clock, 'nowMs'> = machineClock,
): RequestBounds {
  const waiting = new Map<Socket, Waiting>();
  const turnedAway = new TurnedAway();
  const turnAway = (socket: Socket, address: string): void => {
    const { request = null, hasAsked = false } = waiting.get(socket) ?? {};
    waiting.delete(socket);
    turnedAway.add(socket);
    // A client expects that a connection that it keeps may close, and opens another one.
    if (request === null ? hasAsked : !request.emit(turnedAwayEvent)) socket.destroy();
    evicted(address, 'too many connections that ask for nothing');
  };
  const small = new SmallChunks(clock);
  const refuseChunks = (request: IncomingMessage, areAtOnce: boolean): void => {
    const address = peerAddress(request.socket.remoteAddress);
    request.socket.destroy();
    evicted(address, 'a body in tiny chunks');
    if (!areAtOnce || !small.mustRest(address)) return;
    for (const [socket, other] of waiting) if (other.address === address && !isWhole(other)) socket.destroy();
  };
  const add = (socket: Socket): void => {
    const address = peerAddress(socket.remoteAddress);
    if (small.isBarred(address)) {
      socket.destroy();
      return;
    }
    waiting.set(socket, { address, request: null, hasAsked: false });
    socket.once('close', () => waiting.delete(socket));
    if (waiting.size > connections) turnAway(...newestOfBusiest(waiting));
    for (let idle = idleOf(waiting, requests); idle !== null; idle = idleOf(waiting, requests)) {
      turnAway(...oldestOfBusiest(idle));
    }
  };
  const answer: RequestListener = (request, response) => {
    if (request.method === 'POST') onRequest(request, response);
    else answerUnread(request, () => onRequest(request, response));
  };
  const asked: RequestListener = (request, response) => {
    small.watch(request, (areAtOnce) => refuseChunks(request, areAtOnce));
    const socket = connectionOf(waiting, request.socket);
    const entry = socket === undefined ? undefined : waiting.get(socket);
    if (entry === undefined) {
      if (turnedAway.has(request.socket)) answerTooMany(request, response);
      else answer(request, response);
      return;
    }
    [entry.request, entry.hasAsked] = [request, true];
    response.once('close', () => {
      if (entry.request === request) entry.request = null;
    });
    answer(request, response);
  };
  server.on('connection', add);
  server.on('request', asked);
  return {
    upgraded: (socket) => {
      const connection = connectionOf(waiting, socket);
      if (connection !== undefined) waiting.delete(connection);
      return connection !== undefined || !turnedAway.has(socket);
    },
    stop: () => {
      server.off('connection', add);
      server.off('request', asked);
    },
  };
}

/** Connections that have no room, for a second. */
class TurnedAway {
  readonly #timers = new Map<Socket, NodeJS.Timeout>();

  add(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), turnedAwayMs);
    this.#timers.set(socket, timer);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#timers.delete(socket);
    });
    const [oldest] = this.#timers.keys();
    if (this.#timers.size > mostTurnedAway) oldest?.destroy();
  }

  has(socket: Socket): boolean {
    return connectionOf(this.#timers, socket) !== undefined;
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
  readonly address: string;
  /** Its request that is not answered yet. */
  request: IncomingMessage | null;
  /** Whether it had one. */
  hasAsked: boolean;
}

function isWhole({ request }: Waiting): boolean {
  return request?.complete === true;
}

/** Over TLS the request's socket is another object than the connection's. */
function connectionOf(waiting: ReadonlyMap<Socket, unknown>, socket: Socket): Socket | undefined {
  if (waiting.has(socket)) return socket;
  const { remoteAddress, remotePort } = socket;
  for (const one of waiting.keys()) {
    if (one.remotePort === remotePort && one.remoteAddress === remoteAddress) return one;
  }
  return undefined;
}

/** Addresses of the connections that ask for nothing; null: they are not too many. */
function idleOf(waiting: ReadonlyMap<Socket, Waiting>, most: number): ReadonlyMap<Socket, string> | null {
  if (waiting.size <= most) return null;
  const idle = new Map<Socket, string>();
  for (const [socket, entry] of waiting) if (!isWhole(entry)) idle.set(socket, entry.address);
  return idle.size > most ? idle : null;
}

function oldestOfBusiest(idle: ReadonlyMap<Socket, string>): readonly [Socket, string] {
  const busiest = busiestOf(idle.values());
  for (const [socket, address] of idle) if (address === busiest) return [socket, address];
  throw new Error('no connection waits');
}

/** One that asks for nothing where there is one. */
function newestOfBusiest(waiting: ReadonlyMap<Socket, Waiting>): readonly [Socket, string] {
  const busiest = busiestOf([...waiting.values()].map(({ address }) => address));
  const theirs = [...waiting].filter(([, { address }]) => address === busiest);
  const [socket] = theirs.findLast(([, entry]) => !isWhole(entry)) ?? theirs.at(-1) ?? [];
  if (socket === undefined) throw new Error('no connection waits');
  return [socket, busiest];
}

/** The address that comes most often. */
function busiestOf(addresses: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const address of addresses) counts.set(address, (counts.get(address) ?? 0) + 1);
  const [busiest] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one), ['', 0] as const);
  return busiest;
}
