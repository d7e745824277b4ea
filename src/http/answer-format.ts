// How one route writes its answers: whole, and as server-sent events. The parts of an answer are the same for all routes.

import type { ApiError } from './api-error.ts';
import { type CompletionEnd, localFingerprint } from './completion-port.ts';

/** What all events of one answer share. */
export interface AnswerHead {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
}

/** A choice that is over. */
export interface WholeChoice {
  readonly text: string;
  readonly end: CompletionEnd;
}

/** A server-sent event; without a name it has data only. */
export interface AnswerEvent {
  readonly name?: string;
  readonly data: object | '[DONE]';
}

/** Writes one streamed answer, part by part, in the order of the calls. */
export interface AnswerStream {
  /** Before any text. @param fingerprints of the targets that write, as far as they are known @param promptTokens of each choice */
  begin(fingerprints: readonly string[], promptTokens: readonly number[]): readonly AnswerEvent[];
  /** @param index of the choice */
  text(index: number, text: string): readonly AnswerEvent[];
  finish(index: number, end: CompletionEnd): readonly AnswerEvent[];
  /** After all choices. */
  done(ends: readonly CompletionEnd[]): readonly AnswerEvent[];
  /** Instead of what would follow: the status has been sent. */
  failed(error: ApiError): readonly AnswerEvent[];
}

/** One answer in the words of its route. */
export interface AnswerFormat {
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

/** Added to an answer that no target has verified: it is a draft model's. */
export function verifiedOf(fingerprints: readonly string[]): { readonly spec?: { readonly verified: false } } {
  return fingerprints.includes(localFingerprint) ? { spec: { verified: false } } : {};
}
