// Which edges a device may go to when its own is gone and no controller answers: the next best ones, for which it holds tickets in advance.
// Pure: the time and the tickets are given.

import { canWrite, type LiveDevice, type LiveEdge } from './live-slot.ts';
import type { DeviceMember, Members, Spare } from './members.ts';

/** Spares of a device, if there are as many other edges. */
export const mostSpares = 2;
/** An edge takes a spare for so long; it is renewed after half of that, ms. */
export const spareValidMs = 600_000;

/** What a device has. */
interface Held extends Pick<DeviceMember, 'spares'> {
  readonly assigned: { readonly edge: string } | null;
}

function isGood({ atMs, edgeLink }: Spare, link: number | undefined, nowMs: number): boolean {
  return edgeLink === link && nowMs - atMs < spareValidMs / 2;
}

/**
 * Whether a device is to be given other spares: one is too old, its edge is gone, or is the device's own now, or there is room for another.
 * @param links of the edges that may write its text, by id; its own is among them
 */
export function lacksSpares(
  { assigned, spares }: Held,
  links: Pick<ReadonlyMap<string, number>, 'get' | 'has'> & { count(): number },
  nowMs: number,
): boolean {
  const own = assigned?.edge ?? '';
  if (spares.some((spare) => spare.edge === own || !isGood(spare, links.get(spare.edge), nowMs))) return true;
  if (spares.length >= mostSpares) return false;
  return spares.length < Math.min(mostSpares, links.count() - (links.has(own) ? 1 : 0));
}

/** The devices of a slot that are to be given other spares. */
export function lackingSpares(
  devices: readonly LiveDevice[],
  edges: readonly LiveEdge[],
  members: Members,
  nowMs: number,
): LiveDevice[] {
  const byId = new Map(edges.map((edge) => [edge.id, edge]));
  return devices.filter((device) => {
    const member = members.devices.get(device.id);
    if (member === undefined || member.link === null) return false;
    const { links } = device.report;
    const has = (id: string): boolean => {
      const edge = byId.get(id);
      return edge !== undefined && links.some((link) => link.edge === id) && canWrite(edge, device);
    };
    const get = (id: string): number | undefined => (has(id) ? (members.edgeLink(id) ?? -1) : undefined);
    // Most devices lack nothing, so usable links are not listed.
    const count = (): number => new Set(links.map(({ edge }) => edge).filter(has)).size;
    return lacksSpares(member, { has, get, count }, nowMs);
  });
}

/** Takes the best other edges; for one for which the device holds a good ticket it keeps that. @returns `granted`: those that the edges do not know yet */
export function chooseSpares(
  { assigned, spares }: Held,
  ranked: readonly { readonly id: string; readonly link: number }[],
  nowMs: number,
  drawTicket: () => string,
): { readonly spares: readonly Spare[]; readonly granted: readonly Spare[] } {
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
