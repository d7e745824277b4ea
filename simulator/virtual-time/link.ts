// A connection in virtual time. Frames arrive in order, at the times of the link model. For tests they can be delayed or lost, or arrive
// after their sender has closed. The link uses the length of a frame, not its content.

import {
  bytesOnLink,
  changeRate,
  type Direction,
  deliver,
  type LinkSettings,
  type LinkState,
  openLink,
} from '../../src/core/protocol/wire/link-model.ts';
import type { Frame, FrameConnection, FrameHandler } from '../../src/core/protocol/wire/wire.ts';
import type { EventQueue } from './event-queue.ts';

/** Events of a link for one side. */
export type LinkEnd = FrameHandler;

export interface LaneTraffic {
  frameCount: number;
  /** Without any headers. */
  payloadBytes: number;
  /** With WebSocket, TCP and IP headers. */
  wireBytes: number;
}

type Side = 'device' | 'edge';

/** The sender's and the receiver's side of a direction. */
const sides: Readonly<Record<Direction, { readonly from: Side; readonly to: Side }>> = {
  up: { from: 'device', to: 'edge' },
  down: { from: 'edge', to: 'device' },
};

interface Lane {
  state: LinkState;
  /** Frames that would arrive earlier wait until this time. */
  stalledUntilMs: number;
  /** Waiting frames, in order; null: the close. */
  readonly held: (Frame | null)[];
  isDead: boolean;
  isBlocked: boolean;
  readonly traffic: LaneTraffic;
}

/** A close is sent as a frame of this size. */
const closeFrameBytes = 4;

export class VirtualLink {
  readonly #queue: EventQueue;
  readonly #lanes: Readonly<Record<Direction, Lane>>;
  readonly #ends: Record<Side, LinkEnd | null> = { device: null, edge: null };

  constructor(queue: EventQueue, settings: LinkSettings) {
    this.#queue = queue;
    this.#lanes = { up: createLane(settings, 'up', queue.nowMs()), down: createLane(settings, 'down', queue.nowMs()) };
  }

  join(side: Side, end: LinkEnd): void {
    this.#ends[side] = end;
  }

  /** Neither side has closed it or been notified that it is closed. */
  get isOpen(): boolean {
    return this.#ends.device !== null && this.#ends.edge !== null;
  }

  traffic(direction: Direction): LaneTraffic {
    return this.#lanes[direction].traffic;
  }

  /** When all frames that were sent so far have arrived. */
  arrivedByMs(direction: Direction): number {
    const { state, stalledUntilMs } = this.#lanes[direction];
    return Math.max(state.lastArrivalMs, stalledUntilMs);
  }

  isWritable(direction: Direction): boolean {
    return !this.#lanes[direction].isBlocked;
  }

  /** @param bytesAlong additional bytes on the air with the frame */
  send(direction: Direction, frame: Frame, bytesAlong = 0): void {
    const { traffic } = this.#lanes[direction];
    const frameBytes = frame.length + bytesAlong;
    traffic.frameCount += 1;
    traffic.payloadBytes += frameBytes;
    traffic.wireBytes += bytesOnLink(direction, frameBytes);
    this.#carry(direction, frameBytes, frame);
  }

  /** Applies to frames that are sent from now on. */
  changeRate(direction: Direction, bitsPerSecond: number): void {
    const lane = this.#lanes[direction];
    lane.state = changeRate(lane.state, bitsPerSecond);
  }

  /** One side closes: its frames still arrive, then the other side gets `closed`. */
  close(side: Side): void {
    if (this.#ends[side] === null) return;
    this.#ends[side] = null;
    this.#carry(side === 'device' ? 'up' : 'down', closeFrameBytes, null);
  }

  /** Loses all frames in flight. @param noticeMs after this time each side gets `closed`; `Infinity`: never */
  lose(noticeMs: Readonly<Record<Side, number>>): void {
    this.#lanes.up.isDead = true;
    this.#lanes.down.isDead = true;
    for (const side of ['device', 'edge'] as const) {
      if (noticeMs[side] < Number.POSITIVE_INFINITY) this.#queue.after(noticeMs[side], () => this.#end(side));
    }
  }

  /** One side disappears: it sends no close, and gets no more events. */
  desert(side: Side): void {
    this.#ends[side] = null;
  }

  /** One direction loses all frames from now on; no side is notified. */
  sever(direction: Direction): void {
    this.#lanes[direction].isDead = true;
  }

  /** The device gets `closed` now. Its frames still arrive at the edge at `untilMs`; the edge gets `closed` at `edgeNoticesAtMs`. */
  outlive(untilMs: number, edgeNoticesAtMs: number): void {
    this.stall('up', untilMs);
    this.#lanes.down.isDead = true;
    this.#queue.at(edgeNoticesAtMs, () => this.#end('edge'));
    this.#end('device');
  }

  /** Delays all frames of a direction until `untilMs`; they stay in order. */
  stall(direction: Direction, untilMs: number): void {
    const lane = this.#lanes[direction];
    lane.stalledUntilMs = Math.max(lane.stalledUntilMs, untilMs);
    this.#queue.post(untilMs, () => {
      while (this.#queue.nowMs() >= lane.stalledUntilMs) {
        const frame = lane.held.shift();
        if (frame === undefined) return;
        this.#arrive(direction, frame);
      }
    });
  }

  /** The receiver does not read: the sender's queue is full until `untilMs`. */
  block(direction: Direction, untilMs: number): void {
    const lane = this.#lanes[direction];
    const { from } = sides[direction];
    if (lane.isBlocked) return;
    this.stall(direction, untilMs);
    lane.isBlocked = true;
    this.#ends[from]?.writable(false);
    this.#queue.at(untilMs, () => {
      lane.isBlocked = false;
      this.#ends[from]?.writable(true);
    });
  }

  #end(side: Side): void {
    const end = this.#ends[side];
    this.#ends[side] = null;
    end?.closed();
  }

  #carry(direction: Direction, frameBytes: number, frame: Frame | null): void {
    const lane = this.#lanes[direction];
    const delivery = deliver(lane.state, this.#queue.nowMs(), frameBytes);
    lane.state = delivery.state;
    this.#queue.post(delivery.arrivalMs, () => {
      if (lane.isDead) return;
      if (lane.held.length > 0 || this.#queue.nowMs() < lane.stalledUntilMs) lane.held.push(frame);
      else this.#arrive(direction, frame);
    });
  }

  #arrive(direction: Direction, frame: Frame | null): void {
    if (this.#lanes[direction].isDead) return;
    const { to } = sides[direction];
    if (frame === null) this.#end(to);
    else this.#ends[to]?.frame(frame);
  }
}

function createLane(settings: LinkSettings, direction: Direction, nowMs: number): Lane {
  return {
    state: openLink(settings, direction, nowMs),
    stalledUntilMs: 0,
    held: [],
    isDead: false,
    isBlocked: false,
    traffic: { frameCount: 0, payloadBytes: 0, wireBytes: 0 },
  };
}

export class LinkCarrier<Sent> implements FrameConnection<Sent> {
  readonly #side: 'device' | 'edge';
  readonly #bytesAlong: ((message: Sent) => number) | undefined;
  readonly address: string | undefined;
  /** Set before the first frame is sent. */
  link!: VirtualLink;
  /** Set before the first frame arrives. */
  handler: FrameHandler | undefined;
  /** As last reported to the process. */
  writable = true;
  /** What the link reports to. */
  readonly end: LinkEnd = {
    frame: (frame) => {
      // Only an address has limits of bytes.
      if (this.address !== undefined) this.handler?.arriving?.(frame.length);
      this.handler?.frame(frame);
    },
    writable: (isWritable) => {
      this.writable = isWritable;
      this.handler?.writable(isWritable);
    },
    closed: () => this.handler?.closed(),
  };

  /**
   * @param bytesAlong additional bytes on the air with a message, beyond its frame; default: none
   * @param address of the peer, for an edge that limits its connections
   */
  constructor(side: 'device' | 'edge', bytesAlong?: (message: Sent) => number, address?: string) {
    this.#side = side;
    this.address = address;
    this.#bytesAlong = bytesAlong;
  }

  send(frame: Frame, message: Sent): void {
    this.link.send(this.#side === 'device' ? 'up' : 'down', frame, this.#bytesAlong?.(message));
  }

  close(): void {
    this.link.close(this.#side);
  }
}
