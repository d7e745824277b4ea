// Which drafts go into a step: those that pay, handed out by virtual time. What a step takes is the step-time model's matter; what
// rows are worth, draft-value.ts's and, where they come in groups, step-groups.ts's. Pure.

import { bestDraftCount, chainChances, leastChance } from './draft-value.ts';
import { type FairQueueState, startRound } from './fair-queue.ts';
import { draftsAtCostOf, worthyCounts } from './step-groups.ts';
import { growingBatchMs, type StepTimeModel, stepMs } from './step-time.ts';

/** A decoding session and its drafts, as in SessionWork. */
export interface DraftingSession {
  readonly id: number;
  readonly share: number;
  readonly drafts: number;
  readonly acceptance: number;
  readonly confidences?: readonly number[];
}

/** A session with drafts, and the chances of those that the best step without a row limit would hold. */
interface DraftClaim {
  readonly id: number;
  readonly share: number;
  readonly chances: readonly number[];
}

/** A draft in line for a row: whose, by place among the claims, and its chance. */
interface DraftRow {
  readonly place: number;
  readonly chance: number;
}

export interface AdmittedDrafts {
  /** Drafts by session; those that are missing get none. */
  readonly counts: ReadonlyMap<number, number>;
  /** Tokens that the drafts are expected to add. */
  readonly expectedTokens: number;
  readonly queue: FairQueueState;
}

const noCounts: ReadonlyMap<number, number> = new Map();

/**
 * Drafts that pay, to the lowest virtual time first, as long as tokens per millisecond rise. What costs no more than the row before it
 * goes to the same session.
 * @param maxRows rows of all sessions, their mandatory ones included
 */
export function admitDrafts(
  queue: FairQueueState,
  decoding: readonly DraftingSession[],
  maxRows: number,
  model: StepTimeModel,
): AdmittedDrafts {
  const claims = worthyClaims(decoding, model);
  if (claims.length === 0) {
    return { counts: noCounts, expectedTokens: 0, queue: startRound(queue, claims).finish(() => false) };
  }
  const order = orderRows(queue, claims, Math.max(0, maxRows - decoding.length), model);
  const rowCount = bestDraftCount(
    order.map(({ chance }) => chance),
    decoding.length,
    timesOf(order, decoding.length, model),
  );
  const round = startRound(queue, claims);
  const taken = claims.map(() => 0);
  let expectedTokens = 0;
  for (let index = 0; index < rowCount; index += 1) {
    const { place, chance } = order[index] as DraftRow;
    round.charge(place, 1);
    taken[place] = (taken[place] as number) + 1;
    expectedTokens += chance;
  }
  const wantsMore = (place: number): boolean => (taken[place] as number) < (claims[place] as DraftClaim).chances.length;
  const counts = new Map(claims.map(({ id }, place) => [id, taken[place] as number]));
  return { counts, expectedTokens, queue: round.finish(wantsMore) };
}

function worthyClaims(decoding: readonly DraftingSession[], model: StepTimeModel): readonly DraftClaim[] {
  const claims: DraftClaim[] = [];
  for (const { id, share, drafts, acceptance, confidences } of decoding) {
    if (drafts > 0) claims.push({ id, share, chances: chainChances(drafts, acceptance, confidences) });
  }
  if (claims.length === 0) return claims;
  const keep = model.goesByRows ? keepByChance : keepByGroup;
  return keep(claims, decoding.length, model).filter(({ chances }) => chances.length > 0);
}

function keepByChance(claims: readonly DraftClaim[], sessionCount: number, model: StepTimeModel): DraftClaim[] {
  const least = leastChance(
    claims.flatMap(({ chances }) => chances),
    sessionCount,
    model,
  );
  return claims.map(({ id, share, chances }) => ({ id, share, chances: chances.filter((chance) => chance >= least) }));
}

function keepByGroup(claims: readonly DraftClaim[], sessionCount: number, model: StepTimeModel): DraftClaim[] {
  const counts = worthyCounts(
    claims.map(({ chances }) => chances),
    sessionCount,
    model,
  );
  return claims.map(({ id, share, chances }, place) => ({ id, share, chances: chances.slice(0, counts[place]) }));
}

function orderRows(
  queue: FairQueueState,
  claims: readonly DraftClaim[],
  freeRows: number,
  { law, goesByRows }: StepTimeModel,
): DraftRow[] {
  const round = startRound(queue, claims);
  const taken = claims.map(() => 0);
  const order: DraftRow[] = [];
  const serve = (mostDrafts: number): void => {
    const wanted = claims.map(({ chances }) => Math.min(mostDrafts, chances.length));
    const hasMore = (place: number): boolean => (taken[place] as number) < (wanted[place] as number);
    while (order.length < freeRows) {
      const place = round.next(hasMore);
      if (place < 0) return;
      const { chances } = claims[place] as DraftClaim;
      const start = taken[place] as number;
      const groupEnd = goesByRows ? start + 1 : draftsAtCostOf(law, start + 1);
      const end = Math.min(chances.length, groupEnd, start + freeRows - order.length);
      for (let index = start; index < end; index += 1) order.push({ place, chance: chances[index] as number });
      round.charge(place, end - start);
      taken[place] = end;
    }
  };
  // What is computed anyway comes first: what one session is owed must not take from another what costs nobody anything.
  const unpaid = draftsAtCostOf(law, 0);
  if (unpaid > 0) serve(unpaid);
  serve(Number.POSITIVE_INFINITY);
  return order;
}

/** The time of the step with the first so many of these rows. */
function timesOf(order: readonly DraftRow[], sessionCount: number, model: StepTimeModel): (count: number) => number {
  if (model.goesByRows) return (count) => stepMs(model, sessionCount + count);
  const grown = order.map(({ place }) => place);
  const times = growingBatchMs(model, sessionCount, grown);
  return (count) => times[count] as number;
}
