// One choice of an answer as it comes: its text, its calls, and the logprobs that no part has carried yet.

import type { ChoicePart, ToolCall, WholeChoice } from './answer-format.ts';
import type { ApiRequest } from './api-request.ts';
import type { AnswerToken, CompletionEnd, Round } from './completion-port.ts';
import { type AnswerPart, ToolCallReader } from './tool-call-reader.ts';

/** Reads the rounds of a choice, in their order. */
export class ChoiceReader {
  readonly #reader: ToolCallReader;
  readonly #newCallId: () => string;
  readonly #calls: ToolCall[] = [];
  #text = '';
  /** Those that were not taken. */
  readonly #logprobs: AnswerToken[] | null;
  /** A call that may end by a stop text, until it is whole. */
  readonly #held: AnswerPart[] = [];
  readonly #hasStops: boolean;

  constructor({ constraint, asked }: Pick<ApiRequest, 'constraint' | 'asked'>, newCallId: () => string) {
    this.#reader = new ToolCallReader(constraint?.toolNames ?? null);
    this.#newCallId = newCallId;
    this.#logprobs = asked[0]?.topLogprobs === undefined ? null : [];
    this.#hasStops = (asked[0]?.stopStrings ?? []).length > 0;
  }

  read({ text, logprobs = [] }: Pick<Round, 'text' | 'logprobs'>): readonly ChoicePart[] {
    this.#logprobs?.push(...logprobs);
    return this.#kept(this.#sure(this.#reader.read(text)));
  }

  /** What is left after the last round. A call that a stop text has cut is none; one that the limit has cut is incomplete. */
  end({ reason }: Pick<CompletionEnd, 'reason'>): readonly ChoicePart[] {
    const parts = this.#sure(this.#reader.end());
    return this.#kept(reason === 'length' ? [...parts, ...this.#held] : parts);
  }

  /** Log-probabilities of the tokens since the last call; null: none were asked for. */
  takeLogprobs(): readonly AnswerToken[] | null {
    return this.#logprobs?.splice(0) ?? null;
  }

  whole(end: CompletionEnd): WholeChoice {
    return { text: this.#text, calls: this.#calls, logprobs: this.#logprobs, end };
  }

  #sure(parts: readonly AnswerPart[]): readonly AnswerPart[] {
    if (!this.#hasStops) return parts;
    return parts.flatMap((part) => {
      this.#held.push(part);
      return part.kind === 'text' || (part.kind === 'call-end' && part.isWhole) ? this.#held.splice(0) : [];
    });
  }

  #kept(parts: readonly AnswerPart[]): readonly ChoicePart[] {
    return parts.map((part): ChoicePart => {
      if (part.kind === 'text') {
        this.#text += part.text;
        return part;
      }
      const { call } = part;
      const before = this.#calls[call] ?? { id: '', name: '', arguments: '', isWhole: false };
      if (part.kind === 'call') {
        const begun = { ...before, id: this.#newCallId(), name: part.name };
        this.#calls[call] = begun;
        return { kind: 'call', call, id: begun.id, name: begun.name };
      }
      if (part.kind === 'arguments') {
        this.#calls[call] = { ...before, arguments: before.arguments + part.text };
        return part;
      }
      const whole = { ...before, isWhole: part.isWhole };
      this.#calls[call] = whole;
      return { kind: 'call-end', call, whole };
    });
  }
}
