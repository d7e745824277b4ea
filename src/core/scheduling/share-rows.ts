// Divides all decode rows of a step by the shares of the sessions, their mandatory rows included: where a step can't hold all requested
// rows, or would take too long with them, a session that has had its share waits. Weighted max-min fairness: the rows that a session cannot
// use are given to the others. Pure.

import { engineRows } from '../decoding/shape-law.ts';
import { type DraftFlow, type DraftingSession, draftFlows } from './draft-demand.ts';
import { type FairQueueState, type Round, startRound } from './fair-queue.ts';
import { type DraftRow, rowsThatPay } from './step-drafts.ts';
import { batchMs, type StepTimeModel } from './step-time.ts';

export interface SharedRows<Session> {
  /** Sessions with a row in this step, in the given order. */
  readonly admitted: readonly Session[];
  /** Number of drafts by session; sessions that are missing get none. */
  readonly counts: ReadonlyMap<number, number>;
  readonly expectedTokens: number;
  readonly queue: FairQueueState;
}

/** A step, and the rows of each item of others in it. */
interface StepTime {
  readonly ms: number;
  readonly beside: readonly number[];
}

/** However small its share is, a session gets about a row in this many full steps. */
const mostFullStepsWithoutRow = 16;

/**
 * Rows to the session with the smallest start tag first; the first row of a session is its mandatory one, the others are drafts that pay.
 * @param maxRows limit of rows over all sessions
 * @param most the time of the step with these rows of others; one row is admitted in any case
 */
export function shareRows<Session extends DraftingSession>(
  queue: FairQueueState,
  decoding: readonly Session[],
  maxRows: number,
  model: StepTimeModel,
  most: StepTime = { ms: Number.POSITIVE_INFINITY, beside: [] },
): SharedRows<Session> {
  const flows = flowsOf(decoding, maxRows, model);
  // A session without drafts takes one row a step, whatever its share. Until the others have had theirs, it may be behind by a row of the
  // smallest share; without that it would lose what it could not take at once.
  const longest = flows.reduce((most, { weight }) => Math.max(most, 1 / weight), 0);
  const lag = (): number => longest;
  const wanted = orderRows(startRound(queue, flows, lag), flows, maxRows, model);
  const order = wanted.slice(0, rowsWithin(most, wanted, model));
  const inStep = new Set(order.map(({ flow }) => flow));
  const drafts = draftsThatPay(order, inStep, flows, model);
  const round = startRound(queue, flows, lag);
  for (const flow of inStep) round.serve(flow, 1);
  const taken = flows.map(() => 0);
  let expectedTokens = 0;
  for (const { flow, chance } of drafts) {
    round.serve(flow, 1);
    taken[flow] = (taken[flow] as number) + 1;
    expectedTokens += chance;
  }
  const rowCount = order.length < wanted.length ? order.length : maxRows;
  admitWaiting(round, flows, inStep, rowCount - inStep.size - drafts.length);
  return {
    admitted: decoding.filter((_, flow) => inStep.has(flow)),
    counts: new Map(flows.map(({ id }, flow) => [id, taken[flow] as number])),
    expectedTokens,
    queue: round.finishServed(),
  };
}

function flowsOf(decoding: readonly DraftingSession[], maxRows: number, model: StepTimeModel): readonly DraftFlow[] {
  const asking = new Map(draftFlows(decoding, model).map((flow) => [flow.id, flow]));
  const total = decoding.reduce((sum, { weight }) => sum + weight, 0);
  const least = total / (mostFullStepsWithoutRow * maxRows);
  return decoding.map(({ id, weight }) => {
    const { chances, due, sure } = asking.get(id) ?? noDrafts;
    return { id, weight: Math.max(least, weight), chances, due, sure };
  });
}

const noDrafts: Omit<DraftFlow, 'id' | 'weight'> = { chances: [], due: 0, sure: 0 };

/** A mandatory row has the index -1 and the chance 1: it commits a token in any case. */
function orderRows(
  round: Round,
  flows: readonly DraftFlow[],
  maxRows: number,
  model: StepTimeModel,
): readonly DraftRow[] {
  const { law, goesByRows } = model;
  const taken = flows.map(() => 0);
  const order: DraftRow[] = [];
  const hasMore = (flow: number): boolean => (taken[flow] as number) <= (flows[flow] as DraftFlow).chances.length;
  while (order.length < maxRows) {
    const flow = round.next(hasMore);
    if (flow < 0) break;
    const { chances } = flows[flow] as DraftFlow;
    const start = taken[flow] as number;
    // Rows in the place of padding cost nothing, so they go to the session whose row is padded.
    const groupEnd = goesByRows ? start + 1 : engineRows(law, start + 1);
    const end = Math.min(chances.length + 1, groupEnd, start + maxRows - order.length);
    for (let row = start; row < end; row += 1)
      order.push({ flow, index: row - 1, chance: row === 0 ? 1 : (chances[row - 1] as number) });
    round.serve(flow, end - start);
    taken[flow] = end;
  }
  return order;
}

/** The first of these rows whose step takes no longer than this. */
function rowsWithin({ ms, beside }: StepTime, order: readonly DraftRow[], model: StepTimeModel): number {
  if (ms === Number.POSITIVE_INFINITY) return order.length;
  const msOf = (count: number): number => {
    const rows = new Map<number, number>();
    for (const { flow } of order.slice(0, count)) rows.set(flow, (rows.get(flow) ?? 0) + 1);
    return batchMs(model, [...beside, ...rows.values()]);
  };
  let fits = 1;
  let above = order.length + 1;
  while (above - fits > 1) {
    const middle = Math.floor((fits + above) / 2);
    if (msOf(middle) <= ms) fits = middle;
    else above = middle;
  }
  return fits;
}

/** The drafts among the ordered rows, as far as they are due or pay on top of the mandatory rows. */
function draftsThatPay(
  order: readonly DraftRow[],
  inStep: ReadonlySet<number>,
  flows: readonly DraftFlow[],
  model: StepTimeModel,
): readonly DraftRow[] {
  // The times of a step count its sessions from 0.
  const sessions = [...inStep];
  const places = new Map(sessions.map((flow, place) => [flow, place]));
  const drafts = order.filter(({ index }) => index >= 0);
  const placed = drafts.map((row) => ({ ...row, flow: places.get(row.flow) as number }));
  const inPlaces = sessions.map((flow) => flows[flow] as DraftFlow);
  return rowsThatPay(placed, inPlaces, sessions.length, model).map((row) => {
    return { ...row, flow: sessions[row.flow] as number };
  });
}

/** Rows that no draft was worth go to the sessions that would have to wait. */
function admitWaiting(round: Round, flows: readonly DraftFlow[], inStep: Set<number>, freeRows: number): void {
  for (let free = freeRows; free > 0 && inStep.size < flows.length; free -= 1) {
    const flow = round.next((one) => !inStep.has(one));
    round.serve(flow, 1);
    inStep.add(flow);
  }
}
