// What one turn's drafts cost and bring, measured on the device's clock, virtual or not; decoding/draft-timing.ts makes of it when to
// wait and how readily to look back. It has no clock itself.

import {
  type DraftMarket,
  type DraftTiming,
  leastChainChance,
  lookUpMargin,
  noteAsk,
  noteCommit,
  noteDraftTime,
  notePause,
  unknownTiming,
} from '../decoding/draft-timing.ts';
import type { DeviceState } from './device-state.ts';
import { modeOf } from './mode.ts';

/** Before drafts have been compared, this many are taken to have held at this rate. */
const priorComparisons = 4;
const priorAcceptance = 0.7;
/** A cut moves only if it would move by this share: every move is an event in the turn's log. */
const leastMove = 0.2;

export class DraftWatch {
  #timing: DraftTiming = unknownTiming;
  #cut = 0;

  /** The model was asked. What was looked up doesn't count. */
  drafted(ms: number): void {
    this.#timing = noteDraftTime(this.#timing, ms);
  }

  /** The edge was asked for a verdict. */
  verificationRequested(atMs: number): void {
    this.#timing = noteAsk(this.#timing, atMs);
  }

  committed(atMs: number, tokenCount: number): void {
    this.#timing = noteCommit(this.#timing, atMs, tokenCount);
  }

  /** A connection is gone. */
  lost(): void {
    this.#timing = notePause(this.#timing);
  }

  lookUpMargin(state: DeviceState): number {
    return lookUpMargin(this.#timing, { turnTaking: modeOf(state.turn.mode).turnTaking });
  }

  /** The least chance that a chain may have to be drafted on; undefined: about as it was. */
  movedCut(state: DeviceState, roundTripMs: number): number | undefined {
    const { turn, account } = state;
    const held = account.matched + priorComparisons * priorAcceptance;
    const market: DraftMarket = {
      turnTaking: modeOf(turn.mode).turnTaking,
      roundTripMs,
      acceptance: held / (account.matched + account.mismatched + priorComparisons),
      draftLength: turn.draftLength,
    };
    const cut = leastChainChance(this.#timing, market);
    if (Math.abs(cut - this.#cut) <= leastMove * this.#cut) return undefined;
    this.#cut = cut;
    return cut;
  }
}
