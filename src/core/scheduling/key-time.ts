// Divides the engine's time among keys, and within a key between its prompts and its decoding sessions, by weights. A key that decodes is
// owed steps that last no longer than its own rows take alone, over its part of the time; where the rows of all keys take longer, each key
// gets its part of that time, and saves what is not enough for a row (deficit round robin: Shreedhar, Varghese 1995). Pure.

import type { DraftingSession } from './draft-demand.ts';
import { emptyFairQueue, type FairQueueState } from './fair-queue.ts';
import { type SharedRows, shareRows } from './share-rows.ts';
import { batchMs, type StepTimeModel } from './step-time.ts';

/** A session with work, as in SessionWork. */
export interface TimedSession extends DraftingSession {
  readonly key?: string | undefined;
  readonly prefillTokens: number;
}

/** What a key has not used yet of its time, ms, and the queue of its sessions. */
export interface KeyCredit {
  readonly ms: number;
  readonly queue: FairQueueState;
}

export type KeyCredits = ReadonlyMap<string | undefined, KeyCredit>;

/** The decoding sessions of a key. */
interface KeyDemand<Session> {
  readonly key: string | undefined;
  readonly decoding: readonly Session[];
  /** Its part of the time of all decoding sessions, relative. */
  readonly part: number;
  /** Rows of each session that would be in a step of this key alone, and its time, ms. */
  readonly rows: readonly number[];
  readonly aloneMs: number;
}

export interface KeyTime<Session> {
  /** Part of the time that prompts get beside decoding sessions, [0, 1). */
  readonly promptPart: number;
  /** Set where the keys cannot all have their rows in a step: by {@link KeyDemand.aloneMs} over the part, ascending. */
  readonly demands: readonly KeyDemand<Session>[] | null;
  /** Time that the decode rows of a step may take, ms. */
  readonly decodeMs: number;
}

/**
 * Part of a key's time that its own prompts get while it decodes: by weight, but within these bounds. So an answer is not held up long by
 * many others, and many prompts do not stop it.
 */
export const leastPromptPart = 0.31;
const mostPromptPart = 0.5;

/** However small its share is, a key, and all prompts together, get this part of what each of them would have by equal shares. */
const leastOfEqual = 1 / 16;

/** @returns null without decoding sessions */
export function keyTime<Session extends TimedSession>(
  sessions: readonly Session[],
  maxRows: number,
  model: StepTimeModel,
): KeyTime<Session> | null {
  if (sessions.every(({ prefillTokens }) => prefillTokens > 0)) return null;
  const keys = byKey(sessions);
  const total = sum(sessions.map(({ weight }) => weight));
  const least = leastOfEqual / keys.size;
  const demands = [...keys]
    .filter(([, { decoding }]) => decoding.length > 0)
    .map(([key, { decoding, weight, promptWeight }]) => {
      const part = (weight / total) * (1 - promptPartOf(promptWeight / weight));
      return { key, decoding, part: Math.max(least, part) };
    });
  const decodePart = sum(demands.map(({ part }) => part));
  const hasPrompts = sessions.some(({ prefillTokens }) => prefillTokens > 0);
  const promptPart = hasPrompts ? Math.max(least, 1 - decodePart) : 0;
  const whole = { promptPart, demands: null, decodeMs: Number.POSITIVE_INFINITY };
  if (keys.size === 1) return whole;
  const asking = demands.map((demand) => ({ ...demand, ...alone(demand, maxRows, model) }));
  asking.sort((one, other) => one.aloneMs / one.part - other.aloneMs / other.part);
  const decodeMs = decodePart * Math.min(...asking.map(({ aloneMs, part }) => aloneMs / part));
  const rows = asking.flatMap((demand) => demand.rows);
  // Where a step has not room for all rows, they divide by rows, unless these take too long as well.
  const fits = batchMs(model, upTo(maxRows, rows)) <= decodeMs;
  return fits ? whole : { promptPart, demands: asking, decodeMs };
}

/**
 * Rows of a step in which each key has its part of the time, and what others leave of theirs. The fixed time of a step is paid by the key
 * that would have all its rows soonest, the others pay what their rows add.
 */
export function shareTime<Session extends TimedSession>(
  credits: KeyCredits,
  { demands, decodeMs }: { readonly demands: readonly KeyDemand<Session>[]; readonly decodeMs: number },
  maxRows: number,
  model: StepTimeModel,
): Omit<SharedRows<Session>, 'queue'> & { readonly credits: KeyCredits } {
  const asking = demands.map((demand) => ({ ...demand, ...(credits.get(demand.key) ?? noCredit) }));
  asking.sort((one, other) => one.aloneMs / one.part - other.aloneMs / other.part || other.ms - one.ms);
  const admitted: Session[] = [];
  const counts = new Map<number, number>();
  const after = new Map<string | undefined, KeyCredit>();
  const stepRows: number[] = [];
  let stepMs = 0;
  let leftMs = decodeMs;
  let leftPart = sum(demands.map(({ part }) => part));
  let freeRows = maxRows;
  let expectedTokens = 0;
  for (const { key, part, decoding, rows: wanted, queue, ms: savedMs } of asking) {
    const dueMs = (leftMs * part) / leftPart;
    leftPart -= part;
    const rowMs = batchMs(model, [...stepRows, 1]) - stepMs;
    // Time that is saved is good for a row: more would be a long step later.
    const ms = Math.min(savedMs, rowMs) + dueMs;
    const isOver = freeRows === 0 || (stepMs > 0 && stepMs >= decodeMs * (1 - rounding));
    if (isOver || ms < rowMs * (1 - rounding)) {
      leftMs -= dueMs;
      after.set(key, { ms, queue });
      continue;
    }
    const shared = shareRows(queue, decoding, freeRows, model, { ms: stepMs + ms * (1 + rounding), beside: stepRows });
    const own = shared.admitted.map(({ id }) => 1 + (shared.counts.get(id) ?? 0));
    stepRows.push(...own);
    const usedMs = batchMs(model, stepRows) - stepMs;
    stepMs += usedMs;
    admitted.push(...shared.admitted);
    for (const [id, count] of shared.counts) counts.set(id, count);
    expectedTokens += shared.expectedTokens;
    freeRows -= sum(own);
    const hasAll = sum(own) >= sum(wanted);
    leftMs -= hasAll ? Math.min(usedMs, dueMs) : dueMs;
    after.set(key, { ms: hasAll ? 0 : Math.max(0, ms - usedMs), queue: shared.queue });
  }
  return { admitted, counts, expectedTokens, credits: after };
}

const noCredit: KeyCredit = { ms: 0, queue: emptyFairQueue };

/** Sums of parts are not exact. */
const rounding = 1e-9;

function alone<Session extends TimedSession>(
  { decoding }: Pick<KeyDemand<Session>, 'decoding'>,
  maxRows: number,
  model: StepTimeModel,
): Pick<KeyDemand<Session>, 'rows' | 'aloneMs'> {
  const { admitted, counts } = shareRows(emptyFairQueue, decoding, maxRows, model);
  const rows = admitted.map(({ id }) => 1 + (counts.get(id) ?? 0));
  return { rows, aloneMs: batchMs(model, rows) };
}

/** The first items, as far as they have no more rows than this. */
function upTo(maxRows: number, itemRows: readonly number[]): readonly number[] {
  let left = maxRows;
  return itemRows.flatMap((rows) => {
    const taken = Math.min(rows, left);
    left -= taken;
    return taken > 0 ? [taken] : [];
  });
}

function promptPartOf(weightPart: number): number {
  return weightPart === 0 ? 0 : Math.min(mostPromptPart, Math.max(leastPromptPart, weightPart));
}

function byKey<Session extends TimedSession>(sessions: readonly Session[]) {
  const keys = new Map<string | undefined, { decoding: Session[]; weight: number; promptWeight: number }>();
  for (const session of sessions) {
    const work = keys.get(session.key) ?? { decoding: [], weight: 0, promptWeight: 0 };
    keys.set(session.key, work);
    work.weight += session.weight;
    if (session.prefillTokens === 0) work.decoding.push(session);
    else work.promptWeight += session.weight;
  }
  return keys;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
