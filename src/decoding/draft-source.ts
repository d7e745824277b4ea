// Where a device's next draft comes from: from looking back in the text, which costs nothing, or from the draft model. Looking back
// is taken only where it is about as likely to be right as the model would be, judged by what has held in this session. It
// knows no model and no clock: the same for live devices and for the simulator's.

import { type Calibration, calibrate, noteDraft, uncalibrated } from './calibrate-confidence.ts';
import { roundConfidence } from './confidence.ts';
import { chanceOf, type HitRate, noTrials, noteTrial, type Prior } from './hit-rate.ts';
import { LookUp, type LookUpDraft } from './look-up.ts';

/** A draft and the chance that it is right if all before it is, (0, 1]. */
export interface SourcedDraft {
  readonly token: number;
  readonly confidence: number;
}

interface ModelDraft extends SourcedDraft {
  /** Length of the match that looking back had there; 0: none. */
  readonly matchLength: number;
}

/** What a model is taken for before any of its drafts has been compared. */
const modelPrior: Prior = { chance: 0.7, weight: 4 };
/**
 * Where texts repeat themselves a model errs less often than elsewhere, so its rate is measured apart for each match length. By
 * length, from 0: the share of its usual errors that it is expected to make; docs/prompt-lookup.md has the measurement.
 */
const errorShares = [1.1, 1.1, 0.75, 0.7, 0.7, 0.4, 0.4, 0.25, 0.2];
const matchedPriorWeight = 4;
const memoryTrials = 64;

export class DraftSource {
  readonly #lookUp = new LookUp();
  /** Not compared yet, by position. */
  readonly #modelDrafts = new Map<number, ModelDraft>();
  #calibration: Calibration = uncalibrated;
  #modelRate: HitRate = noTrials;
  readonly #matchedRates = new Map<number, HitRate>();
  #next: LookUpDraft | undefined;

  /** Reads the text to be gone on with, and learns from what has become final. @param committedLength prompt included */
  follow(text: readonly number[], promptLength: number, committedLength: number): void {
    const shared = this.#lookUp.follow(text, promptLength, committedLength);
    for (const [position, draft] of this.#modelDrafts) {
      // What was drafted on a text that has turned out otherwise is no trial.
      if (position > shared) this.#modelDrafts.delete(position);
      else if (position < committedLength) this.#compare(position, draft, text[position] as number);
    }
    this.#next = this.#lookUp.next();
  }

  /** The free draft that goes on with the text; null: ask the model. @param margin see `lookUpMargin` */
  lookUp(margin: number): SourcedDraft | null {
    const found = this.#next;
    if (found === undefined) return null;
    // An error costs the chain, the gain is one draft's time: what is not known well has to be better.
    if (found.chance - found.deviation < this.#modelChance(found.matchLength) - margin) return null;
    return { token: found.token, confidence: roundConfidence(found.chance) };
  }

  /** Takes note of the model's draft at the end of the text. @returns it with its confidence as experience has it */
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
