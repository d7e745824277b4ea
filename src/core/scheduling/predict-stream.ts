// Predicts free-running speculation (mode `stream`) from one correction to the next: the time, and how many tokens, steps and draft rows
// there are, on average over the number of drafts that are right before the first wrong one. Steps and drafts take constant times, and
// each draft is right with the same chance. No random draws.

import type { TimingFigures } from './latency-model.ts';

/** Longer runs of right drafts are so rare, or so similar, that the last one stands for them. */
const longestRun = 128;
const negligible = 1e-6;
/**
 * When a correction arrives, the device is in the middle of a draft, which it finishes in vain: an engine can't stop within a token. Its
 * rest is any part of a draft's time; these parts stand for all.
 */
const restsOfDraft = [1 / 6, 1 / 2, 5 / 6];
/** A device slower than the edge may never get a draft in; then nothing ends the cycle. */
const longestCycle = 2 * longestRun;

/** A prediction of this mode needs no figures of the edge's drafts. */
export type StreamFigures = Omit<TimingFigures, 'edgeDraftMs' | 'edgeDraftsOverlap' | 'maxDrafts'>;

/** What lies between a correction and the next one, or sums of that. */
export interface StreamCycle {
  ms: number;
  tokens: number;
  steps: number;
  /** Draft rows of all steps. */
  drafts: number;
}

/** @param rowCap limit of drafts in a step; 0: the edge alone */
export function streamMsPerToken(figures: StreamFigures, rowCap: number): number {
  const { ms, tokens } = streamCycles(figures, rowCap);
  return ms / tokens;
}

/**
 * Sums over cycles, each weighted by its chance; a ratio of two sums is a sums.
 * @param rowCap limit of drafts in a step, a whole number; 0: the edge alone
 */
export function streamCycles(figures: StreamFigures, rowCap: number): StreamCycle {
  const { acceptance, draftMs, stepMs } = figures;
  if (rowCap === 0) return { ms: stepMs(1), tokens: 1, steps: 1, drafts: 0 };
  const courses = restsOfDraft.map((rest) => new RightCourse(figures, rowCap, rest * draftMs));
  const sums: StreamCycle = { ms: 0, tokens: 0, steps: 0, drafts: 0 };
  let chance = 1;
  for (let run = 0; run <= longestRun && chance > negligible; run += 1) {
    const weight = run === longestRun ? chance : chance * (1 - acceptance);
    for (const course of courses) {
      course.addCycleAfter(run, weight, sums);
    }
    chance *= acceptance;
  }
  return sums;
}

/**
 * What follows a correction, at time 0, while every draft is right. A wrong draft changes nothing before the step that compares it, which
 * is the next correction; so this holds the cycles of all runs. Positions count from the correction. Each side learns of the other's
 * actions half a round trip later; the edge continues without drafts where it has none, the device continues from the committed text that
 * it has received.
 */
class RightCourse {
  readonly #figures: StreamFigures;
  readonly #rowCap: number;
  /** All that the edge has done since the correction, after each of its steps. */
  readonly #commits: StreamCycle[] = [{ ms: 0, tokens: 0, steps: 0, drafts: 0 }];
  /** Positions of the device's drafts. */
  readonly #drafted: number[] = [];
  /** When the device finished its last draft, or learnt that it may draft again. */
  #deviceMs: number;
  /** Index of the last commit that the device has received. Time only moves on, so no commit is checked twice. */
  #known = 0;
  /** Index of the commit that ended the last cycle. */
  #end = 0;

  /** @param restMs of the draft in progress when the device learns of the correction */
  constructor(figures: StreamFigures, rowCap: number, restMs: number) {
    this.#figures = figures;
    this.#rowCap = rowCap;
    this.#deviceMs = figures.roundTripMs / 2 + restMs;
  }

  /** Adds the cycle in which the first `run` drafts are right and the next one is wrong. @param run not below that of the last call */
  addCycleAfter(run: number, weight: number, sums: StreamCycle): void {
    while (this.#last.tokens <= Math.min(this.#wrongAt(run), longestCycle)) this.#step();
    const wrongAt = this.#wrongAt(run);
    while (this.#commit(this.#end).tokens <= wrongAt && this.#end < this.#last.steps) this.#end += 1;
    const { ms, tokens, steps, drafts } = this.#commit(this.#end);
    sums.ms += weight * ms;
    sums.tokens += weight * Math.min(tokens, wrongAt + 1);
    sums.steps += weight * steps;
    sums.drafts += weight * drafts;
  }

  /** Infinity: this draft is not made yet. */
  #wrongAt(run: number): number {
    return this.#drafted[run] ?? Number.POSITIVE_INFINITY;
  }

  #commit(step: number): StreamCycle {
    return this.#commits[step] as StreamCycle;
  }

  get #last(): StreamCycle {
    return this.#commits[this.#commits.length - 1] as StreamCycle;
  }

  #step(): void {
    const { ms, tokens, steps, drafts } = this.#last;
    const ready = Math.min(this.#rowCap, Math.max(0, this.#draftedTo - tokens));
    const endMs = ms + this.#figures.stepMs(ready + 1);
    this.#commits.push({ ms: endMs, tokens: tokens + ready + 1, steps: steps + 1, drafts: drafts + ready });
    this.#draftUntil(endMs - this.#figures.roundTripMs / 2);
  }

  /** End of the drafted positions. */
  get #draftedTo(): number {
    return (this.#drafted[this.#drafted.length - 1] ?? -1) + 1;
  }

  /** Makes every draft that is finished at `untilMs`. */
  #draftUntil(untilMs: number): void {
    const { draftMs, maxAhead = 24 } = this.#figures;
    for (;;) {
      const known = this.#knownAt(this.#deviceMs);
      const position = Math.max(this.#draftedTo, known);
      const waits = position - known >= maxAhead;
      const nextMs = waits ? this.#arrivalMs(this.#known + 1) : this.#deviceMs + draftMs;
      if (nextMs > untilMs) return;
      this.#deviceMs = nextMs;
      // A draft of a position that was committed meanwhile is dropped without a comparison.
      if (!waits && this.#knownAt(nextMs) <= position) this.#drafted.push(position);
    }
  }

  /** Committed tokens that the device has received. @param atMs not before that of the last call */
  #knownAt(atMs: number): number {
    while (this.#arrivalMs(this.#known + 1) <= atMs) this.#known += 1;
    return this.#commit(this.#known).tokens;
  }

  /** When the device learns of a commit. */
  #arrivalMs(step: number): number {
    return (this.#commits[step]?.ms ?? Number.POSITIVE_INFINITY) + this.#figures.roundTripMs / 2;
  }
}
