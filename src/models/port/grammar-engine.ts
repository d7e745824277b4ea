// The interface of grammar engines, which compute the ids that may come next. The mask is applied to the target's candidates, so an answer
// follows its grammar whatever is drafted. One engine serves one vocabulary.

import type { Grammar } from '../../core/decoding/grammar.ts';

/** Cause of the error of a grammar that exceeds its limits, and would exceed them again. */
export const slowGrammar = 'slow grammar';

/** One answer's place in its grammar. */
export interface GrammarMatcher {
  /**
   * Which ids may come after the answer, and after each of the drafts that follow it; bit `id % 32` of word `id / 32`. Shorter than that
   * where a draft breaks or ends the grammar: nothing after it will be chosen. Calls run one after the other.
   * @param answerLength tokens of the answer @param answerFrom its tokens from an index on
   * @throws OutriderError `bad-argument` where the answer breaks the grammar, nothing can follow, or they take too much work; `edge-full`;
   *   `internal`
   */
  masks(
    answerLength: number,
    answerFrom: (index: number) => readonly number[],
    drafts: readonly number[],
  ): Promise<readonly Uint32Array[]>;
  /** What may and what must come after the answer and these drafts; null: they break or end the grammar. */
  next(
    answerLength: number,
    answerFrom: (index: number) => readonly number[],
    drafts: readonly number[],
  ): Promise<{
    readonly allowed: Uint32Array /** Text that every text of the grammar goes on with; mostly empty. */;
    readonly forced: string;
  } | null>;
  close(): void;
}

/** Opens grammars; `createGrammarEngine` makes one. */
export interface GrammarEngine extends AsyncDisposable {
  /**
   * @param spent called with the processor time that opening it and making its masks takes, ms, each time
   * @throws OutriderError `bad-argument` for a grammar that is malformed, that no text fits, or that takes more work or memory than is
   *   allowed; `edge-full` where there is too much to do
   */
  open(grammar: Grammar, spent?: (cpuMs: number) => void): Promise<GrammarMatcher>;
  /** Whether opening it costs next to nothing: it is compiled, or is known to take too long. Default: it is not. */
  isKnown?(grammar: Grammar): boolean;
  /** Whether its masks have taken long, in any answer. Default: they have not. */
  isSlow?(grammar: Grammar): boolean;
  /** Loads what the first grammar would wait for. */
  warm?(): Promise<void>;
}
