// Why an edge serves a device, in words for people: what was predicted here and elsewhere, and what has made the device leave.

import type { LiveDevice, LiveEdge } from './live-slot.ts';

/** Devices of a slot for which what they would have elsewhere, and the tokens that they are to get, are predicted too. */
export const mostCompared = 64;
/** Largest time per token in a message, ms. */
export const mostMsPerToken = 3_600_000;

/** The time per token that a device would have at an edge, ms. */
export interface EdgePace {
  readonly edge: string;
  readonly msPerToken: number;
}

/** An edge was chosen. */
export interface EdgeChoice extends EdgePace {
  /** Who has chosen it, or when: "policy best". */
  readonly by: string;
  /** Edges that came first and can't be: null, or why not, as "a drains". */
  readonly cause: string | null;
  /** Where the text is; null: nowhere. */
  readonly from: string | null;
  /** Its tokens. */
  readonly textTokens: number;
  /** All other edges with a place that the device can use, the best one first; null: they were not compared. */
  readonly others: readonly EdgePace[] | null;
  /** What policies minimise; null: not compared. */
  readonly objective: Objective | null;
}

/** The sum over all devices of a slot, ms, with the device in question at an edge. */
export interface Objective {
  readonly devices: number;
  /** NaN: it can't be served there. */
  readonly at: (edge: string) => number;
}

/** An edge elsewhere has to be better by so much that it needs an explanation why a text stays. */
const clearlyBetter = 0.95;

/** What a reason is made of, beside the device and its edge. */
export interface EdgeReasons extends Pick<EdgeChoice, 'by' | 'msPerToken' | 'others'> {
  /** The edge of the policy, which has no place; default null. */
  readonly full?: string | null;
  readonly objective?: Objective | null;
  /** Part of the device's time for a token that is over, and is the same elsewhere, ms; default 0. */
  readonly doneMs?: number;
}

/** @param drains all edges, and whether they drain */
export function reasonOf(
  { report: { session } }: LiveDevice,
  edge: string,
  drains: ReadonlyMap<string, boolean>,
  { by, msPerToken, others, objective = null, full = null, doneMs = 0 }: EdgeReasons,
): string {
  const from = session?.edge ?? null;
  const leaves = from === null || from === edge ? null : whyLost(from, drains);
  const capped = (ms: number): number => Math.min(mostMsPerToken, ms);
  const elsewhere = others?.filter((one) => one.edge !== edge);
  return edgeReason({
    by,
    edge,
    from,
    msPerToken: capped(msPerToken),
    cause: leaves ?? (full === null ? null : `${full} is full`),
    textTokens: session === null ? 0 : session.promptTokens + session.writtenTokens,
    others: elsewhere?.map((one) => ({ edge: one.edge, msPerToken: capped(one.msPerToken + doneMs) })) ?? null,
    objective,
  });
}

function whyLost(edge: string, drains: ReadonlyMap<string, boolean>): string | null {
  const isDraining = drains.get(edge);
  if (isDraining === undefined) return `${edge} is gone`;
  return isDraining ? `${edge} drains` : null;
}

/** The ranks of one device by the ids of edges. @param ranked as of {@link rankEdges} */
export function pacesAt(
  edges: readonly LiveEdge[],
  ranked: readonly { readonly server: number; readonly msPerToken: number }[],
): EdgePace[] {
  return ranked.map(({ server, msPerToken }) => ({ edge: (edges[server] as LiveEdge).id, msPerToken }));
}

export function edgeReason(choice: EdgeChoice): string {
  const { by, cause, msPerToken } = choice;
  const chosen = `${by}: ${rounded(msPerToken)} ms a token predicted`;
  return `${cause === null ? '' : `${cause}; `}${chosen}${elsewhere(choice)}`;
}

function elsewhere({ edge, msPerToken, from, textTokens, others, objective }: EdgeChoice): string {
  if (others === null) return '';
  // A device that moves asks about the edge that it leaves.
  const other = others.find((one) => one.edge === from) ?? others[0];
  if (other === undefined) return ', the only edge with a place in its reach';
  const there = `, ${rounded(other.msPerToken)} at ${other.edge}`;
  const isClear = from === edge && other.msPerToken < clearlyBetter * msPerToken;
  const move = isClear ? `${there} after reading ${textTokens} tokens again` : there;
  return other.msPerToken < msPerToken ? `${move}${together(edge, other.edge, objective)}` : move;
}

/** One device would be quicker elsewhere, but a policy minimises the sum over all devices. */
function together(edge: string, other: string, objective: Objective | null): string {
  const [here, there] = [objective?.at(edge) ?? Number.NaN, objective?.at(other) ?? Number.NaN];
  if (objective === null || objective.devices < 2 || Number.isNaN(here - there)) return '';
  const sums = `with it there all ${objective.devices} devices together ${rounded(there)} in place of ${rounded(here)}`;
  return here < there ? `, but ${sums}` : `; ${sums}`;
}

function rounded(ms: number): string {
  return (Math.round(10 * ms) / 10).toFixed(ms < 100 ? 1 : 0);
}
