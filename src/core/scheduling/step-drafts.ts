// Chooses the drafts of a step: those that pay, by fair queueing. The step-time model gives the time of a step; draft-value.ts and,
// for rows in groups, step-groups.ts give the value of rows. Pure.

import { bestDraftCount, chainChances, leastChance } from './draft-value.ts';
import { type FairQueueState, startRound } from './fair-queue.ts';
import { draftsAtCostOf, worthyCounts } from './step-groups.ts';
import { growingBatchMs, type StepTimeModel, stepMs } from './step-time.ts';

/** A decoding session and its drafts, as in SessionWork. */
export interface DraftingSession {
  readonly id: number;
  readonly weight: number;
  readonly drafts: number;
  readonly acceptance: number;
  readonly confidences?: readonly number[];
}

/** A session with drafts, and the chances of those in the best step without a limit of rows. */
export interface DraftFlow {
  readonly id: number;
  readonly weight: number;
  readonly chances: readonly number[];
}

/** A draft for a row: the index of its flow, and its chance. */
export interface DraftRow {
  readonly flow: number;
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
 * Drafts that pay, to the flow with the smallest start tag first, as long as tokens per millisecond rise. Rows that cost no more
 * than the row before them go to the same session.
 * @param maxRows limit of rows over all sessions, mandatory ones included
 */
export function admitDrafts(
  queue: FairQueueState,
  decoding: readonly DraftingSession[],
  maxRows: number,
  model: StepTimeModel,
): AdmittedDrafts {
  const flows = worthyFlows(decoding, model);
  if (flows.length === 0) {
    return { counts: noCounts, expectedTokens: 0, queue: startRound(queue, flows).finish(() => false) };
  }
  const order = orderRows(queue, flows, Math.max(0, maxRows - decoding.length), model);
  const rowCount = bestDraftCount(
    order.map(({ chance }) => chance),
    decoding.length,
    timesOf(order, decoding.length, model),
  );
  const round = startRound(queue, flows);
  const taken = flows.map(() => 0);
  let expectedTokens = 0;
  for (let index = 0; index < rowCount; index += 1) {
    const { flow, chance } = order[index] as DraftRow;
    round.serve(flow, 1);
    taken[flow] = (taken[flow] as number) + 1;
    expectedTokens += chance;
  }
  const wantsMore = (flow: number): boolean => (taken[flow] as number) < (flows[flow] as DraftFlow).chances.length;
  const counts = new Map(flows.map(({ id }, flow) => [id, taken[flow] as number]));
  return { counts, expectedTokens, queue: round.finish(wantsMore) };
}

/** Sessions with drafts that are worth their rows if the step has room for all. */
export function worthyFlows(decoding: readonly DraftingSession[], model: StepTimeModel): readonly DraftFlow[] {
  const flows: DraftFlow[] = [];
  for (const { id, weight, drafts, acceptance, confidences } of decoding) {
    if (drafts > 0) flows.push({ id, weight, chances: chainChances(drafts, acceptance, confidences) });
  }
  if (flows.length === 0) return flows;
  const keep = model.goesByRows ? keepByChance : keepByGroup;
  return keep(flows, decoding.length, model).filter(({ chances }) => chances.length > 0);
}

function keepByChance(flows: readonly DraftFlow[], sessionCount: number, model: StepTimeModel): DraftFlow[] {
  const least = leastChance(
    flows.flatMap(({ chances }) => chances),
    sessionCount,
    model,
  );
  return flows.map(({ id, weight, chances }) => ({ id, weight, chances: chances.filter((chance) => chance >= least) }));
}

function keepByGroup(flows: readonly DraftFlow[], sessionCount: number, model: StepTimeModel): DraftFlow[] {
  const counts = worthyCounts(
    flows.map(({ chances }) => chances),
    sessionCount,
    model,
  );
  return flows.map(({ id, weight, chances }, flow) => ({ id, weight, chances: chances.slice(0, counts[flow]) }));
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
      for (let index = start; index < end; index += 1) order.push({ flow, chance: chances[index] as number });
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

/** The time of the step with the first `count` of these rows. */
export function timesOf(
  order: readonly DraftRow[],
  sessionCount: number,
  model: StepTimeModel,
): (count: number) => number {
  if (model.goesByRows) return (count) => stepMs(model, sessionCount + count);
  const grown = order.map(({ flow }) => flow);
  const times = growingBatchMs(model, sessionCount, grown);
  return (count) => times[count] as number;
}
