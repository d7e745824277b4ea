// How many connections an edge holds that have not shown a key yet, and how many bytes for them. Where there are too many, one of the
// address that has the most is closed: so a flood from one place closes its own connections. It only decides; edge-connections.ts closes.

import { between, type Checks, optional, whole } from '../../basics/check-options.ts';
import { SharedBytes } from '../wire/shared-bytes.ts';

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
  const unattachedBytes = 16 * mebibyte;
  return { connections, unattached: connections / 2, unattachedBytes, attachMs: 10_000, framesBeforeKey: 64 };
}

/** For simulations, which have no strangers. */
export const unlimitedConnections: Omit<ConnectionLimits, 'attachMs'> = {
  connections: Number.POSITIVE_INFINITY,
  unattached: Number.POSITIVE_INFINITY,
  unattachedBytes: Number.POSITIVE_INFINITY,
  framesBeforeKey: Number.POSITIVE_INFINITY,
};

/** The connections that are attached to no session. */
export class UnattachedConnections extends SharedBytes {
  readonly #limits: Pick<ConnectionLimits, 'unattached' | 'unattachedBytes'>;

  constructor(limits: Pick<ConnectionLimits, 'unattached' | 'unattachedBytes'>) {
    super();
    this.#limits = limits;
  }

  /** The connection to be closed next; undefined: the limits are kept. */
  excess(): { readonly id: number; readonly limit: 'unattached' | 'unattachedBytes' } | undefined {
    if (this.bytes > this.#limits.unattachedBytes) {
      const id = this.largest();
      return id === undefined ? undefined : { id, limit: 'unattachedBytes' };
    }
    if (this.count <= this.#limits.unattached) return undefined;
    const id = this.oldest();
    return id === undefined ? undefined : { id, limit: 'unattached' };
  }
}
