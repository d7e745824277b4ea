// Made-up edges and devices as members of a controller: the client of the product, on the clock of this machine or in virtual time.

import type { AssignMessage, EdgeReport } from '../../../src/allocation/controller/messages.ts';
import type { Clock } from '../../../src/core/basics/clock.ts';
import type { Accept, Connection } from '../../../src/network/transport/transport.ts';
import { ControlClient, type MemberOptions, type Reach } from '../../../src/processes/controller/control-client.ts';
import { type CrowdDevice, crowdEdgeId, type Unnumbered } from './crowd.ts';

/** `note` gets what the client notes. */
export interface CrowdMemberOptions
  extends Pick<MemberOptions, 'reach' | 'cell' | 'reportEveryMs' | 'note' | 'uniform'> {
  readonly clock: Clock;
  /** Called with each order. @param waitedMs since the report that an answer has ended; null: it is not the first order after one */
  readonly onOrder?: (message: AssignMessage, waitedMs: number | null) => void;
}

export function joinCrowdEdge(
  edge: number,
  report: Unnumbered<EdgeReport>,
  { onOrder: _, ...member }: CrowdMemberOptions,
): ControlClient {
  return new ControlClient({ ...member, role: 'edge', id: crowdEdgeId(edge), report: () => report, onOrder: () => {} });
}

/** It begins and ends its answers at their times, whether a controller is there or not. */
export function joinCrowdDevice(
  device: CrowdDevice,
  { onOrder = () => {}, ...member }: CrowdMemberOptions,
): ControlClient {
  const { clock } = member;
  let askedAtMs: number | null = null;
  const client = new ControlClient({
    ...member,
    role: 'device',
    id: device.id,
    report: () => device.report(clock.nowMs()),
    onOrder: (message) => {
      device.follow(message);
      if (message.kind !== 'assign') return;
      onOrder(message, askedAtMs === null ? null : clock.nowMs() - askedAtMs);
      askedAtMs = null;
    },
  });
  const turnLater = (): void => {
    clock.after(Math.max(1, device.turnsAtMs - clock.nowMs()), () => {
      const wasReading = device.isReading;
      device.turn(clock.nowMs());
      if (wasReading) askedAtMs = clock.nowMs();
      client.reportNow();
      turnLater();
    });
  };
  turnLater();
  return client;
}

/** The bytes that some members have sent and received, over all of their connections; WebSocket headers do not count. */
export class MemberBytes {
  readonly #open = new Set<Connection>();
  #closed: ByteCount = { sentBytes: 0, receivedBytes: 0 };

  /** Connections of the way count from now on. */
  countOn(reach: Reach): Reach {
    return (accept, failed, elsewhere) => {
      const counted: Accept = (connection) => {
        this.#open.add(connection);
        const handler = accept(connection);
        return {
          frame: (bytes) => handler.frame(bytes),
          writable: () => handler.writable(),
          closed: (reason) => {
            this.#open.delete(connection);
            this.#closed = sumOf(this.#closed, connection);
            handler.closed(reason);
          },
        };
      };
      return reach(counted, failed, elsewhere);
    };
  }

  get count(): ByteCount {
    return [...this.#open].reduce(sumOf, this.#closed);
  }
}

export type ByteCount = Pick<Connection, 'sentBytes' | 'receivedBytes'>;

function sumOf(one: ByteCount, other: ByteCount): ByteCount {
  return {
    sentBytes: one.sentBytes + other.sentBytes,
    receivedBytes: one.receivedBytes + other.receivedBytes,
  };
}

/** When a crowd got the first order of an epoch. */
export interface FirstOrder {
  readonly cell: string;
  readonly epoch: number;
  readonly atMs: number;
}

/** The first order of each epoch that a crowd has got. */
export class FirstOrders {
  readonly #first = new Map<number, FirstOrder>();

  add({ cell, epoch }: AssignMessage, nowMs: number): void {
    if (!this.#first.has(epoch)) this.#first.set(epoch, { cell, epoch, atMs: nowMs });
  }

  get all(): readonly FirstOrder[] {
    return [...this.#first.values()];
  }
}

/** The first order in a cell since a time, of whatever epoch began then; undefined: none yet. */
export function orderSince(orders: readonly FirstOrder[], cell: string, sinceMs: number): FirstOrder | undefined {
  const later = orders.filter((order) => order.cell === cell && order.atMs > sinceMs);
  return later.toSorted((one, other) => one.atMs - other.atMs)[0];
}

/** The names of cells of a bench: one has that of controllers that share nothing. */
export function cellNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `cell-${index + 1}`);
}

/**
 * The cells of a controller of a fleet: an equal part of its own, and those of all that start before it, which then have a leader. So each
 * leads its own, and another one waits for those of each but the last to start. Controllers start in the order of falling indices.
 */
export function cellsOfController(cells: readonly string[], controllers: number, index: number): readonly string[] {
  return cells.slice(Math.floor((index * cells.length) / controllers));
}
