// Verification of drafts: the longest prefix that the target would have written itself is committed, and one token of the target's
// own. The target's choice always wins, so a bad draft costs time and never changes the text.

import { InvariantError, invariant } from '../basics/invariant.ts';
import type { Candidates } from './candidates.ts';
import type { Ending, EndReason, EndState } from './ending.ts';

export interface VerifyInput {
  /** The target's candidates before the first draft and after each draft; one row more than drafts. */
  readonly rows: readonly Candidates[];
  readonly drafts: readonly number[];
  /** The target's own choice in row `index`; called in order, and not after the first mismatch or the end. */
  readonly choose: (row: Candidates, index: number) => number;
  readonly ending: Ending;
  readonly endState: EndState;
}

export interface Verification {
  readonly accepted: number;
  /**
   * The committed tokens: the accepted drafts and one token of the target's own (the correction, or the bonus token), unless the
   * text ended at a draft.
   */
  readonly tokens: readonly number[];
  readonly end: { readonly reason: EndReason } | null;
  /** The state after `tokens`. */
  readonly endState: EndState;
}

/** Commits at least one token. @throws InvariantError if the numbers of rows and drafts do not fit. */
export function verifyDrafts({ rows, drafts, choose, ending, endState }: VerifyInput): Verification {
  invariant(rows.length === drafts.length + 1, () => `${drafts.length} drafts need one row more, not ${rows.length}`);
  let state = endState;
  for (let index = 0; index < rows.length; index++) {
    const id = choose(rows[index] as Candidates, index);
    const step = ending.push(state, id);
    state = step.state;
    const agreed = id === drafts[index];
    if (step.end !== null || !agreed) {
      const accepted = agreed ? index + 1 : index;
      const own = agreed ? [] : [id];
      const tokens = accepted === 0 ? own : drafts.slice(0, accepted).concat(own);
      return { accepted, tokens, end: step.end, endState: state };
    }
  }
  throw new InvariantError('the last row has no draft that it could agree with');
}
