// A connection in virtual time: frames travel as the link model says, in order, and can be held up, lost, or outlive the side that
// sent them. It knows the length of a frame, not what it says.

import {
  bytesOnLink,
  type Direction,
  deliver,
  type LinkSettings,
  type LinkState,
  openLink,
} from '../protocol/link-model.ts';
import type { Frame } from '../protocol/wire.ts';
import type { EventQueue } from './event-queue.ts';

/** What one side hears of its connection. */
export interface LinkEnd {
  frame(frame: Frame): void;
  writable(isWritable: boolean): void;
  closed(): void;
}

/** What one direction has carried. */
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
  /** Frames that arrive before this wait. */
  stalledUntilMs: number;
  /** What waits, in order; null stands for the close. */
  readonly held: (Frame | null)[];
  isDead: boolean;
  isBlocked: boolean;
  readonly traffic: LaneTraffic;
}

/** A close travels as a frame of this size. */
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

  /** Neither side has closed it or been told of its end. */
  get isOpen(): boolean {
    return this.#ends.device !== null && this.#ends.edge !== null;
  }

  traffic(direction: Direction): LaneTraffic {
    return this.#lanes[direction].traffic;
  }

  isWritable(direction: Direction): boolean {
    return !this.#lanes[direction].isBlocked;
  }

  /** @param bytesAlong that go with the frame and are read by nobody */
  send(direction: Direction, frame: Frame, bytesAlong = 0): void {
    const { traffic } = this.#lanes[direction];
    const frameBytes = frame.length + bytesAlong;
    traffic.frameCount += 1;
    traffic.payloadBytes += frameBytes;
    traffic.wireBytes += bytesOnLink(direction, frameBytes);
    this.#carry(direction, frameBytes, frame);
  }

  /** For frames handed over from now on; those before keep their times. */
  changeRate(direction: Direction, bitsPerSecond: number): void {
    const lane = this.#lanes[direction];
    const { state } = lane;
    const settings =
      direction === 'up'
        ? { ...state.settings, uplinkBitsPerSecond: bitsPerSecond }
        : { ...state.settings, downlinkBitsPerSecond: bitsPerSecond };
    lane.state = { ...state, settings };
  }

  /** One side hangs up: what it has sent still arrives, then the other side hears of it. */
  close(side: Side): void {
    if (this.#ends[side] === null) return;
    this.#ends[side] = null;
    this.#carry(side === 'device' ? 'up' : 'down', closeFrameBytes, null);
  }

  /** Everything in flight is lost; each side hears of it so much later, or, with `Infinity`, never. */
  lose(noticeMs: Readonly<Record<Side, number>>): void {
    this.#lanes.up.isDead = true;
    this.#lanes.down.isDead = true;
    for (const side of ['device', 'edge'] as const) {
      if (noticeMs[side] < Number.POSITIVE_INFINITY) this.#queue.after(noticeMs[side], () => this.#end(side));
    }
  }

  /** One side dies without a word. */
  desert(side: Side): void {
    this.#ends[side] = null;
  }

  /** One direction carries nothing any more, and nobody is told. */
  sever(direction: Direction): void {
    this.#lanes[direction].isDead = true;
  }

  /** The device takes the connection for lost; what it has sent arrives late all the same, and so does the news. */
  outlive(untilMs: number, edgeNoticesAtMs: number): void {
    this.stall('up', untilMs);
    this.#lanes.down.isDead = true;
    this.#queue.at(edgeNoticesAtMs, () => this.#end('edge'));
    this.#end('device');
  }

  /** Nothing arrives before then; order is kept. */
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

  /** The receiver does not read: the sender's queue is full until then. */
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
