// Drafts that sessions need to keep their targets, whatever a row is worth: to those that are late, in the order of chance, until each is
// expected to be on time. And how long the step may become by other drafts without making a session late. Pure.

import { batchMs, type StepTimeModel, stepMs } from './step-time.ts';
import { longestStepMs, type TargetPace, tokensDue, tokensLate } from './target-pace.ts';

/** A decoding session. */
export interface PacedChain {
  /** Absent: it has no target. */
  readonly target?: TargetPace | undefined;
  /** Chances of its drafts, which never rise along the chain. */
  readonly chances: readonly number[];
  /** The first of them, which are worth their rows. */
  readonly worthy: number;
}

export interface DueDrafts {
  /** By session: its first drafts that are due; without a target, those that are worth their rows. */
  readonly counts: readonly number[];
  /** With a longer step than this a session that is on time becomes late, or one that is late stays so, ms. */
  readonly longestMs: number;
}

/** A less probable draft is due only if it is worth its row: it costs all sessions more time than it can give to one. */
const leastDueChance = 0.3;
/** A session that is this far behind, in tokens, does not hold the others back: its answer misses the target in any case. */
const lostTokens = 8;

interface DueRow {
  readonly session: number;
  readonly index: number;
  readonly chance: number;
}

/** Sessions without a target take the drafts that are worth their rows. */
export function dueDrafts(sessions: readonly PacedChain[], model: StepTimeModel): DueDrafts {
  const counts = sessions.map(({ target, worthy }) => (target === undefined ? worthy : 0));
  const tokens = sessions.map(() => 1);
  let ms = timeOf(counts, model);
  const isLate = (session: number): boolean => {
    const { target } = sessions[session] as PacedChain;
    return target !== undefined && (tokens[session] as number) < tokensDue(target, ms);
  };
  // Each row makes the step longer, so that more sessions may be late: the rows that were left out are asked again.
  for (let left = dueRows(sessions), before = -1; left.length !== before; ) {
    before = left.length;
    left = left.filter(({ session, index, chance }) => {
      if (index !== counts[session] || !isLate(session)) return true;
      counts[session] = index + 1;
      tokens[session] = (tokens[session] as number) + chance;
      ms = timeOf(counts, model);
      return false;
    });
  }
  const longest = sessions.map(({ target }, session) => {
    if (target === undefined || tokensLate(target) > lostTokens) return Number.POSITIVE_INFINITY;
    return longestStepMs(target, tokens[session] as number);
  });
  return { counts, longestMs: Math.min(...longest) };
}

/** The most probable first. */
function dueRows(sessions: readonly PacedChain[]): readonly DueRow[] {
  const rows: DueRow[] = [];
  for (const [session, { target, chances, worthy }] of sessions.entries()) {
    if (target === undefined) continue;
    for (const [index, chance] of chances.entries()) {
      if (chance >= leastDueChance || index < worthy) rows.push({ session, index, chance });
    }
  }
  return rows.sort((left, right) => right.chance - left.chance);
}

/** Time of the step with so many drafts of each session, ms. */
export function timeOf(counts: readonly number[], model: StepTimeModel): number {
  if (model.goesByRows)
    return stepMs(
      model,
      counts.reduce((sum, count) => sum + count + 1, 0),
    );
  return batchMs(
    model,
    counts.map((count) => count + 1),
  );
}
