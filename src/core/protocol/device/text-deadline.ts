// How long a turn waits for text of an edge that keeps its connection but writes nothing. Only time in which the edge owes text counts:
// not the time without a connection, and not the device's own drafting where the edge waits for it.

import type { Clock } from '../../basics/clock.ts';
import type { OutriderError } from '../../basics/errors.ts';

/** Times in ms. */
export interface TextDeadlines {
  /** From an `open`, or a wait for a place, to the first new token: the edge may have to evaluate the whole text, and may be busy with other sessions. */
  readonly firstTokenWithinMs: number;
  /** From one commit to the next. */
  readonly nextTokenWithinMs: number;
}

/** A busy edge, or a model that is still being loaded, gets two minutes. */
const firstTokenMs = 120_000;
/** Prefill at 50 tokens/s, which is slow for a CPU. */
const prefillMsPerToken = 20;
/** Beyond this many tokens each one takes longer by what comes before it: attention reads all of it. */
const shortPrompt = 2048;
/** What a CPU needs for the attention of a small model from one token to one before it, and as much again for other sessions' steps. */
const prefillMsPerPair = 0.01;
/** Steps take milliseconds to seconds; other sessions and their prompts come between. */
const nextTokenMs = 30_000;

/** @param promptLength in tokens */
export function defaultTextDeadlines(promptLength: number): TextDeadlines {
  const pairs = (Math.max(0, promptLength - shortPrompt) * promptLength) / 2;
  const prefillMs = prefillMsPerToken * promptLength + prefillMsPerPair * pairs;
  return { firstTokenWithinMs: firstTokenMs + Math.round(prefillMs), nextTokenWithinMs: nextTokenMs };
}

const nothing = (): void => {};

export class TextDeadline {
  readonly #clock: Clock;
  readonly #deadlines: TextDeadlines;
  readonly #expired: (hasExpiredBefore: boolean, afterMs: number) => void;
  /** Whether the edge has written since the last `open`. */
  #hasText = false;
  #hasExpired = false;
  #waitedMs = 0;
  /** Since when the edge owes text; null: it does not. */
  #owedSinceMs: number | null = null;
  #cancel = nothing;

  /** @param expired called when the edge has owed text for `afterMs`; `hasExpiredBefore`: for the second time without new text */
  constructor(clock: Clock, deadlines: TextDeadlines, expired: (hasExpiredBefore: boolean, afterMs: number) => void) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#expired = expired;
  }

  /** An `open` was sent: the edge begins with the whole text. */
  opened(): void {
    this.#hasText = false;
    this.#rearm();
  }

  /** The edge lets the session wait for a place: the next token is again a first one. Repetition gives no more time. */
  queued(): void {
    this.#hasText = false;
    this.#rearm();
  }

  /** There is new text. */
  answered(): void {
    this.#hasText = true;
    this.#hasExpired = false;
    this.#restart();
  }

  /** There are new logprobs of the prompt: a first token has its whole time again. */
  scored(): void {
    this.#hasExpired = false;
    this.#restart();
  }

  /** Whether the edge owes text from now on. */
  owes(isOwed: boolean): void {
    if (isOwed === (this.#owedSinceMs !== null)) return;
    const nowMs = this.#clock.nowMs();
    if (this.#owedSinceMs !== null) this.#waitedMs += nowMs - this.#owedSinceMs;
    this.#owedSinceMs = isOwed ? nowMs : null;
    this.#rearm();
  }

  get #limitMs(): number {
    return this.#hasText ? this.#deadlines.nextTokenWithinMs : this.#deadlines.firstTokenWithinMs;
  }

  #restart(): void {
    this.#waitedMs = 0;
    if (this.#owedSinceMs !== null) this.#owedSinceMs = this.#clock.nowMs();
    this.#rearm();
  }

  #rearm(): void {
    this.#cancel();
    this.#cancel = nothing;
    if (this.#owedSinceMs === null || this.#limitMs === Number.POSITIVE_INFINITY) return;
    const leftMs = this.#limitMs - this.#waitedMs - (this.#clock.nowMs() - this.#owedSinceMs);
    // At least 1 ms: after rounding, a shorter wait might not advance the clock.
    this.#cancel = this.#clock.after(Math.max(1, leftMs), () => this.#check());
  }

  #check(): void {
    if (this.#owedSinceMs === null) return;
    const limitMs = this.#limitMs;
    if (this.#waitedMs + this.#clock.nowMs() - this.#owedSinceMs < limitMs) {
      this.#rearm();
      return;
    }
    const hasExpiredBefore = this.#hasExpired;
    this.#hasExpired = true;
    this.#restart();
    this.#expired(hasExpiredBefore, limitMs);
  }
}

/** Why a turn fails whose edge has sent no text on two connections. */
export function silentEdge(afterMs: number): Pick<OutriderError, 'code' | 'message' | 'remedy'> {
  const message = `the edge keeps the connection but has sent no text for ${Math.round(afterMs / 1000)} s, twice`;
  return {
    code: 'edge-silent',
    message,
    remedy: 'ask another edge, or give this one more time; the text so far is kept',
  };
}
