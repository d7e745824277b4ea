// Holds every step of a model to the time that other hardware would take, so that real processes and real tokens show what
// a large target on a GPU would do. A step that the engine here can't finish in time is let through at once and counted.

import type { Clock } from '../basics/clock.ts';
import type { EvaluateItem, LanguageModel, ModelIdentity } from './model.ts';
import type { LatencyProfile } from './profiles.ts';
import { createSerialQueue } from './serial-queue.ts';

export interface PacingCounts {
  /** Steps in which every item asks for rows and has at most `rowCap` tokens. */
  readonly steps: number;
  /** Those of them that lasted longer than the profile says: too many, and the pacing shows this machine instead. */
  readonly overranSteps: number;
  readonly prefillSteps: number;
  readonly overranPrefillSteps: number;
}

export interface PacedModel extends LanguageModel {
  readonly profile: LatencyProfile;
  readonly pacing: PacingCounts;
}

export interface PaceOptions {
  readonly clock: Clock;
  /** Resolves when the clock has reached `deadlineMs`. */
  readonly sleepUntil: (deadlineMs: number) => Promise<void>;
}

/** What a step of these items lasts by the profile, ms. */
export function pacedStepMs(profile: LatencyProfile, items: readonly EvaluateItem[]): number {
  const tokenCount = items.reduce((sum, item) => sum + item.tokens.length, 0);
  return profile.stepMs + profile.rowMs * tokenCount;
}

/** Sequences, limits and tokenizer stay the inner model's; closing closes it. */
export function paceModel(inner: LanguageModel, profile: LatencyProfile, options: PaceOptions): PacedModel {
  const { clock, sleepUntil } = options;
  const queue = createSerialQueue();
  const counts = { steps: 0, overranSteps: 0, prefillSteps: 0, overranPrefillSteps: 0 };
  const count = (items: readonly EvaluateItem[], overran: boolean): void => {
    const decodes = items.every((item) => item.rows >= 1 && item.tokens.length <= profile.rowCap);
    counts[decodes ? 'steps' : 'prefillSteps']++;
    if (overran) counts[decodes ? 'overranSteps' : 'overranPrefillSteps']++;
  };
  const close = (): Promise<void> => queue.run(() => inner.close());
  return {
    identity: pacedIdentity(inner.identity, profile),
    tokenizer: inner.tokenizer,
    limits: inner.limits,
    profile,
    get pacing() {
      return { ...counts };
    },
    openSequence: () => inner.openSequence(),
    evaluate: (items) =>
      queue.run(async () => {
        const deadlineMs = clock.nowMs() + pacedStepMs(profile, items);
        const result = await inner.evaluate(items);
        const overran = clock.nowMs() > deadlineMs;
        count(items, overran);
        if (!overran) await sleepUntil(deadlineMs);
        return result;
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The fingerprint stays: pacing changes when the tokens come, never which. */
function pacedIdentity(identity: ModelIdentity, profile: LatencyProfile): ModelIdentity {
  return { ...identity, description: `${identity.description}; paced as ${profile.description}` };
}
