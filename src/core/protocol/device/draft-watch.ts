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
import { leastHedgeChances } from '../../decoding/hedge-worth.ts';
import { type PassPrices, type PassWork, supposedPrices } from '../../decoding/pass-times.ts';
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
  #hasDrafted = false;

  /** @param prices as earlier turns have measured them */
  constructor(prices: PassPrices = supposedPrices) {
    this.#timing = { ...unknownTiming, prices };
  }

  get prices(): PassPrices {
    return this.#timing.prices;
  }

  /**
   * A pass of the model took this long. Looked-up drafts do not count, nor does the first pass of a turn: the model reads the prompt in it,
   * and perhaps its weights.
   */
  drafted(ms: number, work?: PassWork): void {
    if (this.#hasDrafted) this.#timing = noteDraftTime(this.#timing, ms, work);
    this.#hasDrafted = true;
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

  /** The new least chances of alternatives; undefined: almost unchanged. */
  newHedgeCuts(state: DeviceState): Pick<DeviceState, 'minHedgeChance' | 'minStartChance'> | undefined {
    const { continue: minHedgeChance, start: minStartChance } = leastHedgeChances(this.#timing, acceptanceOf(state));
    const isSame = isNear(minHedgeChance, state.minHedgeChance) && isNear(minStartChance, state.minStartChance);
    return isSame ? undefined : { minHedgeChance, minStartChance };
  }

  /** The new chain cut: the least probability of a chain for which drafting continues; undefined: almost unchanged. */
  newChainCut(state: DeviceState, roundTripMs: number): number | undefined {
    const { turn } = state;
    const market: DraftMarket = {
      turnTaking: modeOf(turn.mode).turnTaking,
      roundTripMs,
      acceptance: acceptanceOf(state),
      draftLength: turn.draftLength,
    };
    const cut = leastChainChance(this.#timing, market);
    if (isNear(cut, this.#cut)) return undefined;
    this.#cut = cut;
    return cut;
  }
}

function isNear(cut: number, before: number): boolean {
  return Math.abs(cut - before) <= leastChange * before;
}

/** The acceptance of this turn, with the prior. */
function acceptanceOf({ account }: DeviceState): number {
  const held = account.matched + priorComparisons * priorAcceptance;
  return held / (account.matched + account.mismatched + priorComparisons);
}
