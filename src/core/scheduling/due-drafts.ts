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
const leastDueChance = 0.4;
/**
 * A session that is this far behind, in tokens, misses its target in any case: it goes by worth alone, and does not hold the others back. So
 * the sessions of a key that asks for what it can't keep cost the others nothing more.
 */
const lostTokens = 20;

function isLost(target: TargetPace): boolean {
  return tokensLate(target) > lostTokens;
}

interface DueRow {
  readonly session: number;
  readonly index: number;
  readonly chance: number;
}

/** Sessions without a target take the drafts that are worth their rows. */
export function dueDrafts(sessions: readonly PacedChain[], model: StepTimeModel): DueDrafts {
  const step = new GrowingStep(
    sessions.map(({ target, worthy }) => (target === undefined ? worthy : 0)),
    model,
  );
  const tokens = sessions.map(() => 1);
  const isLate = (session: number): boolean => {
    const { target } = sessions[session] as PacedChain;
    return target !== undefined && (tokens[session] as number) < tokensDue(target, step.ms);
  };
  // Each row makes the step longer, so that more sessions may be late: the rows that were left out are asked again.
  for (let left = dueRows(sessions), before = -1; left.length !== before; ) {
    before = left.length;
    left = left.filter(({ session, index, chance }) => {
      if (index !== step.counts[session] || !isLate(session)) return true;
      step.add(session);
      tokens[session] = (tokens[session] as number) + chance;
      return false;
    });
  }
  const longest = sessions.map(({ target }, session) => {
    if (target === undefined || isLost(target)) return Number.POSITIVE_INFINITY;
    return longestStepMs(target, tokens[session] as number);
  });
  return { counts: step.counts, longestMs: Math.min(...longest) };
}

/** The most probable first. */
function dueRows(sessions: readonly PacedChain[]): readonly DueRow[] {
  const rows: DueRow[] = [];
  for (const [session, { target, chances, worthy }] of sessions.entries()) {
    if (target === undefined) continue;
    const least = isLost(target) ? Number.POSITIVE_INFINITY : leastDueChance;
    for (const [index, chance] of chances.entries()) {
      if (chance >= least || index < worthy) rows.push({ session, index, chance });
    }
  }
  return rows.sort((left, right) => right.chance - left.chance);
}

/** A step that gets drafts one by one. */
export class GrowingStep {
  /** Drafts of each session. */
  readonly counts: number[];
  readonly #model: StepTimeModel;
  #rows: number;
  #ms: number;

  constructor(counts: readonly number[], model: StepTimeModel) {
    this.counts = [...counts];
    this.#model = model;
    this.#rows = counts.reduce((sum, count) => sum + count + 1, 0);
    this.#ms = this.#timeOf(this.counts, this.#rows);
  }

  /** Its time, ms. */
  get ms(): number {
    return this.#ms;
  }

  /** Adds the next draft of a session, unless the step would become longer than this, ms. */
  add(session: number, mostMs: number = Number.POSITIVE_INFINITY): void {
    const longer = this.#model.goesByRows ? this.counts : this.counts.with(session, this.#next(session));
    const ms = this.#timeOf(longer, this.#rows + 1);
    if (ms > mostMs) return;
    this.counts[session] = this.#next(session);
    this.#rows += 1;
    this.#ms = ms;
  }

  #next(session: number): number {
    return (this.counts[session] as number) + 1;
  }

  #timeOf(counts: readonly number[], rows: number): number {
    if (this.#model.goesByRows) return stepMs(this.#model, rows);
    return batchMs(
      this.#model,
      counts.map((count) => count + 1),
    );
  }
}
