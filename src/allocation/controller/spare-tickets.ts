// Which edges a device may go to when its own is gone and no controller answers: the next best ones, for which it holds tickets in advance.
// Pure: the time and the tickets are given.

import type { TicketGrant } from './messages.ts';

/** So many spares has each device, if there are other edges. */
export const mostSpares = 2;
/** An edge takes a spare for so long; it is renewed after half of that, ms. */
export const spareValidMs = 600_000;

/** A ticket that a device holds for an edge that is not its own. */
export interface Spare {
  readonly edge: string;
  readonly ticket: string;
  readonly atMs: number;
  /** The connection over which the edge was told; one that has joined again may have forgotten it. */
  readonly edgeLink: number;
}

/** What a device was told. */
interface Told {
  readonly assigned: { readonly edge: string } | null;
  readonly spares: readonly Spare[];
}

/** What one device is given. */
export interface NewSpares {
  readonly spares: readonly Spare[];
  /** Those that the edges do not know yet. */
  readonly granted: readonly Spare[];
}

function isGood({ atMs, edgeLink }: Spare, link: number | undefined, nowMs: number): boolean {
  return edgeLink === link && nowMs - atMs < spareValidMs / 2;
}

/**
 * Whether a device is to be given other spares: one is too old, its edge is gone, or is the device's own now, or there is room for another.
 * @param links of the edges that may write its text, by id; its own is among them
 */
export function lacksSpares({ assigned, spares }: Told, links: ReadonlyMap<string, number>, nowMs: number): boolean {
  const own = assigned?.edge ?? '';
  if (spares.some((spare) => spare.edge === own || !isGood(spare, links.get(spare.edge), nowMs))) return true;
  return spares.length < Math.min(mostSpares, links.size - (links.has(own) ? 1 : 0));
}

/** Takes the best other edges; for one for which the device holds a good ticket it keeps that. */
export function chooseSpares(
  { assigned, spares }: Told,
  ranked: readonly { readonly id: string; readonly link: number }[],
  nowMs: number,
  drawTicket: () => string,
): NewSpares {
  const chosen = ranked.filter(({ id }) => id !== assigned?.edge).slice(0, mostSpares);
  const granted: Spare[] = [];
  const next = chosen.map(({ id, link }) => {
    const before = spares.find(({ edge }) => edge === id);
    if (before !== undefined && isGood(before, link, nowMs)) return before;
    const fresh = { edge: id, ticket: drawTicket(), atMs: nowMs, edgeLink: link };
    granted.push(fresh);
    return fresh;
  });
  return { spares: next, granted };
}

export function grantOf({ ticket }: Spare, device: string): TicketGrant {
  return { ticket, validMs: spareValidMs, device };
}
