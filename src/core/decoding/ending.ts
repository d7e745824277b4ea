// The end of a text: an end token, a complete stop string, or the maximum length. A pure function of the committed tokens, so edge and
// device see the same end at the same token. It works on bytes, because tokens may split characters and stop strings may span tokens.

import { OutriderError } from '../basics/errors.ts';
import { invariant } from '../basics/invariant.ts';
import { encodeUtf8 } from '../basics/utf8.ts';
import { type ByteMatcher, createByteMatcher, scanBytes } from './ending-bytes.ts';

export const stopStringLimit = 4;
export const stopStringByteLimit = 64;

export interface EndRule {
  /** The tokenizer's end ids; a client may add to them. */
  readonly endIds: ReadonlySet<number>;
  /** At most {@link stopStringLimit}, each of 1 to {@link stopStringByteLimit} UTF-8 bytes. */
  readonly stopStrings: readonly string[];
  /** Limit of answer tokens, the end token included; 0: there is no answer. */
  readonly maxAnswerTokens: number;
}

export type EndReason = 'end-token' | 'stop-string' | 'length';

/** Plain data, safe to keep in a machine's state. */
export interface EndState {
  readonly tokenCount: number;
  /** For each stop string, the number of its bytes with which the text ends. */
  readonly matchedBytes: readonly number[];
}

export interface EndStep {
  readonly state: EndState;
  readonly end: { readonly reason: EndReason } | null;
}

export interface Ending {
  readonly rule: EndRule;
  readonly start: EndState;
  /** The state after one more answer token. Nothing may be pushed after an end. */
  push(state: EndState, id: number): EndStep;
}

/** @param bytesOf the bytes of one token; empty for special ones @throws OutriderError `bad-argument` when the rule is outside its limits */
export function createEnding(rule: EndRule, bytesOf: (id: number) => Uint8Array): Ending {
  validateEndRule(rule);
  const matchers = stopMatchers(rule);
  return {
    rule,
    start: { tokenCount: 0, matchedBytes: matchers.map(() => 0) },
    push(state: EndState, id: number): EndStep {
      invariant(state.tokenCount < rule.maxAnswerTokens, 'a token after the maximum length');
      const tokenCount = state.tokenCount + 1;
      // An end token is no text, whatever its bytes.
      if (rule.endIds.has(id)) return { state: { ...state, tokenCount }, end: { reason: 'end-token' } };
      const scan = matchers.length === 0 ? null : scanBytes(matchers, state.matchedBytes, bytesOf(id));
      const next = { tokenCount, matchedBytes: scan?.matchedBytes ?? state.matchedBytes };
      if (scan !== null && scan.foundAt !== null) return { state: next, end: { reason: 'stop-string' } };
      return { state: next, end: tokenCount === rule.maxAnswerTokens ? { reason: 'length' } : null };
    },
  };
}

/** One matcher for each stop string, in the rule's order. */
export function stopMatchers(rule: EndRule): ByteMatcher[] {
  return rule.stopStrings.map((text) => createByteMatcher(encodeUtf8(text)));
}

/** @throws OutriderError `bad-argument` */
export function validateEndRule(rule: EndRule): void {
  const { stopStrings, maxAnswerTokens } = rule;
  if (!Number.isInteger(maxAnswerTokens) || maxAnswerTokens < 0 || maxAnswerTokens > 2 ** 31 - 1) {
    refuse(`the maximum length is ${maxAnswerTokens} tokens`, 'Give a whole number of at least 0.');
  }
  if (stopStrings.length > stopStringLimit) {
    refuse(`${stopStrings.length} stop strings`, `Give at most ${stopStringLimit}.`);
  }
  for (const text of stopStrings) {
    const byteCount = encodeUtf8(text).length;
    if (byteCount === 0)
      refuse('a stop string is empty', 'Leave it out: an empty string would end every text at once.');
    if (byteCount > stopStringByteLimit) {
      refuse(`a stop string has ${byteCount} bytes`, `Give at most ${stopStringByteLimit} bytes of UTF-8.`);
    }
  }
}

function refuse(cause: string, remedy: string): never {
  throw new OutriderError('bad-argument', cause, remedy);
}
