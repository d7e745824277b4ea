// What virtual devices and edges ask of models: the target's candidates, the device's draft, the edge's own guess. The toy language
// answers, or a recorded trace does, or real models; who asks can't tell.

import type { Candidates } from '../decoding/candidates.ts';
import type { Ending } from '../decoding/ending.ts';
import type { LookUpDraft } from '../decoding/look-up.ts';
import type { DeviceState } from '../protocol/device-state.ts';
import type { EdgeState } from '../protocol/edge-state.ts';
import type { OpenMessage } from '../protocol/messages.ts';

/** The large model of an edge. */
export interface VirtualTarget {
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** Ids that end a text. */
  readonly endIds: ReadonlySet<number>;
  /** @throws OutriderError `bad-argument` when the turn asks for an end that can't be told */
  ending(open: OpenMessage): Ending;
  /**
   * Candidates after the session's text and after each of the drafts: one row more than drafts. Rows behind the first wrong draft are
   * not read.
   */
  rows(state: EdgeState, drafts: readonly number[]): readonly Candidates[];
}

export interface VirtualDraft {
  readonly token: number;
  /** (0, 1] */
  readonly confidence: number;
  /** Time that it takes, as a share of the time of one draft; default 1. */
  readonly effort?: number;
  /** Found by looking back in the text. */
  readonly isLookedUp?: true;
}

/** The small model of a device. */
export interface VirtualDrafter {
  /** It asks for a margin. */
  readonly looksBack?: true;
  /** The token that follows the device's text and tail; null: no guess. @param lookUpMargin for drafters that look back, see there */
  draft(state: DeviceState, lookUpMargin?: number): VirtualDraft | null;
}

/** What an edge looks up in a text: free, and there at once. */
export interface VirtualLookUp {
  /** What follows the session's text, at most `count` tokens, and how likely each is if those before it are right. */
  lookUp(state: EdgeState, count: number): readonly LookUpDraft[];
}

/** The small model of an edge. */
export interface VirtualEdgeDrafter {
  /** The token that follows the session's text and these drafts; null: no guess. */
  next(state: EdgeState, drafts: readonly number[]): number | null;
}
