// The pace of free-running speculation in an edge's steps: how many tokens and how many draft rows a session has in a step, on
// average. All times scale, so both depend on the time of a draft and of a round trip in units of the step's time, on the acceptance
// rate, and on the limit of drafts in a step. A seeded event model of device and edge plays a few thousand steps at the nodes of a
// grid; between nodes values are interpolated. Unlike predict-stream.ts a draft in progress is not aborted, as in live devices.

import { createRandom } from '../basics/philox.ts';

/** Means of one session over the steps of its edge. */
export interface StepPace {
  /** Tokens that a step commits, at least 1. */
  tokens: number;
  /** Draft rows in a step. */
  drafts: number;
}

/** See {@link streamPace}. */
export interface StreamPace {
  /**
   * @param draft time of a draft, in steps
   * @param roundTrip in steps
   * @param cap limit of drafts in a step, may be a fraction
   * @param out gets the result
   */
  read(draft: number, roundTrip: number, cap: number, out: StepPace): void;
}

/** Nodes of the grid; values outside are those of its edge. */
const draftNodes = Float64Array.from({ length: 19 }, (_, index) => 0.03125 * 2 ** (index / 2));
const tripNodes = Float64Array.of(0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8);
const capNodes = Float64Array.of(0, 1, 2, 3, 5, 8, 24);
const stepsPerNode = 1200;
const jitter = 0.2;
/** Separates these draws from all other uses of a seed. */
const stream = 0x53800000;

const tables = new Map<string, StreamPace>();

/**
 * The table of an acceptance rate; it is made once, and a node is played when it is first read.
 * @param acceptance counts in hundredths @param maxAhead limit of tokens by which a device is ahead of the committed text
 */
export function streamPace(acceptance: number, maxAhead: number): StreamPace {
  const rate = Math.round(100 * acceptance) / 100;
  const key = `${rate}/${maxAhead}`;
  let table = tables.get(key);
  if (table === undefined) {
    table = createTable(rate, maxAhead);
    tables.set(key, table);
  }
  return table;
}

/**
 * The limit of drafts that a busy edge admits to a step: those that raise its tokens per millisecond. With step time a + b rows and
 * many sessions a draft pays while its chance is at least b times the tokens per ms of the best step.
 * @param fixedShare a over the step's time
 */
export function worthwhileDrafts(acceptance: number, fixedShare: number): number {
  if (acceptance <= 0) return 0;
  if (acceptance >= 1) return Number.POSITIVE_INFINITY;
  // A session's tokens per row with k drafts: (1 - p^(k+1)) / ((1 - p)(k + 1)); a draft pays while p^k is above it, less the part of
  // the time that no row causes.
  const excess = (count: number): number => {
    const reached = acceptance ** count;
    const perRow = (1 - reached * acceptance) / ((1 - acceptance) * (1 + count));
    return reached - perRow * (1 - fixedShare);
  };
  let low = 0;
  let high = 64;
  if (excess(high) >= 0) return high;
  for (let step = 0; step < 30; step += 1) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  return low;
}

function createTable(acceptance: number, maxAhead: number): StreamPace {
  const [trips, caps] = [tripNodes.length, capNodes.length];
  const size = draftNodes.length * trips * caps;
  const tokens = new Float64Array(size).fill(-1);
  const drafts = new Float64Array(size);
  const play = createPlay(acceptance, maxAhead);

  function node(draft: number, trip: number, cap: number): number {
    const index = (draft * trips + trip) * caps + cap;
    if ((tokens[index] as number) < 0) {
      const pace = play(draftNodes[draft] as number, tripNodes[trip] as number, capNodes[cap] as number);
      tokens[index] = pace.tokens;
      drafts[index] = pace.drafts;
    }
    return index;
  }

  return {
    read(draft, roundTrip, cap, out) {
      const onDraft = placeOf(draftNodes, draft);
      const onTrip = placeOf(tripNodes, roundTrip);
      const onCap = placeOf(capNodes, cap);
      out.tokens = 0;
      out.drafts = 0;
      for (let corner = 0; corner < 8; corner += 1) {
        const [byDraft, byTrip, byCap] = [corner & 1, (corner >> 1) & 1, corner >> 2];
        const weight = part(onDraft, byDraft) * part(onTrip, byTrip) * part(onCap, byCap);
        if (weight === 0) continue;
        const at = node(Math.floor(onDraft) + byDraft, Math.floor(onTrip) + byTrip, Math.floor(onCap) + byCap);
        out.tokens += weight * (tokens[at] as number);
        out.drafts += weight * (drafts[at] as number);
      }
    },
  };
}

/** The place of a value among growing nodes, linear between them, cut at both ends. */
function placeOf(nodes: Float64Array, value: number): number {
  const last = nodes.length - 1;
  if (!(value > (nodes[0] as number))) return 0;
  if (value >= (nodes[last] as number)) return last;
  let index = 0;
  while (value >= (nodes[index + 1] as number)) index += 1;
  const below = nodes[index] as number;
  return index + (value - below) / ((nodes[index + 1] as number) - below);
}

function part(place: number, upper: number): number {
  const fraction = place - Math.floor(place);
  return upper === 1 ? fraction : 1 - fraction;
}

type Play = (draftTime: number, roundTrip: number, cap: number) => StepPace;

function createPlay(acceptance: number, maxAhead: number): Play {
  const random = createRandom(1, stream);
  // The same draws at every node, so that neighbours differ by their times alone.
  const isRight = Uint8Array.from({ length: 4 * stepsPerNode }, () => (random.uniform() < acceptance ? 1 : 0));
  const noise = Float64Array.from({ length: 1 << 12 }, () => 1 + jitter * (2 * random.uniform() - 1));
  return (draftTime, roundTrip, cap) => {
    if (cap === 0) return { tokens: 1, drafts: 0 };
    return new StreamPlay(isRight, noise, { draftTime, roundTrip, cap, maxAhead }).run();
  };
}

interface PlayTimes {
  readonly draftTime: number;
  readonly roundTrip: number;
  readonly cap: number;
  readonly maxAhead: number;
}

/** A commit on its way to the device, or a draft on its way to the edge. */
interface Letter {
  readonly at: number;
  readonly position: number;
  readonly branch: number;
}

/** One device and its edge. A step takes one unit on average. Positions count from the start; each has one right or wrong draft. */
class StreamPlay {
  readonly #isRight: Uint8Array;
  readonly #noise: Float64Array;
  readonly #times: PlayTimes;
  /** Device: end of the text that it knows, end of its drafts, and the first wrong one. */
  #known = 0;
  #madeTo = 0;
  #wrongAt = Number.POSITIVE_INFINITY;
  #branch = 0;
  #drafting: Letter | null = null;
  #now = 0;
  #noiseAt = 0;
  /** Edge: committed tokens, the branch that it follows, the end of its drafts. */
  #committed = 0;
  #followed = 0;
  #chainEnd = 0;
  #isDead = false;
  readonly #commits: Letter[] = [];
  #heard = 0;
  readonly #frames: Letter[] = [];
  #taken = 0;

  constructor(isRight: Uint8Array, noise: Float64Array, times: PlayTimes) {
    this.#isRight = isRight;
    this.#noise = noise;
    this.#times = times;
  }

  run(): StepPace {
    const { cap, roundTrip } = this.#times;
    let draftCount = 0;
    let at = 0;
    this.#begin(0);
    for (let step = 0; step < stepsPerNode; step += 1) {
      this.#playDevice(at - roundTrip / 2);
      this.#receive(at);
      const ready = this.#isDead ? 0 : Math.max(0, this.#chainEnd - this.#committed);
      // A limit of 1.5 is 1 and 2 in turn.
      const drafts = Math.min(ready, Math.floor(cap + (step % 2 === 0 ? 0 : 0.5)));
      draftCount += drafts;
      let held = 0;
      while (held < drafts && this.#right(this.#committed + held)) held += 1;
      // The next received draft is compared with the token after the accepted ones.
      if (ready > held && !this.#right(this.#committed + held)) this.#isDead = true;
      this.#committed += held + 1;
      at += this.#jitter();
      this.#commits.push({ at: at + roundTrip / 2, position: this.#committed, branch: 0 });
    }
    return { tokens: (this.#committed * 1) / stepsPerNode, drafts: draftCount / stepsPerNode };
  }

  #right(position: number): boolean {
    return this.#isRight[position % this.#isRight.length] === 1;
  }

  #jitter(): number {
    this.#noiseAt = (this.#noiseAt + 1) % this.#noise.length;
    return this.#noise[this.#noiseAt] as number;
  }

  #begin(now: number): void {
    if (this.#madeTo - this.#known >= this.#times.maxAhead) this.#drafting = null;
    else {
      const at = now + this.#times.draftTime * this.#jitter();
      this.#drafting = { at, position: this.#madeTo, branch: this.#branch };
    }
  }

  #playDevice(until: number): void {
    for (;;) {
      const commit = this.#commits[this.#heard];
      const draft = this.#drafting;
      const next = Math.min(commit?.at ?? Number.POSITIVE_INFINITY, draft?.at ?? Number.POSITIVE_INFINITY);
      if (next > until) return;
      this.#now = next;
      if (commit !== undefined && commit.at === next) this.#hear(commit);
      else this.#finish(draft as Letter);
    }
  }

  #hear(commit: Letter): void {
    this.#heard += 1;
    this.#known = commit.position;
    if (this.#wrongAt < this.#known) {
      this.#branch += 1;
      this.#madeTo = this.#known;
      this.#wrongAt = Number.POSITIVE_INFINITY;
    }
    this.#madeTo = Math.max(this.#madeTo, this.#known);
    if (this.#drafting === null) this.#begin(this.#now);
  }

  #finish(draft: Letter): void {
    if (draft.branch === this.#branch && draft.position === this.#madeTo) {
      if (!this.#right(draft.position)) this.#wrongAt = Math.min(this.#wrongAt, draft.position);
      this.#madeTo += 1;
      this.#frames.push({ ...draft, at: draft.at + this.#times.roundTrip / 2 });
    }
    this.#begin(this.#now);
  }

  #receive(at: number): void {
    for (;;) {
      const frame = this.#frames[this.#taken];
      if (frame === undefined || frame.at > at) return;
      this.#taken += 1;
      if (frame.branch < this.#followed) continue;
      if (frame.branch > this.#followed) {
        this.#followed = frame.branch;
        this.#isDead = false;
      }
      if (frame.position < this.#committed && !this.#right(frame.position)) this.#isDead = true;
      this.#chainEnd = frame.position + 1;
    }
  }
}
