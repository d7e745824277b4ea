// The target of the simulation: the toy language with a cache, and the reference text that it writes alone. Every simulated session is
// compared with that text.

import { exp, log } from '../../src/core/basics/fdlibm.ts';
import type { Candidates } from '../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../src/core/decoding/choose-token.ts';
import { createEnding, type Ending } from '../../src/core/decoding/ending.ts';
import { penaltiesActive, RunningCounts } from '../../src/core/decoding/token-counts.ts';
import type { TokenText } from '../../src/core/decoding/token-text.ts';
import {
  type ToyLanguage,
  toyCandidates,
  toyContextKey,
  toyEndId,
  toyMemoryLength,
} from '../../src/core/decoding/toy-language.ts';
import type { PromptPart } from '../../src/core/protocol/edge/edge-state.ts';
import type { EndReason, OpenMessage } from '../../src/core/protocol/wire/messages.ts';
import type { VirtualTarget } from './model.ts';

/** The fields of a turn that the target uses. */
export type TurnRule = Pick<OpenMessage, 'prompt' | 'sampling' | 'stopStrings' | 'maxAnswerTokens'>;

export interface ReferenceText {
  /** Prompt and answer. */
  readonly ids: readonly number[];
  readonly reason: EndReason;
}

export class ToyTarget implements VirtualTarget {
  readonly language: ToyLanguage;
  readonly contextLength: number;
  readonly endIds: ReadonlySet<number> = toyEndIds;
  /** Cache: the reference, drafters and steps request the same candidates. */
  readonly #known = new Map<number, Candidates>();

  constructor(language: Omit<ToyLanguage, 'role' | 'agreement'>, contextLength: number) {
    this.language = { ...language, role: 'target', agreement: 1 };
    this.contextLength = contextLength;
  }

  get vocabularySize(): number {
    return this.language.vocabularySize;
  }

  /** Candidates after the first `length` ids; only the last few matter. */
  candidates(ids: readonly number[], length: number = ids.length): Candidates {
    const key = toyContextKey(ids, length);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = toyCandidates(ids, this.language, length);
    this.#known.set(key, found);
    return found;
  }

  /** Candidates after the text, and after each of the drafts. */
  rows({ text }: { readonly text: TokenText }, drafts: readonly number[]): Candidates[] {
    const ids = [...recentIds(text, text.length), ...drafts];
    const start = ids.length - drafts.length;
    return Array.from({ length: drafts.length + 1 }, (_, index) => this.candidates(ids, start + index));
  }

  /** Probabilities count the candidates alone; other ids are as unlikely as the last of them. */
  promptRows({ text }: { readonly text: TokenText }, { first, ids }: Pick<PromptPart, 'first' | 'ids'>): Candidates[] {
    return ids.map((id, index) => {
      const found = this.candidates(recentIds(text, first + index));
      const at = found.ids.indexOf(id);
      const logNormaliser = log(found.logits.reduce((sum, logit) => sum + exp(logit), 0));
      return { ...found, logNormaliser, askedLogit: found.logits.at(at) as number };
    });
  }

  /** The target's own choice after the text and these drafts. */
  nextAfter(text: TokenText, drafts: readonly number[], { prompt, sampling }: TurnRule): number {
    const ids = [...recentIds(text, text.length), ...drafts];
    const isCounted = penaltiesActive(sampling);
    const counts = isCounted ? new RunningCounts([...text.slice(prompt.length), ...drafts]) : undefined;
    return chooseToken(this.candidates(ids), sampling, counts, text.length + drafts.length);
  }

  /** Another id, never an end token, so that a drafter that is always wrong does not stop. */
  otherThan(id: number): number {
    return id + 1 < this.language.vocabularySize ? id + 1 : 1;
  }

  ending(rule: Pick<TurnRule, 'stopStrings' | 'maxAnswerTokens'>): Ending {
    return createEnding({ ...rule, endIds: toyEndIds }, bytesOf);
  }

  /** The text that the target writes alone, token by token. */
  write({ prompt, sampling, stopStrings, maxAnswerTokens }: TurnRule): ReferenceText {
    const ids = [...prompt];
    const ending = this.ending({ stopStrings, maxAnswerTokens });
    const counts = penaltiesActive(sampling) ? new RunningCounts() : undefined;
    let state = ending.start;
    if (maxAnswerTokens === 0) return { ids, reason: 'length' };
    for (;;) {
      const id = chooseToken(this.candidates(ids), sampling, counts, ids.length);
      ids.push(id);
      counts?.push(id);
      const pushed = ending.push(state, id);
      state = pushed.state;
      if (pushed.end !== null) return { ids, reason: pushed.end.reason };
      if (ids.length >= this.contextLength) return { ids, reason: 'context-full' };
    }
  }
}

export const toyEndIds: ReadonlySet<number> = new Set([toyEndId]);

/** One letter for each id, so that stop strings can span tokens. */
function bytesOf(id: number): Uint8Array {
  return id === toyEndId ? new Uint8Array(0) : Uint8Array.of(97 + (id % 26));
}

/** The ids on which the language depends before position `length`. */
export function recentIds(text: TokenText, length: number): number[] {
  return text.slice(Math.max(0, length - toyMemoryLength), length);
}
