// A second implementation of predict-stream.ts, for tests: device and edge are simulated event by event over many steps, with seeded
// draws and with times that vary, as in the simulator.

import { createRandom } from '../basics/philox.ts';
import type { StreamFigures } from './predict-stream.ts';

export interface PlaySettings {
  /** Limit of drafts in a step. */
  readonly rowCap: number;
  readonly stepCount: number;
  /** Times are uniform in their mean * (1 ± jitter). */
  readonly jitter: number;
}

export interface PlayedMeans {
  readonly msPerToken: number;
  readonly tokensPerStep: number;
  readonly draftsPerStep: number;
}

/** What has been sent: a commit to the device, or a draft to the edge. */
interface Sent {
  readonly arrivalMs: number;
  readonly position: number;
  /** Counts the corrections that the device has received before it made the draft. */
  readonly branch: number;
}

/** All simulations use the same draws, so that they differ by their figures alone. */
const drawCount = 1 << 15;
const random = createRandom(1, 0x53800000);
const rightDraws = Float64Array.from({ length: drawCount }, () => random.uniform());
const timeDraws = Float64Array.from({ length: drawCount }, () => random.uniform());

export function playStream(figures: StreamFigures, settings: PlaySettings): PlayedMeans {
  return new StreamPlay(figures, settings).run();
}

/** One device and its edge. Positions count from the start; the draft of a position is right or wrong once and for all. */
class StreamPlay {
  readonly #figures: StreamFigures;
  readonly #settings: PlaySettings;
  #variations = 0;
  /** Device: end of the text that it has received, end of its drafts, and the first wrong one. */
  #known = 0;
  #draftedTo = 0;
  #wrongAt = Number.POSITIVE_INFINITY;
  #branch = 0;
  #drafting: Sent | null = null;
  /** Edge: committed tokens, the branch that it follows, the end of its drafts, and whether one of them is known to be wrong. */
  #committed = 0;
  #followed = 0;
  #chainEnd = 0;
  #isChainWrong = false;
  readonly #commits: Sent[] = [];
  #commitsReceived = 0;
  readonly #drafts: Sent[] = [];
  #draftsReceived = 0;

  constructor(figures: StreamFigures, settings: PlaySettings) {
    this.#figures = figures;
    this.#settings = settings;
  }

  run(): PlayedMeans {
    const { stepMs, roundTripMs } = this.#figures;
    const { rowCap, stepCount } = this.#settings;
    let draftCount = 0;
    let nowMs = 0;
    this.#startDraft(0);
    for (let step = 0; step < stepCount; step += 1) {
      this.#playDevice(nowMs - roundTripMs / 2);
      this.#receiveDrafts(nowMs);
      const ready = this.#isChainWrong ? 0 : Math.max(0, this.#chainEnd - this.#committed);
      const drafts = Math.min(ready, rowCap);
      draftCount += drafts;
      let accepted = 0;
      while (accepted < drafts && this.#right(this.#committed + accepted)) accepted += 1;
      // The next received draft is compared with the token after the accepted ones.
      if (ready > accepted && !this.#right(this.#committed + accepted)) this.#isChainWrong = true;
      this.#committed += accepted + 1;
      nowMs += stepMs(1 + drafts) * this.#vary();
      this.#commits.push({ arrivalMs: nowMs + roundTripMs / 2, position: this.#committed, branch: 0 });
    }
    return {
      msPerToken: nowMs / this.#committed,
      tokensPerStep: this.#committed / stepCount,
      draftsPerStep: draftCount / stepCount,
    };
  }

  #right(position: number): boolean {
    return (rightDraws[position % drawCount] as number) < this.#figures.acceptance;
  }

  #vary(): number {
    this.#variations = (this.#variations + 1) % drawCount;
    return 1 + this.#settings.jitter * (2 * (timeDraws[this.#variations] as number) - 1);
  }

  #startDraft(nowMs: number): void {
    const { draftMs, maxAhead = 24 } = this.#figures;
    this.#drafting =
      this.#draftedTo - this.#known >= maxAhead
        ? null
        : { arrivalMs: nowMs + draftMs * this.#vary(), position: this.#draftedTo, branch: this.#branch };
  }

  #playDevice(untilMs: number): void {
    for (;;) {
      const commit = this.#commits[this.#commitsReceived];
      const draft = this.#drafting;
      const nextMs = Math.min(commit?.arrivalMs ?? Infinity, draft?.arrivalMs ?? Infinity);
      if (nextMs > untilMs) return;
      if (commit?.arrivalMs === nextMs) this.#receiveCommit(commit);
      else this.#finishDraft(draft as Sent);
    }
  }

  #receiveCommit({ position, arrivalMs }: Sent): void {
    this.#commitsReceived += 1;
    this.#known = position;
    if (this.#wrongAt < position) {
      this.#branch += 1;
      this.#draftedTo = position;
      this.#wrongAt = Number.POSITIVE_INFINITY;
    }
    this.#draftedTo = Math.max(this.#draftedTo, position);
    if (this.#drafting === null) this.#startDraft(arrivalMs);
  }

  #finishDraft({ position, branch, arrivalMs: finishedMs }: Sent): void {
    if (branch === this.#branch && position === this.#draftedTo) {
      if (!this.#right(position)) this.#wrongAt = Math.min(this.#wrongAt, position);
      this.#draftedTo += 1;
      this.#drafts.push({ position, branch, arrivalMs: finishedMs + this.#figures.roundTripMs / 2 });
    }
    this.#startDraft(finishedMs);
  }

  #receiveDrafts(nowMs: number): void {
    for (;;) {
      const draft = this.#drafts[this.#draftsReceived];
      if (draft === undefined || draft.arrivalMs > nowMs) return;
      this.#draftsReceived += 1;
      if (draft.branch < this.#followed) continue;
      if (draft.branch > this.#followed) {
        this.#followed = draft.branch;
        this.#isChainWrong = false;
      }
      if (draft.position < this.#committed && !this.#right(draft.position)) this.#isChainWrong = true;
      this.#chainEnd = draft.position + 1;
    }
  }
}
