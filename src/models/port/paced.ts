// Latency emulation ("paced"): every step of a model lasts as long as on other hardware, so real processes with real tokens show a
// large target on a GPU. A step that the engine here can't finish in time returns at once and is counted.

import type { Clock } from '../../core/basics/clock.ts';
import type { EvaluateItem, LanguageModel } from './model.ts';
import type { LatencyProfile } from './profiles.ts';
import { createSerialQueue } from './serial-queue.ts';

export interface PacingCounts {
  /** Steps in which every item asks for rows and has at most `rowCap` tokens. */
  readonly steps: number;
  /** Those that lasted longer than in the profile: with too many of them the figures show this machine instead. */
  readonly overranSteps: number;
  readonly prefillSteps: number;
  readonly overranPrefillSteps: number;
  /** Time of all steps by the profile, ms. */
  readonly busyMs: number;
}

/** A step of an emulated engine. */
export interface PacedStep {
  /** By the clock of {@link PaceOptions}. */
  readonly endMs: number;
  /** What it lasted by the profile. */
  readonly ms: number;
  /** Whether it made text for a session: an item asked for the rows of all its tokens. */
  readonly decodes: boolean;
}

/** So many of the last steps are kept. */
const keptSteps = 4096;

export interface PacedModel extends LanguageModel {
  readonly profile: LatencyProfile;
  readonly pacing: PacingCounts;
  /** The last {@link keptSteps} steps, oldest first. */
  readonly lastSteps: readonly PacedStep[];
}

export interface PaceOptions {
  readonly clock: Clock;
  /** Resolves when the clock has reached `deadlineMs`. */
  readonly sleepUntil: (deadlineMs: number) => Promise<void>;
}

/** The time of a step with these items by the profile, ms. */
export function pacedStepMs(profile: LatencyProfile, items: readonly EvaluateItem[]): number {
  const tokenCount = items.reduce((sum, item) => sum + item.tokens.length, 0);
  return profile.stepMs + profile.rowMs * tokenCount;
}

/** Sequences, limits and tokenizer stay the inner model's; closing closes it. */
export function paceModel(inner: LanguageModel, profile: LatencyProfile, options: PaceOptions): PacedModel {
  const { clock, sleepUntil } = options;
  const queue = createSerialQueue();
  const counts = { steps: 0, overranSteps: 0, prefillSteps: 0, overranPrefillSteps: 0, busyMs: 0 };
  const lastSteps: PacedStep[] = [];
  const count = (items: readonly EvaluateItem[], overran: boolean): void => {
    const decodes = items.every((item) => item.rows >= 1 && item.tokens.length <= profile.rowCap);
    counts[decodes ? 'steps' : 'prefillSteps']++;
    const ms = pacedStepMs(profile, items);
    counts.busyMs += ms;
    lastSteps.push({ endMs: clock.nowMs(), ms, decodes: items.some((item) => item.rows >= item.tokens.length) });
    if (lastSteps.length > keptSteps) lastSteps.shift();
    if (overran) counts[decodes ? 'overranSteps' : 'overranPrefillSteps']++;
  };
  const close = (): Promise<void> => queue.run(() => inner.close());
  return {
    // The fingerprint stays: pacing changes the time of tokens, never the tokens.
    identity: { ...inner.identity, description: `${inner.identity.description}; paced as ${profile.description}` },
    tokenizer: inner.tokenizer,
    limits: inner.limits,
    profile,
    get pacing() {
      return { ...counts };
    },
    get lastSteps() {
      return [...lastSteps];
    },
    get isWaiting() {
      return inner.isWaiting === true;
    },
    get waitCount() {
      return inner.waitCount ?? 0;
    },
    giveUp: () => inner.giveUp?.(),
    openSequence: () => inner.openSequence(),
    evaluate: (items) =>
      queue.run(async () => {
        const deadlineMs = clock.nowMs() + pacedStepMs(profile, items);
        const result = await inner.evaluate(items);
        const overran = clock.nowMs() > deadlineMs;
        if (!overran) await sleepUntil(deadlineMs);
        count(items, overran);
        return result;
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
