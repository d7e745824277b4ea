// What a port spends on peers that have not opened a connection yet: how many may be asking for one, for how long, and how often one address
// may ask. The WebSocket itself is limited in core/protocol/edge/edge-connections.ts.

import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { between, type Checks, optional, whole } from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { RateBook } from '../../core/protocol/wire/rate-book.ts';

/** Limits of a port. */
export interface PortLimits {
  /** Time for a request's headers, ms. */
  readonly requestMs: number;
  /**
   * TCP connections that are no WebSocket and whose request is not whole. Beyond it the oldest one of the address that has the most is
   * closed.
   */
  readonly requests: number;
  /** Connections that one address may ask for, lasting and at once; beyond it: status 429. */
  readonly upgradesPerSecond: number;
  readonly burstUpgrades: number;
}

export const defaultPortLimits: PortLimits = {
  requestMs: 15_000,
  requests: 512,
  upgradesPerSecond: 256,
  burstUpgrades: 2048,
};

export const portLimitChecks: Checks<Partial<PortLimits>> = {
  requestMs: optional(between(1)),
  requests: optional(whole(1)),
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

/**
 * Closes TCP connections that ask for nothing where there are too many. One whose request is whole is none of them until it is answered.
 * @returns what stops it, and what is called for each upgrade
 */
export function limitRequests(server: Server, { requests }: PortLimits, evicted: (address: string) => void) {
  const waiting = new Map<Socket, Waiting>();
  const add = (socket: Socket): void => {
    waiting.set(socket, { address: peerAddress(socket.remoteAddress), request: null });
    socket.once('close', () => waiting.delete(socket));
    for (let idle = idleOf(waiting, requests); idle !== null; idle = idleOf(waiting, requests)) {
      const [oldest, address] = oldestOfBusiest(idle);
      waiting.delete(oldest);
      oldest.destroy();
      evicted(address);
    }
  };
  const asked = (request: IncomingMessage, response: ServerResponse): void => {
    const socket = connectionOf(waiting, request.socket);
    const entry = socket === undefined ? undefined : waiting.get(socket);
    if (entry === undefined) return;
    entry.request = request;
    response.once('close', () => {
      if (entry.request === request) entry.request = null;
    });
  };
  server.on('connection', add);
  server.on('request', asked);
  return {
    upgraded: (socket: Socket): void => {
      const connection = connectionOf(waiting, socket);
      if (connection !== undefined) waiting.delete(connection);
    },
    stop: (): void => {
      server.off('connection', add);
      server.off('request', asked);
    },
  };
}

interface Waiting {
  readonly address: string;
  /** Its request that is not answered yet. */
  request: IncomingMessage | null;
}

/** Over TLS the request's socket is another object than the connection's. */
function connectionOf(waiting: ReadonlyMap<Socket, Waiting>, socket: Socket): Socket | undefined {
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
  for (const [socket, { address, request }] of waiting) if (request?.complete !== true) idle.set(socket, address);
  return idle.size > most ? idle : null;
}

function oldestOfBusiest(idle: ReadonlyMap<Socket, string>): readonly [Socket, string] {
  const counts = new Map<string, number>();
  for (const address of idle.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
  const [busiest = ''] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one), ['', 0] as const);
  for (const [socket, address] of idle) if (address === busiest) return [socket, address];
  throw new Error('no connection waits');
}
