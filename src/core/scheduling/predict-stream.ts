// Predicts the time per token of free-running speculation: the time between two corrections is simulated for every length of an
// accepted run of drafts, and weighted by the chance of that length. No random draws.

import type { TimingFigures } from './latency-model.ts';

/** Longer runs are so rare, or so similar, that the last one stands for them. */
const longestRun = 128;
const negligible = 1e-6;
/**
 * When a correction arrives, the device is in the middle of a draft, which it finishes in vain: an engine can't stop within a token. Its rest is any
 * part of a draft's time; these parts stand for all.
 */
const restsOfDraft = [1 / 6, 1 / 2, 5 / 6];
/** A device slower than the edge may never get a draft in; then nothing ends the cycle. */
const longestCycle = 2 * longestRun;

/** @param rowCap limit of drafts in a step; 0: the edge alone */
export function streamMsPerToken(figures: TimingFigures, rowCap: number): number {
  const { acceptance, stepMs } = figures;
  if (rowCap === 0) return stepMs(1);
  let ms = 0;
  let tokens = 0;
  let chance = 1;
  for (let run = 0; run <= longestRun && chance > negligible; run += 1) {
    const isLast = run === longestRun;
    const weight = isLast ? chance : chance * (1 - acceptance);
    for (const rest of restsOfDraft) {
      const cycle = playRun(figures, run, rowCap, rest * figures.draftMs);
      ms += weight * cycle.ms;
      tokens += weight * cycle.tokens;
    }
    chance *= acceptance;
  }
  return ms / tokens;
}

/**
 * From the step that committed a correction, at time 0, to the step that commits the next one: the device's first `run` drafts are
 * accepted, the next one is rejected. Positions count from the correction. Each side learns of the other's actions half a round
 * trip later; the edge continues without drafts where it has none, the device continues from the committed text that it knows.
 * @param restMs of the draft in progress when the device hears of the correction
 */
function playRun(figures: TimingFigures, run: number, rowCap: number, restMs: number): Commit {
  const wayMs = figures.roundTripMs / 2;
  const commits: Commit[] = [{ tokens: 0, ms: 0 }];
  const device = new DevicePlay(figures, run, restMs, commits);
  for (;;) {
    const { tokens, ms } = commits.at(-1) as Commit;
    device.draftUntil(ms - wayMs);
    // A draft may be wrong after its position was committed without it.
    const isWrong = tokens > device.wrongAt;
    if (isWrong) return commits.find((commit) => commit.tokens > device.wrongAt) as Commit;
    if (tokens > longestCycle) return { tokens, ms };
    const ready = Math.min(rowCap, Math.max(0, device.madeTo - tokens));
    const held = Math.min(ready, device.wrongAt - tokens);
    commits.push({ tokens: tokens + held + 1, ms: ms + figures.stepMs(ready + 1) });
  }
}

/** All tokens that the edge has committed since the correction, and when. */
interface Commit {
  readonly tokens: number;
  readonly ms: number;
}

/** The device's drafts, as far as they depend on the edge's commits. */
class DevicePlay {
  /** End of the drafted positions. */
  madeTo = 0;
  /** Position of the wrong draft; infinity: not made yet. */
  wrongAt: number = Number.POSITIVE_INFINITY;
  readonly #figures: TimingFigures;
  readonly #commits: readonly Commit[];
  #agreeingLeft: number;
  #nowMs: number;
  /** Index of the last commit that the device knows of. Time only moves on, so no commit is looked at twice. */
  #heard = 0;

  constructor(figures: TimingFigures, run: number, restMs: number, commits: readonly Commit[]) {
    this.#figures = figures;
    this.#commits = commits;
    this.#agreeingLeft = run;
    this.#nowMs = figures.roundTripMs / 2 + restMs;
  }

  /** Makes every draft that is finished at `untilMs`. */
  draftUntil(untilMs: number): void {
    const { draftMs, maxAhead = 24 } = this.#figures;
    for (;;) {
      const known = this.#knownAt(this.#nowMs);
      const position = Math.max(this.madeTo, known);
      const startMs = position - known < maxAhead ? this.#nowMs : this.#nextNewsMs();
      if (startMs + draftMs > untilMs) return;
      this.#nowMs = startMs + draftMs;
      // Its position was committed meanwhile: dropped without a comparison.
      if (position - known >= maxAhead || this.#knownAt(this.#nowMs) > position) continue;
      this.madeTo = position + 1;
      if (this.#agreeingLeft === 0) this.wrongAt = Math.min(this.wrongAt, position);
      this.#agreeingLeft -= 1;
    }
  }

  /** @param atMs not before that of the last call */
  #knownAt(atMs: number): number {
    while (this.#newsMs(this.#heard + 1) <= atMs) this.#heard += 1;
    return (this.#commits[this.#heard] as Commit).tokens;
  }

  /** When the first commit comes that the device does not know of. */
  #nextNewsMs(): number {
    return this.#newsMs(this.#heard + 1);
  }

  #newsMs(commit: number): number {
    return (this.#commits[commit]?.ms ?? Number.POSITIVE_INFINITY) + this.#figures.roundTripMs / 2;
  }
}
