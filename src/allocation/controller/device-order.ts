// The order of a device to use an edge: whether it holds, or the device is to get it again, and whether the device fails to follow it. What
// counts is the time in which the device could have gone to the edge. Decisions are no measure of time: an answer that begins or ends
// anywhere in the fleet brings one. Pure.

import { chunkOf } from '../felt/pace-model.ts';
import type { LiveEdge } from './live-slot.ts';
import type { SessionReport } from './messages.ts';

export interface DeviceOrder {
  readonly edge: string;
  readonly reason: string;
  readonly atMs: number;
  /** Connection of the edge that has the ticket. An edge that has joined again may have forgotten it. */
  readonly edgeLink: number | null;
  /** The answer for which it is; null: for the next one. */
  session: string | null;
  /** Where the device read when it got the order, or at its last decision at its own edge; null: nowhere. */
  from: string | null;
  /** Time in which it could have gone there and has not, ms, and until when that is counted. */
  waitedMs: number;
  countedAtMs: number;
}

/** `holds`: nothing is to be sent; `again`: the device is to get it again; `not-followed`: it is, and something is wrong. */
export type OrderState = 'holds' | 'again' | 'not-followed';

export interface OrderTimes {
  readonly nowMs: number;
  readonly slotMs: number;
  /** How long an edge takes a ticket, ms. */
  readonly ticketValidMs: number;
  /** How long the edge would read the text, ms. */
  readonly readMs: number;
}

/** A device has the time of so many slots to follow, and at least this, ms: it reports every half a second. */
const mostSlots = 5;
const leastFollowMs = 2000;

/**
 * Called at each decision that gives a device the edge of its order. Notes what the device has done since the last one.
 * @param edgeLink connection of the edge now
 */
export function orderState(
  order: DeviceOrder,
  reading: SessionReport | null,
  edgeLink: number | null,
  { nowMs, slotMs, ticketValidMs, readMs }: OrderTimes,
): OrderState {
  // Decisions that lie further apart were made without the device: it was silent, or no edge could serve it.
  const sinceMs = Math.min(slotMs, nowMs - order.countedAtMs);
  order.countedAtMs = nowMs;
  const session = reading?.session ?? null;
  // A ticket is for one answer.
  if (order.session !== null && order.session !== session) return 'again';
  if (reading === null)
    return order.edgeLink === edgeLink && nowMs - order.atMs < ticketValidMs / 2 ? 'holds' : 'again';
  order.session = session;
  if (reading.edge === order.edge) {
    order.waitedMs = 0;
    order.from = order.edge;
    return 'holds';
  }
  // It has moved elsewhere meanwhile, as by an order that this one has overtaken: without another one it stays there.
  if (reading.edge !== null && reading.edge !== order.from) return 'again';
  order.waitedMs += sinceMs;
  // An edge reads a text before it takes it over.
  const mostMs = Math.max(leastFollowMs, mostSlots * slotMs) + (reading.edge === null ? 0 : readMs);
  return order.waitedMs < mostMs ? 'holds' : 'not-followed';
}

/** How long an edge reads a text beside the sessions that it decodes, ms. @param stepMs T of the edge */
export function readingMs({ report, correction }: LiveEdge, stepMs: number, text: SessionReport | null): number {
  const tokens = text === null ? 0 : text.promptTokens + text.writtenTokens;
  return (tokens / chunkOf(stepMs, report.stepRowMs * correction)) * stepMs;
}
