// Messages to an edge about its sessions, of a bounded length, and the uplink rates of their devices. Pure.
//
// A share y of the band gives a device y times the throughput that it would have alone, so what is divided is the band, not bits: a device
// with a weak link has fewer bits of the same share. The division is that of the slot before, corrected by what each one has used of it.

import { nextRates } from '../../core/scheduling/divide-rate.ts';
import type { LiveEdge } from './live-slot.ts';
import type { DeviceMember, Members } from './members.ts';
import type {
  Origin,
  RowsElsewhereMessage,
  SessionShares,
  SharesMessage,
  TicketGrant,
  UplinkRate,
} from './messages.ts';

/** Sessions or tickets of a message, so that it stays within its limit. */
const mostEntries = 1000;

/** What all orders to edges have in common. */
export interface OrderSettings {
  /** How long an edge takes a ticket, ms. */
  readonly ticketValidMs: number;
  /** The time per token that every session is to keep, ms; absent: what the edges have for it. */
  readonly targetMsPerToken?: number | undefined;
}

type Content = Partial<Pick<SharesMessage, 'sessions' | 'tickets'>>;

export function sharesMessages(
  head: Origin & Pick<SharesMessage, 'slot'>,
  content: Content,
  targetMsPerToken?: number,
): SharesMessage[] {
  const { tickets = [] } = content;
  const { sessions: given = [] } = content;
  const sessions = targetMsPerToken === undefined ? given : given.map((one) => ({ ...one, targetMsPerToken }));
  const count = Math.ceil(Math.max(sessions.length, tickets.length) / mostEntries);
  return Array.from({ length: count }, (_, index) => {
    const part = <Item>(items: readonly Item[]): Item[] => items.slice(index * mostEntries, (index + 1) * mostEntries);
    return { kind: 'shares', ...head, sessions: part<SessionShares>(sessions), tickets: part<TicketGrant>(tickets) };
  });
}

/** For each connected edge that has reported, the rows that others have used. */
export function rowsElsewhere(
  { edges, rows }: Pick<Members, 'edges' | 'rows'>,
  origin: Origin,
): { readonly link: number; readonly message: RowsElsewhereMessage }[] {
  return [...edges.values()].flatMap(({ id, link, report }) => {
    if (link === null || report === null) return [];
    const parcel = rows.next(id, report.rowsHeard === undefined ? null : link);
    if (parcel === null) return [];
    const { id: rowsId, rowsUsed } = parcel;
    return [{ link, message: { kind: 'rows-elsewhere', ...origin, rowsUsed, rowsId } as const }];
  });
}

/** Notes the uplink rates of an edge's devices. @param sessions all of this edge @returns rates that have changed, for their devices */
export function newUplinks(
  { id, report: { bitsPerSecond } }: LiveEdge,
  sessions: readonly SessionShares[],
  devices: ReadonlyMap<string, DeviceMember>,
): { readonly device: DeviceMember; readonly rate: UplinkRate }[] {
  const members = sessions.flatMap(({ device, bandwidthShare }) => {
    const member = devices.get(device);
    return member === undefined ? [] : [{ member, bandwidthShare }];
  });
  const rates = uplinkRates(
    id,
    members.map(({ member: { report, uplink }, bandwidthShare }) => {
      const alone = report?.links.find(({ edge }) => edge === id)?.bitsPerSecond ?? bitsPerSecond;
      const current = uplink?.edge === id ? uplink : null;
      const use = current === null ? null : (report?.uplinkUse ?? null);
      return { bandwidthShare, aloneBitsPerSecond: Math.min(bitsPerSecond, alone), current, use };
    }),
  );
  return members.flatMap(({ member: device }, index) => {
    const rate = rates[index] as UplinkRate;
    if (!isNewRate(device.uplink, rate)) return [];
    device.uplink = rate;
    return [{ device, rate }];
  });
}

/** A device that sends to an edge. */
export interface UplinkUser {
  /** y. */
  readonly bandwidthShare: number;
  /** Its throughput to the edge with the whole band, bit/s. */
  readonly aloneBitsPerSecond: number;
  /** The rate that it has; null: none for this edge. */
  readonly current: UplinkRate | null;
  /** Part of that which it has used since; null: not known. */
  readonly use: number | null;
}

/** A share of 0 would be a session that can never send. */
const leastShare = 1e-3;
/** A device gets another rate when it differs by this part. */
const worthSending = 0.05;

/** @param users all that send to one edge @returns their rates, in the same order */
export function uplinkRates(edge: string, users: readonly UplinkUser[]): UplinkRate[] {
  const weights = users.map(({ bandwidthShare }) => Math.max(leastShare, bandwidthShare));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const parts = nextRates(
    1,
    users.map(({ aloneBitsPerSecond, current, use }, index) => {
      // One that is new, or has reported nothing, may use any rate.
      const part = current === null ? 0 : current.bitsPerSecond / aloneBitsPerSecond;
      return { weight: weights[index] as number, rate: part, used: (use ?? 1) * part };
    }),
  );
  return users.map(({ aloneBitsPerSecond }, index) => {
    const own = (part: number): number => Math.max(1, part * aloneBitsPerSecond);
    return {
      edge,
      bitsPerSecond: own(parts[index] as number),
      shareBitsPerSecond: own((weights[index] as number) / sum),
    };
  });
}

/** Whether a device is to get another rate. */
export function isNewRate(current: UplinkRate | null, next: UplinkRate): boolean {
  if (current?.edge !== next.edge) return true;
  const differs = (before: number, after: number): boolean => Math.abs(after / before - 1) > worthSending;
  return (['bitsPerSecond', 'shareBitsPerSecond'] as const).some((field) => differs(current[field], next[field]));
}
