// Which targets an edge promises: within the class of a key, never below the step of a session alone, and none that could not be kept even
// if every draft were there in time. Pure.

import { batchMs, type StepTimeModel, stepMs } from './step-time.ts';

/** What decides the target of a session, in ms a token; null: not set. */
export interface TargetTerms {
  /** What its opening asks for. */
  readonly asked: number | null;
  /** By an order for this session; it comes before `asked`. */
  readonly ordered: number | null;
  /** The class of its key: the tightest target that its sessions may have, and the one that they have without another. */
  readonly tightest: number | null;
}

/** The target, ms a token; null: none. */
export function promisedMs({ asked, ordered, tightest }: TargetTerms, model: StepTimeModel): number | null {
  const wanted = ordered ?? asked ?? tightest;
  return wanted === null ? null : Math.max(wanted, tightest ?? 0, stepMs(model, 1));
}

/** A session that decodes beside others. */
export interface PromisedSession {
  /** Null: it has no target, and gets a row in each step. */
  readonly targetMs: number | null;
  /** Acceptance of its drafts, 0 to 1; 0: it has none. */
  readonly acceptance: number;
}

/** Rows of one session in one step at most, as far as a promise may rest on them. */
const mostRows = 16;

/**
 * Whether a session can keep its target beside others that keep theirs, if each has drafts in every step and gets as many rows as it needs on
 * average: a step of S ms has to give S / target tokens. It is a bound, since drafts may be late. Others that can't keep theirs in any case get
 * a row.
 */
export function canKeepTarget(own: PromisedSession, others: readonly PromisedSession[], model: StepTimeModel): boolean {
  const count = 1 + others.length;
  // Sessions of one kind need the same rows.
  const kinds = [...Map.groupBy(others, ({ targetMs, acceptance }) => `${targetMs} ${acceptance}`).values()];
  for (let rows = count; rows <= mostRows * count; rows += 1) {
    const ms = timeOfRows(rows, count, model);
    const needed = kinds.reduce(
      (sum, same) => {
        const each = rowsFor(same[0] as PromisedSession, ms);
        return sum + same.length * (each === Number.POSITIVE_INFINITY ? 1 : each);
      },
      rowsFor(own, ms),
    );
    if (needed <= rows) return true;
    // A longer step needs more tokens.
    if (needed === Number.POSITIVE_INFINITY) return false;
  }
  return false;
}

/** The most sessions with this target and acceptance that can keep it together; `most` at most. */
export function mostSessionsWithin(session: PromisedSession, model: StepTimeModel, most: number): number {
  const holds = (count: number): boolean =>
    canKeepTarget(session, new Array<PromisedSession>(count - 1).fill(session), model);
  let low = 0;
  for (let high = most + 1; high - low > 1; ) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Rows that give so many tokens on average: with r rows (1 - a^r) / (1 - a) tokens are expected (Leviathan et al. 2023, equation 1). */
function rowsFor({ targetMs, acceptance }: PromisedSession, ms: number): number {
  const tokens = targetMs === null ? 1 : Math.max(1, ms / targetMs);
  if (tokens === 1 || acceptance >= 1) return tokens;
  const missing = 1 - tokens * (1 - acceptance);
  return missing <= 0 ? Number.POSITIVE_INFINITY : Math.log(missing) / Math.log(acceptance);
}

/** As even as possible. */
function timeOfRows(rows: number, sessionCount: number, model: StepTimeModel): number {
  if (model.goesByRows) return stepMs(model, rows);
  const longer = rows % sessionCount;
  const each = Math.floor(rows / sessionCount);
  return batchMs(
    model,
    Array.from({ length: sessionCount }, (_, session) => each + (session < longer ? 1 : 0)),
  );
}
