// One answer as it comes: its text, where it was drafted, and its times as this page sees them.

import type { Answerer, AnswerPart, Question } from '../parts/answerer.ts';
import type { MessageEnd, RunFacts } from './message.ts';
import { type Arrival, msPerTokenOf, spreadMsOf } from './verdict.ts';

export interface Progress {
  readonly text: string;
  readonly drafted: readonly number[];
  readonly facts: RunFacts;
}

export interface RunSettings {
  /** ms on a monotonic clock. */
  readonly nowMs: () => number;
  /** Called at the beginning, with each part, now and then between them, and at the end. */
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

const showMs = 100;

/** @returns how it ended @throws what the answerer throws; what has come was given to `onProgress` */
export async function runAnswer(
  answerer: Answerer,
  question: Question,
  { nowMs, onProgress, signal }: RunSettings,
): Promise<Progress & { readonly end: MessageEnd }> {
  const run = new Run(nowMs());
  const show = (): void => onProgress(run.progress(nowMs()));
  const onPart = (part: AnswerPart): void => {
    run.take(part, nowMs());
    show();
  };
  show();
  // Its time runs also while no text comes.
  const timer = setInterval(show, showMs);
  const end = await answerer.answer(question, onPart, signal).finally(() => clearInterval(timer));
  const { mode, edges, sentDrafts, acceptedDrafts } = end;
  const last = run.progress(nowMs());
  const measured = { tokens: end.tokens ?? last.facts.tokens, spreadMs: spreadMsOf(run.arrivals) };
  const facts = { ...last.facts, mode, edges, sentDrafts, acceptedDrafts, ...measured };
  onProgress({ ...last, facts });
  return { ...last, facts, end: end.reason === 'length' ? 'length' : 'whole' };
}

class Run {
  readonly #startMs: number;
  readonly #drafted: number[] = [];
  readonly arrivals: Arrival[] = [];
  #text = '';
  #tokens = 0;
  #verified = true;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  take({ text, pieces, verified }: AnswerPart, atMs: number): void {
    let at = this.#text.length;
    for (const piece of pieces) {
      if (piece.drafted && piece.text !== '') this.#mark(at, at + piece.text.length);
      at += piece.text.length;
    }
    this.#text += text;
    this.#tokens += pieces.length;
    this.#verified = verified;
    if (pieces.length === 0 && text === '') return;
    this.arrivals.push({ tokens: this.#tokens, atMs });
  }

  /** Neighbours become one. */
  #mark(from: number, to: number): void {
    if (this.#drafted.at(-1) === from) this.#drafted[this.#drafted.length - 1] = to;
    else this.#drafted.push(from, to);
  }

  progress(atMs: number): Progress {
    const [first] = this.arrivals;
    const last = this.arrivals.at(-1);
    const facts: RunFacts = {
      ms: atMs - this.#startMs,
      firstMs: first === undefined ? null : first.atMs - this.#startMs,
      msPerToken: msPerTokenOf(first, last),
      tokens: this.#tokens,
      mode: null,
      edges: [],
      sentDrafts: null,
      acceptedDrafts: null,
      verified: this.#verified,
    };
    return { text: this.#text, drafted: [...this.#drafted], facts };
  }
}
