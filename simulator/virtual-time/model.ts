// The models of virtual devices and edges as interfaces: target, device drafter, edge drafter, lookup. Implementations are the toy
// language, recorded traces, and real models.

import type { AlternativeOrder } from '../../src/core/decoding/alternative.ts';
import type { Candidates } from '../../src/core/decoding/candidates.ts';
import type { Ending } from '../../src/core/decoding/ending.ts';
import type { LookUpDraft } from '../../src/core/decoding/look-up.ts';
import type { DeviceState } from '../../src/core/protocol/device/device-state.ts';
import type { EdgeState, PromptPart } from '../../src/core/protocol/edge/edge-state.ts';
import type { DraftMade } from '../../src/core/protocol/wire/draft-order.ts';
import type { OpenMessage } from '../../src/core/protocol/wire/messages.ts';

/** The large model of an edge. */
export interface VirtualTarget {
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** Ids that end a text. */
  readonly endIds: ReadonlySet<number>;
  /** The end rule of a turn. @throws OutriderError `bad-argument` for a rule that this target can't apply */
  ending(open: OpenMessage): Ending;
  /**
   * Candidates after the session's text and after each draft: one row more than drafts. Rows after the first wrong draft are not read.
   */
  rows(state: EdgeState, drafts: readonly number[]): readonly Candidates[];
  /** One row before each token of a part of the prompt, with what logprobs need. Absent: no session may ask for them. */
  promptRows?(state: EdgeState, part: PromptPart): readonly Candidates[];
}

export type VirtualDraft = DraftMade;

/** The small model of a device. */
export interface VirtualDrafter {
  /**
   * The token after the device's text and tail; null: no proposal.
   * @param lookUpMargin see decoding/draft-timing.ts
   * @param alternatives to be extended in the same pass
   */
  draft(state: DeviceState, lookUpMargin?: number, alternatives?: readonly AlternativeOrder[]): VirtualDraft | null;
}

/** The lookup of an edge; it takes no time. */
export interface VirtualLookUp {
  /** At most `count` tokens after the session's text, each with its probability if those before it are right. */
  lookUp(state: EdgeState, count: number): readonly LookUpDraft[];
}

/** The small model of an edge. */
export interface VirtualEdgeDrafter {
  /**
   * The token after the text and these drafts; null: no proposal.
   * @param alternatives to be extended in the same pass
   */
  next(
    state: Pick<EdgeState, 'text' | 'open'>,
    drafts: readonly number[],
    alternatives?: readonly AlternativeOrder[],
  ): DraftMade | null;
}
