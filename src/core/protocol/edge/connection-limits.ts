// How many connections an edge holds that have not shown a key yet, and how many bytes for them. Where there are too many, the address that
// has the most gives one up: so a flood from one place closes its own connections. It only decides; edge-connections.ts closes.

import { between, type Checks, optional, whole } from '../../basics/check-options.ts';

/** Limits of all connections of an edge together. */
export interface ConnectionLimits {
  /** Connections in total; a further one is refused with `edge-full`. */
  readonly connections: number;
  /** Connections that are attached to no session. Beyond it the oldest one of the address that has the most is closed. */
  readonly unattached: number;
  /** Bytes that such connections have sent, all together, unfinished frames included. Beyond it the largest is closed. */
  readonly unattachedBytes: number;
  /** Time that a new connection has to attach, ms; pings do not prolong it. */
  readonly attachMs: number;
  /** Frames of a connection that has shown no key, pings of any kind included; a further one closes it with `rate-limited`. */
  readonly framesBeforeKey: number;
}

export const connectionLimitChecks: Checks<Partial<ConnectionLimits>> = {
  connections: optional(whole(1)),
  unattached: optional(whole(1)),
  unattachedBytes: optional(whole(1)),
  attachMs: optional(between(1)),
  framesBeforeKey: optional(whole(1)),
};

const mebibyte = 1_048_576;

/** @param placeCount sessions that may decode at the same time */
export function defaultConnectionLimits(placeCount: number): ConnectionLimits {
  const connections = Math.max(1024, 4 * placeCount);
  const unattachedBytes = 32 * mebibyte;
  return { connections, unattached: connections / 2, unattachedBytes, attachMs: 10_000, framesBeforeKey: 64 };
}

/** For simulations, which have no strangers. */
export const unlimitedConnections: Omit<ConnectionLimits, 'attachMs'> = {
  connections: Number.POSITIVE_INFINITY,
  unattached: Number.POSITIVE_INFINITY,
  unattachedBytes: Number.POSITIVE_INFINITY,
  framesBeforeKey: Number.POSITIVE_INFINITY,
};

interface AddressEntry {
  /** Bytes by connection, the oldest connection first. */
  readonly connections: Map<number, number>;
  bytes: number;
}

/** The connections that are attached to no session. */
export class UnattachedConnections {
  readonly #limits: Pick<ConnectionLimits, 'unattached' | 'unattachedBytes'>;
  readonly #addresses = new Map<string, AddressEntry>();
  readonly #addressOf = new Map<number, string>();
  #bytes = 0;

  constructor(limits: Pick<ConnectionLimits, 'unattached' | 'unattachedBytes'>) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#addressOf.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Addresses that are remembered. */
  get addressCount(): number {
    return this.#addresses.size;
  }

  /** No effect for a connection that is known already. */
  add(id: number, address: string): void {
    if (this.#addressOf.has(id)) return;
    this.#addressOf.set(id, address);
    const entry = this.#addresses.get(address) ?? { connections: new Map<number, number>(), bytes: 0 };
    entry.connections.set(id, 0);
    this.#addresses.set(address, entry);
  }

  /** No effect for a connection that was removed. */
  received(id: number, bytes: number): void {
    const entry = this.#entryOf(id);
    if (entry === undefined) return;
    entry.connections.set(id, (entry.connections.get(id) ?? 0) + bytes);
    entry.bytes += bytes;
    this.#bytes += bytes;
  }

  /** The connection is attached, or closed. */
  remove(id: number): void {
    const entry = this.#entryOf(id);
    if (entry === undefined) return;
    const bytes = entry.connections.get(id) ?? 0;
    entry.connections.delete(id);
    entry.bytes -= bytes;
    this.#bytes -= bytes;
    if (entry.connections.size === 0) this.#addresses.delete(this.#addressOf.get(id) ?? '');
    this.#addressOf.delete(id);
  }

  /** The connection to be closed next; undefined: the limits are kept. */
  excess(): { readonly id: number; readonly limit: 'unattached' | 'unattachedBytes' } | undefined {
    if (this.#bytes > this.#limits.unattachedBytes) {
      const id = largest(this.#worst(({ bytes }) => bytes)?.connections ?? new Map());
      return id === undefined ? undefined : { id, limit: 'unattachedBytes' };
    }
    if (this.count <= this.#limits.unattached) return undefined;
    const [id] = this.#worst(({ connections }) => connections.size)?.connections.keys() ?? [];
    return id === undefined ? undefined : { id, limit: 'unattached' };
  }

  clear(): void {
    this.#addresses.clear();
    this.#addressOf.clear();
    this.#bytes = 0;
  }

  #entryOf(id: number): AddressEntry | undefined {
    const address = this.#addressOf.get(id);
    return address === undefined ? undefined : this.#addresses.get(address);
  }

  #worst(measure: (entry: AddressEntry) => number): AddressEntry | undefined {
    let worst: AddressEntry | undefined;
    for (const entry of this.#addresses.values()) {
      if (worst === undefined || measure(entry) > measure(worst)) worst = entry;
    }
    return worst;
  }
}

function largest(bytesOf: ReadonlyMap<number, number>): number | undefined {
  let found: number | undefined;
  let most = -1;
  for (const [id, bytes] of bytesOf) {
    if (bytes <= most) continue;
    found = id;
    most = bytes;
  }
  return found;
}
