// Computes the arrival time of a frame in one direction of a network: half the round trip, plus the transmission time of its bits behind
// those of earlier frames, plus a seeded jitter. Frames keep their order, and nothing moves during an outage. The simulator uses it in
// virtual time, the link emulator on the machine's clock.

import { philox } from '../../basics/philox.ts';

/** Half-open [startMs, endMs), counted from the opening of the link. */
export interface Outage {
  readonly startMs: number;
  readonly endMs: number;
}

/** One outage in each period of `everyMs`; its place within the period is uniformly distributed. */
export interface OutageLaw {
  readonly everyMs: number;
  readonly lastingMs: number;
}

/** An emulated network: times in ms, rates in bits per second. */
export interface LinkSettings {
  /** Round trip of an empty link without jitter. */
  readonly roundTripMs: number;
  /** Mean of each direction's extra delay: exponential, cut at {@link jitterCut} times the mean. 0 = none. */
  readonly jitterMs: number;
  /** `Infinity`: transmission takes no time. */
  readonly uplinkBitsPerSecond: number;
  readonly downlinkBitsPerSecond: number;
  /** Both directions fail together, as when a radio link is lost. A list must be sorted, without overlaps. */
  readonly outages: readonly Outage[] | OutageLaw;
  readonly seed: number;
}

export type Direction = 'up' | 'down';

/** One direction of a link; an immutable value. */
export interface LinkState {
  readonly settings: LinkSettings;
  readonly direction: Direction;
  readonly openedAtMs: number;
  /** From this time on the sender's queue is empty. */
  readonly idleFromMs: number;
  readonly lastArrivalMs: number;
  readonly frameCount: number;
}

export interface Delivery {
  readonly state: LinkState;
  /** The last bit leaves the sender; until then the frame is in its queue. */
  readonly departureMs: number;
  readonly arrivalMs: number;
}

/** Upper limit of the exponential jitter, in multiples of its mean. The limit lowers the mean by less than 1 %. */
export const jitterCut = 5;

const segmentPayloadBytes = 1460;
const tcpIpHeaderBytes = 40;
/** WebSocket header without extended length: 2 bytes, and a 4-byte mask upwards. */
const headerBytes = { up: 6, down: 2 } as const;

/** Bytes of one frame on an IP network, with WebSocket, TCP and IPv4 headers, without TCP acknowledgements. */
export function bytesOnLink(direction: Direction, frameBytes: number): number {
  const lengthBytes = frameBytes < 126 ? 0 : frameBytes < 65536 ? 2 : 8;
  const streamBytes = headerBytes[direction] + lengthBytes + frameBytes;
  return streamBytes + tcpIpHeaderBytes * Math.ceil(streamBytes / segmentPayloadBytes);
}

export function openLink(settings: LinkSettings, direction: Direction, nowMs: number): LinkState {
  return { settings, direction, openedAtMs: nowMs, idleFromMs: nowMs, lastArrivalMs: nowMs, frameCount: 0 };
}

/** Sends a frame of `frameBytes` application bytes at `nowMs`. */
export function deliver(state: LinkState, nowMs: number, frameBytes: number): Delivery {
  const { settings, direction, openedAtMs, frameCount } = state;
  const bitsPerSecond = direction === 'up' ? settings.uplinkBitsPerSecond : settings.downlinkBitsPerSecond;
  const sendingMs = (bytesOnLink(direction, frameBytes) * 8000) / bitsPerSecond;
  const queuedFromMs = Math.max(nowMs, state.idleFromMs);
  // These maxima guard against rounding: a frame must not leave before it was sent, nor arrive before it has left.
  const departureMs = Math.max(queuedFromMs, openedAtMs + transmit(settings, queuedFromMs - openedAtMs, sendingMs));
  const travelMs = settings.roundTripMs / 2 + jitter(settings, direction, frameCount);
  const arrivesAtMs = openedAtMs + endOfOutage(settings, departureMs + travelMs - openedAtMs);
  const arrivalMs = Math.max(arrivesAtMs, departureMs, state.lastArrivalMs);
  const next = { ...state, idleFromMs: departureMs, lastArrivalMs: arrivalMs, frameCount: frameCount + 1 };
  return { state: next, departureMs, arrivalMs };
}

/** Applies to frames that are sent from now on. */
export function changeRate(state: LinkState, bitsPerSecond: number): LinkState {
  const rate = state.direction === 'up' ? 'uplinkBitsPerSecond' : 'downlinkBitsPerSecond';
  return { ...state, settings: { ...state.settings, [rate]: bitsPerSecond } };
}

/** Drops the frames that are queued or in flight, as a lost connection does. Outages and jitter do not change. */
export function dropQueued(state: LinkState, nowMs: number): LinkState {
  return {
    ...state,
    idleFromMs: Math.min(state.idleFromMs, nowMs),
    lastArrivalMs: Math.min(state.lastArrivalMs, nowMs),
  };
}

/** The time at which `workMs` of transmission, begun at `startMs`, is complete; outages suspend it. */
function transmit(settings: LinkSettings, startMs: number, workMs: number): number {
  let fromMs = endOfOutage(settings, startMs);
  let leftMs = workMs;
  for (;;) {
    const outage = nextOutage(settings, fromMs);
    if (outage === undefined || fromMs + leftMs <= outage.startMs) return fromMs + leftMs;
    leftMs -= outage.startMs - fromMs;
    fromMs = endOfOutage(settings, outage.startMs);
  }
}

/** `atMs`, or the end of the outage (or of adjacent outages) that contains it. */
function endOfOutage(settings: LinkSettings, atMs: number): number {
  let freeMs = atMs;
  for (;;) {
    const outage = nextOutage(settings, freeMs);
    if (outage === undefined || outage.startMs > freeMs) return freeMs;
    freeMs = outage.endMs;
  }
}

/** The first outage that ends after `atMs`. */
function nextOutage(settings: LinkSettings, atMs: number): Outage | undefined {
  const { outages, seed } = settings;
  if (!('everyMs' in outages)) {
    if (outages.length === 0) return undefined;
    return outages.find((outage) => outage.endMs > atMs && outage.endMs > outage.startMs);
  }
  if (outages.lastingMs <= 0) return undefined;
  for (let period = Math.max(0, Math.floor(atMs / outages.everyMs)); ; period++) {
    const slackMs = outages.everyMs - outages.lastingMs;
    const startMs = period * outages.everyMs + slackMs * uniform(seed, purpose.outage, period);
    if (startMs + outages.lastingMs > atMs) return { startMs, endMs: startMs + outages.lastingMs };
  }
}

function jitter(settings: LinkSettings, direction: Direction, frameIndex: number): number {
  if (settings.jitterMs === 0) return 0;
  const exponential = -Math.log(1 - uniform(settings.seed, purpose[direction], frameIndex));
  return settings.jitterMs * Math.min(jitterCut, exponential);
}

/** Separates the random streams of one seed. */
const purpose = { up: 1, down: 2, outage: 3 } as const;
const words = new Uint32Array(4);

/** In [0, 1). A pure function of its arguments, so that a link's state contains no generator. */
function uniform(seed: number, use: number, index: number): number {
  philox(words, index, Math.floor(index / 2 ** 32), use, 0, seed, Math.floor(seed / 2 ** 32));
  return (words[0] ?? 0) / 2 ** 32;
}
