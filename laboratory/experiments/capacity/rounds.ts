// Rounds of an edge that drafts a chain for each session and then verifies it, on one accelerator: all sessions share each step of the target
// and each pass of the draft model.

import type { Random } from '../../../src/core/basics/philox.ts';
import type { StepLaw } from '../modes/metrics.ts';
import { levelLaw } from '../modes/run-load.ts';

export interface RoundSession {
  /** Whether the draft so many tokens after the text is right. */
  isRightAt(offset: number): boolean;
  /** A round has added so many tokens, and ended at this time. */
  wrote(tokens: number, atMs: number): void;
}

interface RoundSettings {
  readonly step: StepLaw;
  /** Times are uniform in their mean * (1 ± this). */
  readonly timeJitter: number;
  /** Time of a pass of the draft model for one row, ms. */
  readonly levelMs: number;
  /** Drafts of a round. */
  readonly draftLength: number;
}

/** Plays rounds until it is over. The edge is never idle. */
export function playRounds(
  { step, timeJitter, levelMs, draftLength }: RoundSettings,
  sessions: readonly RoundSession[],
  times: Random,
  isOver: () => boolean,
): void {
  const level = levelLaw(levelMs, step);
  const costOf = ({ fixedMs, perRowMs }: StepLaw, rows: number): number =>
    (fixedMs + perRowMs * rows) * (1 + timeJitter * (2 * times.uniform() - 1));
  let nowMs = 0;
  while (!isOver()) {
    let roundMs = 0;
    for (let pass = 0; pass < draftLength; pass++) roundMs += costOf(level, sessions.length);
    nowMs += roundMs + costOf(step, sessions.length * (draftLength + 1));
    for (const session of sessions) {
      let accepted = 0;
      while (accepted < draftLength && session.isRightAt(accepted)) accepted++;
      session.wrote(accepted + 1, nowMs);
    }
  }
}
