// Decides which waiting frame may leave, and when: one line of a known rate, shared by the weights of its flows. Start-time fair queueing
// of bytes (SFQ: Goyal, Vin, Cheng 1996) behind a token bucket. Work-conserving: a flow without frames leaves its part to the others. It
// uses sizes and times only; the caller has the frames, the clock and the connections.

import { invariant } from '../../basics/invariant.ts';

/** One flow of a pacer, for its holder. */
export interface PacedFlow {
  /** Relative, above 0; changed by {@link BytePacer.setWeight}. */
  readonly weight: number;
  /** Bytes of frames that have not begun to leave. */
  readonly waitingBytes: number;
}

interface Flow<Frame> extends PacedFlow {
  weight: number;
  waitingBytes: number;
  /** Start tag of the next frame, in bytes over weight. */
  startTag: number;
  readonly frames: { readonly frame: Frame; readonly bytes: number }[];
}

/** How much of the line's time may be made up for after it was idle or the caller's timer was late, ms. */
export const paceBurstMs = 20;

export class BytePacer<Frame> {
  #bytesPerMs: number;
  /** The line is busy until then. */
  #busyUntilMs = Number.NEGATIVE_INFINITY;
  /** The start tag in service, or the largest finish tag after the line was idle. */
  #virtualTime = 0;
  readonly #flows = new Set<Flow<Frame>>();

  /** @param bitsPerSecond above 0; Infinity: nothing ever waits */
  constructor(bitsPerSecond: number) {
    this.#bytesPerMs = bytesPerMs(bitsPerSecond);
  }

  /** For what has not left by then, the rest of the frame that is leaving too: one that began at a tiny rate holds up no others. */
  setRate(nowMs: number, bitsPerSecond: number): void {
    const before = this.#bytesPerMs;
    this.#bytesPerMs = bytesPerMs(bitsPerSecond);
    const restMs = this.#busyUntilMs - nowMs;
    if (restMs > 0) this.#busyUntilMs = nowMs + restMs * (before / this.#bytesPerMs);
  }

  addFlow(weight: number): PacedFlow {
    invariant(isWeight(weight), () => `the weight of a flow is ${weight}`);
    const flow: Flow<Frame> = { weight, waitingBytes: 0, startTag: this.#virtualTime, frames: [] };
    this.#flows.add(flow);
    return flow;
  }

  /** Its waiting frames are lost. */
  removeFlow(flow: PacedFlow): void {
    this.#flows.delete(flow as Flow<Frame>);
  }

  setWeight(flow: PacedFlow, weight: number): void {
    invariant(isWeight(weight), () => `the weight of a flow is ${weight}`);
    const own = flow as Flow<Frame>;
    // What the flow is ahead of the others are bytes that it has had: they count by the new weight from now on.
    const ahead = Math.max(0, own.startTag - this.#virtualTime) * own.weight;
    own.startTag = this.#virtualTime + ahead / weight;
    own.weight = weight;
  }

  push(nowMs: number, flow: PacedFlow, frame: Frame, bytes: number): void {
    const own = flow as Flow<Frame>;
    if (!this.#flows.has(own)) return;
    if (nowMs - this.#busyUntilMs > paceBurstMs && this.#next() === undefined) this.#rest();
    // Idling earns no credit.
    if (own.frames.length === 0) own.startTag = Math.max(own.startTag, this.#virtualTime);
    own.frames.push({ frame, bytes });
    own.waitingBytes += bytes;
  }

  /** The next frame that may leave now, and its flow; undefined: none. */
  take(nowMs: number): { readonly frame: Frame; readonly flow: PacedFlow } | undefined {
    if (nowMs < this.#busyUntilMs) return undefined;
    const flow = this.#next();
    const first = flow?.frames.shift();
    if (flow === undefined || first === undefined) return undefined;
    flow.waitingBytes -= first.bytes;
    this.#virtualTime = flow.startTag;
    flow.startTag += first.bytes / flow.weight;
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs - paceBurstMs) + first.bytes / this.#bytesPerMs;
    return { frame: first.frame, flow };
  }

  /** Time until {@link take} returns a frame, ms; undefined: nothing waits. */
  waitMs(nowMs: number): number | undefined {
    return this.#next() === undefined ? undefined : Math.max(0, this.#busyUntilMs - nowMs);
  }

  /** Time that the waiting frames of a flow need by its part of the line, beside the flows that have frames now, ms. */
  backlogMs({ waitingBytes, weight }: PacedFlow): number {
    if (waitingBytes === 0) return 0;
    let weights = 0;
    for (const flow of this.#flows) if (flow.frames.length > 0) weights += flow.weight;
    return (waitingBytes * weights) / (weight * this.#bytesPerMs);
  }

  /** The flow with frames that has the smallest start tag; of equal ones the oldest. */
  #next(): Flow<Frame> | undefined {
    let best: Flow<Frame> | undefined;
    for (const flow of this.#flows) {
      if (flow.frames.length > 0 && (best === undefined || flow.startTag < best.startTag)) best = flow;
    }
    return best;
  }

  /** The line was idle: flows that had more than others before are not held to it. */
  #rest(): void {
    for (const { startTag } of this.#flows) this.#virtualTime = Math.max(this.#virtualTime, startTag);
  }
}

function isWeight(weight: number): boolean {
  return Number.isFinite(weight) && weight > 0;
}

function bytesPerMs(bitsPerSecond: number): number {
  invariant(bitsPerSecond > 0, () => `the rate of a line is ${bitsPerSecond} bit/s`);
  return bitsPerSecond / 8000;
}
