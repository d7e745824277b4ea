// Measures a running turn for the advice on drafting: the time of a draft, and the time and tokens of commits. Times are arguments: real or
// virtual.

import { median } from '../../basics/statistics.ts';
import type { DeviceState } from './device-state.ts';
import type { TurnMeasures } from './drafting-advice.ts';

/** The median of this many drafts is the present draft time. */
const recentDrafts = 15;

export class TurnMeter {
  /** Durations of the recent drafts, in no order. */
  readonly #draftMs: number[] = [];
  #drafts = 0;
  #commits = 0;
  #decodedTokens = 0;
  #decodeMs = 0;
  #lastAtMs: number | null = null;

  /** A draft took this long. Looked-up drafts do not count. */
  drafted(durationMs: number): void {
    this.#draftMs[this.#drafts % recentDrafts] = durationMs;
    this.#drafts += 1;
  }

  committed(atMs: number, tokenCount: number): void {
    if (this.#lastAtMs !== null) {
      this.#commits += 1;
      this.#decodedTokens += tokenCount;
      this.#decodeMs += atMs - this.#lastAtMs;
    }
    this.#lastAtMs = atMs;
  }

  /** A connection was lost: the time until there is another one is not a time of steps. */
  lost(): void {
    this.#lastAtMs = null;
  }

  measures({ account, text, turn }: DeviceState, roundTripMs: number | undefined): TurnMeasures {
    return {
      drafts: account,
      committedTokens: text.length - turn.prompt.length,
      draftMs: this.#draftMs.length === 0 ? null : median(this.#draftMs),
      roundTripMs: roundTripMs ?? null,
      commits: this.#commits,
      decodedTokens: this.#decodedTokens,
      decodeMs: this.#decodeMs,
    };
  }
}
