// Chooses the source of a device's next draft: prompt look-up, which costs nothing, or the draft model. Look-up is used only where
// it is about as likely to be accepted as the model, judged by the compared drafts of this session. No model and no clock: the same
// for live devices and for the simulator.

import { type Calibration, calibrate, noteDraft, uncalibrated } from './calibrate-confidence.ts';
import { roundConfidence } from './confidence.ts';
import { chanceOf, type HitRate, noTrials, noteTrial, type Prior } from './hit-rate.ts';
import { LookUp, type LookUpDraft } from './look-up.ts';
import type { TokenList } from './token-list.ts';

/** A draft and the chance that it is right if all before it is, (0, 1]. */
export interface SourcedDraft {
  readonly token: number;
  readonly confidence: number;
}

interface ModelDraft extends SourcedDraft {
  /** Length of the look-up's match there; 0: none. */
  readonly matchLength: number;
}

/** Prior of the model's acceptance rate, before any of its drafts was compared. */
const modelPrior: Prior = { chance: 0.7, weight: 4 };
/**
 * Where texts repeat themselves a model errs less often, so its rate is measured separately for each match length. By length, from
 * 0: the expected share of its usual error rate; docs/research/prompt-lookup.md has the measurement.
 */
const errorShares = [1.1, 1.1, 0.75, 0.7, 0.7, 0.4, 0.4, 0.25, 0.2];
const matchedPriorWeight = 4;
const memoryTrials = 64;

export class DraftSource {
  readonly #lookUp = new LookUp();
  /** Drafts without a comparison so far, by position. */
  readonly #modelDrafts = new Map<number, ModelDraft>();
  #calibration: Calibration = uncalibrated;
  #modelRate: HitRate = noTrials;
  readonly #matchedRates = new Map<number, HitRate>();
  #next: LookUpDraft | undefined;

  /**
   * Reads the text to continue, and learns from newly committed tokens.
   * @param committedLength prompt included
   * @param mostNew see {@link LookUp.follow}
   */
  follow(text: TokenList, promptLength: number, committedLength: number, mostNew?: number): void {
    const shared = this.#lookUp.follow(text, promptLength, committedLength, mostNew);
    for (const [position, draft] of this.#modelDrafts) {
      // A draft on a rejected text is no trial.
      if (position > shared) this.#modelDrafts.delete(position);
      else if (position < committedLength) this.#compare(position, draft, text.at(position) as number);
    }
    this.#next = this.#lookUp.next();
  }

  /** The look-up's draft for the next position; null: ask the model. @param margin see `lookUpMargin` */
  lookUp(margin: number): SourcedDraft | null {
    const found = this.#next;
    if (found === undefined) return null;
    // An error costs the chain, the gain is one draft's time: an uncertain chance has to be higher.
    if (found.chance - found.deviation < this.#modelChance(found.matchLength) - margin) return null;
    return { token: found.token, confidence: roundConfidence(found.chance) };
  }

  /** Records the model's draft at the end of the text. @returns the draft with its calibrated confidence */
  calibrated(position: number, { token, confidence }: SourcedDraft): SourcedDraft {
    this.#modelDrafts.set(position, { token, confidence, matchLength: this.#next?.matchLength ?? 0 });
    return { token, confidence: roundConfidence(calibrate(this.#calibration, confidence)) };
  }

  #compare(position: number, { token, confidence, matchLength }: ModelDraft, committed: number): void {
    const isHit = token === committed;
    this.#modelDrafts.delete(position);
    this.#calibration = noteDraft(this.#calibration, confidence, isHit);
    this.#modelRate = noteTrial(this.#modelRate, isHit, memoryTrials);
    const rate = this.#matchedRates.get(matchLength) ?? noTrials;
    this.#matchedRates.set(matchLength, noteTrial(rate, isHit, memoryTrials));
  }

  #modelChance(matchLength: number): number {
    const overall = chanceOf(this.#modelRate, modelPrior);
    const rate = this.#matchedRates.get(matchLength) ?? noTrials;
    const expected = Math.max(0, 1 - (errorShares[matchLength] ?? 1) * (1 - overall));
    return chanceOf(rate, { chance: expected, weight: matchedPriorWeight });
  }
}
