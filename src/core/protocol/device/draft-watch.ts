// Measures cost and gain of one turn's drafts. From the measurements decoding/draft-timing.ts derives the chain cut and the lookup margin.
// Times are arguments: real or virtual.

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
} from '../../decoding/draft-timing.ts';
import { leastHedgeChance } from '../../decoding/hedge-worth.ts';
import { modeOf } from '../wire/mode.ts';
import type { DeviceState } from './device-state.ts';
import type { TurnMeasures } from './drafting-advice.ts';
import { TurnMeter } from './turn-meter.ts';

/** Prior of the acceptance: as if this many drafts had been compared at this rate. */
const priorComparisons = 4;
const priorAcceptance = 0.7;
/** The cut changes only by at least this share, because every change is an event in the log. */
const leastChange = 0.2;

export class DraftWatch {
  readonly #meter = new TurnMeter();
  #timing: DraftTiming;
  #cut = 0;

  /** @param widthShare what an alternative adds to a pass, as earlier turns have measured it; undefined: unknown */
  constructor(widthShare?: number) {
    this.#timing = { ...unknownTiming, widthShare };
  }

  /** See {@link DraftTiming}; undefined: not measured. */
  get widthShare(): number | undefined {
    return this.#timing.widthShare;
  }

  /** A pass of the model took this long, in which it has extended so many alternatives. Looked-up drafts do not count. */
  drafted(ms: number, alternatives = 0): void {
    this.#timing = noteDraftTime(this.#timing, ms, alternatives);
    this.#meter.drafted(ms);
  }

  /** A verdict was requested. */
  verificationRequested(atMs: number): void {
    this.#timing = noteAsk(this.#timing, atMs);
  }

  committed(atMs: number, tokenCount: number): void {
    this.#timing = noteCommit(this.#timing, atMs, tokenCount);
    this.#meter.committed(atMs, tokenCount);
  }

  lost(): void {
    this.#timing = notePause(this.#timing);
    this.#meter.lost();
  }

  /** @param roundTripMs undefined: not measured yet */
  measures(state: DeviceState, roundTripMs: number | undefined): TurnMeasures {
    return this.#meter.measures(state, roundTripMs);
  }

  lookUpMargin(state: DeviceState): number {
    return lookUpMargin(this.#timing, { turnTaking: modeOf(state.turn.mode).turnTaking });
  }

  /** The new least chance of an alternative that is extended; undefined: almost unchanged. */
  newHedgeCut({ minHedgeChance }: DeviceState): number | undefined {
    const cut = leastHedgeChance(this.#timing);
    return Math.abs(cut - minHedgeChance) <= leastChange * minHedgeChance ? undefined : cut;
  }

  /** The new chain cut: the least probability of a chain for which drafting continues; undefined: almost unchanged. */
  newChainCut(state: DeviceState, roundTripMs: number): number | undefined {
    const { turn, account } = state;
    const held = account.matched + priorComparisons * priorAcceptance;
    const market: DraftMarket = {
      turnTaking: modeOf(turn.mode).turnTaking,
      roundTripMs,
      acceptance: held / (account.matched + account.mismatched + priorComparisons),
      draftLength: turn.draftLength,
    };
    const cut = leastChainChance(this.#timing, market);
    if (Math.abs(cut - this.#cut) <= leastChange * this.#cut) return undefined;
    this.#cut = cut;
    return cut;
  }
}
