// What one turn's drafts cost and bring, measured on the device's clock, virtual or not; decoding/draft-pace.ts makes of it when to
// wait and how readily to look back. It has no clock itself.

import {
  type DraftMarket,
  type DraftPace,
  leastChainChance,
  lookUpMargin,
  noteAsk,
  noteCommit,
  noteDraftTime,
  notePause,
  unknownPace,
} from '../decoding/draft-pace.ts';
import type { DeviceState } from './device-state.ts';
import { draftTimingOf } from './pacing.ts';

/** Before drafts have been compared, this many are taken to have held at this rate. */
const priorComparisons = 4;
const priorAcceptance = 0.7;
/** A cut moves only if it would move by this share: every move is an event in the turn's log. */
const leastMove = 0.2;

export class DraftWatch {
  #pace: DraftPace = unknownPace;
  #cut = 0;

  /** The model was asked. What was looked up doesn't count. */
  drafted(ms: number): void {
    this.#pace = noteDraftTime(this.#pace, ms);
  }

  /** The edge was asked for a verdict. */
  asked(atMs: number): void {
    this.#pace = noteAsk(this.#pace, atMs);
  }

  committed(atMs: number, tokenCount: number): void {
    this.#pace = noteCommit(this.#pace, atMs, tokenCount);
  }

  /** A connection is gone. */
  lost(): void {
    this.#pace = notePause(this.#pace);
  }

  lookUpMargin(state: DeviceState): number {
    return lookUpMargin(this.#pace, { timing: draftTimingOf(state.turn.pacing) });
  }

  /** The least chance that a chain may have to be drafted on; undefined: about as it was. */
  movedCut(state: DeviceState, roundTripMs: number): number | undefined {
    const { turn, account } = state;
    const held = account.matched + priorComparisons * priorAcceptance;
    const market: DraftMarket = {
      timing: draftTimingOf(turn.pacing),
      roundTripMs,
      acceptance: held / (account.matched + account.mismatched + priorComparisons),
      windowSize: turn.windowSize,
    };
    const cut = leastChainChance(this.#pace, market);
    if (Math.abs(cut - this.#cut) <= leastMove * this.#cut) return undefined;
    this.#cut = cut;
    return cut;
  }
}
