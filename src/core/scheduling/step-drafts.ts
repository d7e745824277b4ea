// Chooses the drafts of a step: those that are due by a target, and those that pay, by fair queueing. draft-demand.ts decides which drafts
// ask for rows; the step-time model gives the time of a step. Pure.

import { type DraftFlow, type DraftingSession, draftFlows } from './draft-demand.ts';
import { bestDraftCount } from './draft-value.ts';
import { type FairQueueState, startRound } from './fair-queue.ts';
import { draftsAtCostOf } from './step-groups.ts';
import { growingBatchMs, type StepTimeModel, stepMs } from './step-time.ts';

/** A draft for a row: the index of its flow, its place in the chain, from 0, and its chance. */
export interface DraftRow {
  readonly flow: number;
  readonly index: number;
  readonly chance: number;
}

export interface AdmittedDrafts {
  /** Number of drafts by session; sessions that are missing get none. */
  readonly counts: ReadonlyMap<number, number>;
  readonly expectedTokens: number;
  readonly queue: FairQueueState;
}

const noCounts: ReadonlyMap<number, number> = new Map();

/**
 * Drafts to the flow with the smallest start tag first, as long as tokens per millisecond rise. Rows that cost no more than the row before
 * them go to the same session.
 * @param maxRows limit of rows over all sessions, mandatory ones included
 */
export function admitDrafts(
  queue: FairQueueState,
  decoding: readonly DraftingSession[],
  maxRows: number,
  model: StepTimeModel,
): AdmittedDrafts {
  const flows = draftFlows(decoding, model);
  if (flows.length === 0) {
    return { counts: noCounts, expectedTokens: 0, queue: startRound(queue, flows).finish(() => false) };
  }
  const order = orderRows(queue, flows, Math.max(0, maxRows - decoding.length), model);
  const round = startRound(queue, flows);
  const taken = flows.map(() => 0);
  let expectedTokens = 0;
  for (const { flow, chance } of rowsThatPay(order, flows, decoding.length, model)) {
    round.serve(flow, 1);
    taken[flow] = (taken[flow] as number) + 1;
    expectedTokens += chance;
  }
  const wantsMore = (flow: number): boolean => (taken[flow] as number) < (flows[flow] as DraftFlow).chances.length;
  const counts = new Map(flows.map(({ id }, flow) => [id, taken[flow] as number]));
  return { counts, expectedTokens, queue: round.finish(wantsMore) };
}

function orderRows(
  queue: FairQueueState,
  flows: readonly DraftFlow[],
  freeRows: number,
  { law, goesByRows }: StepTimeModel,
): DraftRow[] {
  const round = startRound(queue, flows);
  const taken = flows.map(() => 0);
  const order: DraftRow[] = [];
  const serve = (mostDrafts: number): void => {
    const wanted = flows.map(({ chances }) => Math.min(mostDrafts, chances.length));
    const hasMore = (flow: number): boolean => (taken[flow] as number) < (wanted[flow] as number);
    while (order.length < freeRows) {
      const flow = round.next(hasMore);
      if (flow < 0) return;
      const { chances } = flows[flow] as DraftFlow;
      const start = taken[flow] as number;
      const groupEnd = goesByRows ? start + 1 : draftsAtCostOf(law, start + 1);
      const end = Math.min(chances.length, groupEnd, start + freeRows - order.length);
      for (let index = start; index < end; index += 1) order.push({ flow, index, chance: chances[index] as number });
      round.serve(flow, end - start);
      taken[flow] = end;
    }
  };
  // Rows that are computed in any case come first: fair queueing must not take rows from a session that cost nothing.
  const unpaid = draftsAtCostOf(law, 0);
  if (unpaid > 0) serve(unpaid);
  serve(Number.POSITIVE_INFINITY);
  return order;
}

/**
 * The rows of the queue that are due, and on top of them the number that gives the most tokens per millisecond. What is in every best step
 * comes before what is as good as another row, so that the queue chooses among equally good rows only.
 * @param order the flows count from 0, with the sessions that have no drafts after them
 */
export function rowsThatPay(
  order: readonly DraftRow[],
  flows: readonly Pick<DraftFlow, 'due' | 'sure'>[],
  sessionCount: number,
  model: StepTimeModel,
): readonly DraftRow[] {
  const rankOf = ({ flow, index }: DraftRow): number => {
    const { due, sure } = flows[flow] as DraftFlow;
    if (index < due) return 0;
    return index < sure ? 1 : 2;
  };
  const ranked = order.toSorted((left, right) => rankOf(left) - rankOf(right));
  const due = ranked.findIndex((row) => rankOf(row) > 0);
  const dueRows = due < 0 ? ranked.length : due;
  const dueTokens = ranked.slice(0, dueRows).reduce((sum, { chance }) => sum + chance, 0);
  const others = ranked.slice(dueRows).map(({ chance }) => chance);
  const times = timesOf(ranked, sessionCount, model);
  const best = bestDraftCount(others, sessionCount + dueTokens, (count) => times(dueRows + count));
  return ranked.slice(0, dueRows + best);
}

/** The time of the step with the first `count` of these rows. */
function timesOf(order: readonly DraftRow[], sessionCount: number, model: StepTimeModel): (count: number) => number {
  if (model.goesByRows) return (count) => stepMs(model, sessionCount + count);
  const grown = order.map(({ flow }) => flow);
  const times = growingBatchMs(model, sessionCount, grown);
  return (count) => times[count] as number;
}
