// What an edge is told of its sessions, in messages of a bounded length, and what their devices are told of its uplink. Pure.

import type { LiveEdge } from './live-slot.ts';
import type { DeviceMember, Members } from './members.ts';
import type { Origin, RowsElsewhereMessage, SessionShares, SharesMessage, TicketGrant } from './messages.ts';
import { isNewRate, type UplinkRate, uplinkRates } from './uplink-rates.ts';

/** Sessions or tickets of a message, so that it stays within its limit. */
const mostEntries = 1000;

type Content = Partial<Pick<SharesMessage, 'sessions' | 'tickets'>>;

export function sharesMessages(head: Origin & Pick<SharesMessage, 'slot'>, content: Content): SharesMessage[] {
  const { sessions = [], tickets = [] } = content;
  const count = Math.ceil(Math.max(sessions.length, tickets.length) / mostEntries);
  return Array.from({ length: count }, (_, index) => {
    const part = <Item>(items: readonly Item[]): Item[] => items.slice(index * mostEntries, (index + 1) * mostEntries);
    return { kind: 'shares', ...head, sessions: part<SessionShares>(sessions), tickets: part<TicketGrant>(tickets) };
  });
}

/** What each connected edge is to be told of rows that others have used. */
export function rowsElsewhere(
  { edges, rows }: Pick<Members, 'edges' | 'rows'>,
  origin: Origin,
): { readonly link: number; readonly message: RowsElsewhereMessage }[] {
  return [...edges.values()].flatMap(({ id, link }) => {
    const rowsUsed = link === null ? [] : rows.take(id);
    if (link === null || rowsUsed.length === 0) return [];
    return [{ link, message: { kind: 'rows-elsewhere', ...origin, rowsUsed } as const }];
  });
}

/** Notes the uplink rates of an edge's devices, and says which of them are to be told. @param sessions all of this edge */
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
      const told = uplink?.edge === id ? uplink : null;
      const use = told === null ? null : (report?.uplinkUse ?? null);
      return { bandwidthShare, aloneBitsPerSecond: Math.min(bitsPerSecond, alone), told, use };
    }),
  );
  return members.flatMap(({ member: device }, index) => {
    const rate = rates[index] as UplinkRate;
    if (!isNewRate(device.uplink, rate)) return [];
    device.uplink = rate;
    return [{ device, rate }];
  });
}
