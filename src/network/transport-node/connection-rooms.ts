// The connections of a port that are no WebSocket, and which of them have to go where there are too many.

import type { Socket } from 'node:net';
import { AskedRequests } from './asked-requests.ts';
import type { RequestTurns } from './request-turns.ts';

/** Event of a request that is not whole and has to make room: whoever reads it answers with 429. */
export const turnedAwayEvent = 'turned-away';
/** Connections without room that are kept until they have read so, and for how long, ms. */
const mostTurnedAway = 1024;
export const turnedAwayMs = 1000;
/** Time from a new connection to the check for too many idle ones, ms. */
const idleCheckMs = 10;

/** A connection. */
export interface Waiting {
  readonly socket: Socket;
  readonly address: string;
  readonly asked: AskedRequests;
  hasRoom: boolean;
  /** Its answer is that it has no room. */
  isRefused: boolean;
}

/** As in PortLimits. */
type Limits = Readonly<Record<'requests' | 'connections', number>>;

export class ConnectionRooms {
  readonly #limits: Limits;
  readonly #turns: RequestTurns;
  readonly #evicted: (address: string, detail: string) => void;
  readonly #waiting = new Map<Socket, Waiting>();
  /** Those that have no room: for a second, or until the answer to their request. */
  readonly #turnedAway = new Map<Socket, Waiting>();
  #isCheckPlanned = false;

  constructor(limits: Limits, turns: RequestTurns, evicted: (address: string, detail: string) => void) {
    [this.#limits, this.#turns, this.#evicted] = [limits, turns, evicted];
  }

  add(socket: Socket, address: string): void {
    const asked = new AskedRequests(address, this.#turns, () => socket.destroyed);
    this.#waiting.set(socket, { socket, address, asked, hasRoom: true, isRefused: false });
    socket.once('close', () => this.#waiting.delete(socket));
    if (this.#waiting.size > this.#limits.connections) {
      const all = [...this.#waiting.values()];
      this.#turnAway(surplus(all, newestFirst(all), 1));
    }
    // What a connection asks is not read at once: until then it is not known whether it asks for anything.
    if (this.#isCheckPlanned) return;
    this.#isCheckPlanned = true;
    setTimeout(() => {
      this.#isCheckPlanned = false;
      if (this.#waiting.size <= this.#limits.requests) return;
      const idle = [...this.#waiting.values()].filter((entry) => !isWhole(entry));
      this.#turnAway(surplus(idle, idle, idle.length - this.#limits.requests));
    }, idleCheckMs).unref();
  }

  /** Undefined: it is closed, or a WebSocket. */
  entryOf(socket: Socket): Waiting | undefined {
    return entryOf(this.#waiting, socket) ?? entryOf(this.#turnedAway, socket);
  }

  /** It is a WebSocket from here on. @returns false: it has no room */
  leave(socket: Socket): boolean {
    const entry = this.entryOf(socket);
    if (entry !== undefined) this.#waiting.delete(entry.socket);
    return entry?.hasRoom !== false;
  }

  /** Ends those of an address whose request is not whole. */
  endOf(address: string): void {
    for (const [socket, other] of this.#waiting) if (other.address === address && !isWhole(other)) socket.destroy();
  }

  endAll(): void {
    for (const socket of this.#waiting.keys()) socket.destroy();
  }

  #turnAway(entries: readonly Waiting[]): void {
    for (const entry of entries) {
      const { socket, address, asked } = entry;
      const { first } = asked;
      this.#waiting.delete(socket);
      this.#keepAwhile(entry);
      // A client expects that a connection that it keeps may close, and opens another one.
      if (first?.hasBegun === false) first.request?.resume();
      else if (first === undefined ? asked.isKept : first.request?.emit(turnedAwayEvent) !== true) socket.destroy();
      this.#evicted(address, 'too many connections that ask for nothing');
    }
  }

  #keepAwhile(entry: Waiting): void {
    const { socket, asked } = entry;
    entry.hasRoom = false;
    this.#turnedAway.set(socket, entry);
    // What has come meanwhile is read first.
    const end = (): void => {
      if (!entry.isRefused && asked.first?.hasBegun !== false) socket.destroy();
    };
    const timer = setTimeout(() => setImmediate(end), turnedAwayMs);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#turnedAway.delete(socket);
    });
    const [oldest] = this.#turnedAway.keys();
    if (this.#turnedAway.size > mostTurnedAway) oldest?.destroy();
  }
}

function isWhole({ asked: { first } }: Waiting): boolean {
  return first?.request?.complete === true;
}

/** Over TLS the request's socket is another object than the connection's. */
function entryOf(entries: ReadonlyMap<Socket, Waiting>, socket: Socket): Waiting | undefined {
  const entry = entries.get(socket);
  if (entry !== undefined || !('encrypted' in socket)) return entry;
  const { remoteAddress, remotePort } = socket;
  for (const one of entries.values())
    if (one.socket.remotePort === remotePort && one.socket.remoteAddress === remoteAddress) return one;
  return undefined;
}

/** Those that ask for nothing before the others. */
function newestFirst(all: readonly Waiting[]): readonly Waiting[] {
  const newest = all.toReversed();
  return [...newest.filter((entry) => !isWhole(entry)), ...newest.filter(isWhole)];
}

/** So many that have to go: those of `all` that are kept and ask for nothing, the oldest first, then `others` in their order. */
function surplus(all: readonly Waiting[], others: readonly Waiting[], count: number): readonly Waiting[] {
  const kept = takeFromBusiest(
    all.filter(({ asked }) => asked.isKept),
    count,
  );
  const rest = others.filter(({ asked }) => !asked.isKept);
  return [...kept, ...takeFromBusiest(rest, count - kept.length)];
}

/** So many of them, one after the other the first of the address that has the most. */
function takeFromBusiest(entries: readonly Waiting[], count: number): readonly Waiting[] {
  if (count <= 0) return [];
  const lists = [...Map.groupBy(entries, ({ address }) => address).values()];
  return Array.from({ length: Math.min(count, entries.length) }, () => {
    return lists.reduce((one, other) => (other.length > one.length ? other : one)).shift();
  }).filter((entry) => entry !== undefined);
}
