// How one route writes its answers: whole, and as server-sent events. The parts of an answer are the same for all routes.

import type { ApiError } from './api-error.ts';
import type { AnswerToken, CompletionEnd, Round, Standing } from './completion-port.ts';

/** What all events of one answer share. */
export interface AnswerHead {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON, or its beginning if the call is not whole. */
  readonly arguments: string;
  /** Whether the answer did not end within it. */
  readonly isWhole: boolean;
}

export interface WholeChoice {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  /** Log-probabilities of all tokens, those of calls included, if they were asked for. */
  readonly logprobs: readonly AnswerToken[] | null;
  readonly end: CompletionEnd;
}

/** A part of a choice as it comes; calls count from 0, and end before anything else begins. */
export type ChoicePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly call: number; readonly id: string; readonly name: string }
  | { readonly kind: 'arguments'; readonly call: number; readonly text: string }
  | { readonly kind: 'call-end'; readonly call: number; readonly whole: ToolCall };

/** A server-sent event; without a name it has data only. */
export interface AnswerEvent {
  readonly name?: string;
  readonly data: object | '[DONE]';
}

export interface PartNotes extends Pick<Round, 'standing' | 'fingerprints' | 'pieces'> {
  /** Log-probabilities of tokens that came since the last part; null: none were asked for. */
  readonly logprobs: readonly AnswerToken[] | null;
}

/** Tokens of a prompt, and how many of them the edge had evaluated before. */
export type PromptUsage = Pick<CompletionEnd, 'promptTokens' | 'cachedTokens'>;

/** Writes one streamed answer, part by part, in the order of the calls. */
export interface AnswerStream {
  /** Before any text. @param fingerprints of the targets that write, as far as they are known @param prompts of each choice @param standings of each choice's first text */
  begin(
    fingerprints: readonly string[],
    prompts: readonly PromptUsage[],
    standings: readonly (Standing | undefined)[],
  ): readonly AnswerEvent[];
  /** A part of a choice, which may be a text without characters where there are notes. @param index of the choice */
  part(index: number, part: ChoicePart, notes: PartNotes): readonly AnswerEvent[];
  /** @param logprobs of tokens after the last part */
  finish(index: number, choice: WholeChoice, logprobs: readonly AnswerToken[] | null): readonly AnswerEvent[];
  /** After all choices. */
  done(ends: readonly CompletionEnd[]): readonly AnswerEvent[];
  /** Instead of what would follow: the status has been sent. */
  failed(error: ApiError): readonly AnswerEvent[];
}

/** One answer in the words of its route. */
export interface AnswerFormat {
  /** With which ids of calls begin. */
  readonly callPrefix: string;
  whole(choices: readonly WholeChoice[]): object;
  stream(): AnswerStream;
}

/** Fingerprints of all targets that wrote, each once. */
export function fingerprintsOf(choices: readonly WholeChoice[]): readonly string[] {
  return [...new Set(choices.flatMap(({ end }) => end.fingerprints))];
}

/** Names the targets that wrote: the same name, the same text for the same request. */
export function systemFingerprint(fingerprints: readonly string[]): string | null {
  return fingerprints.length === 0 ? null : `or_${fingerprints.map((one) => one.slice(0, 16)).join('_')}`;
}

/** Added to an answer in which a model of this device has written: what of it is verified. */
export function specOf(standing: Standing | undefined): { readonly spec?: Standing } {
  return standing === undefined ? {} : { spec: standing };
}

/** The same of all choices together: one that is not verified makes an answer that is not. Where, only a single choice can say. */
export function specOfAll(ends: readonly CompletionEnd[]): {
  readonly spec?: Standing | { readonly verified: boolean };
} {
  const standings = ends.flatMap(({ standing }) => (standing === undefined ? [] : [standing]));
  if (ends.length === 1 || standings.length === 0) return specOf(standings[0]);
  return { spec: { verified: standings.every(({ verified }) => verified) } };
}
