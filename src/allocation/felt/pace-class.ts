// The functions of T of one kind of device on one kind of server. A value takes hundreds of operations to make; a slot reads few of them,
// and slots that follow each other the same ones. So each is made when it is first read, and kept.

import { type StepPace, type StreamPace, streamPace, worthwhileDrafts } from '../../core/scheduling/stream-pace.ts';

/** A step of n rows takes fixedMs + n rowMs. */
export interface StepLaw {
  readonly fixedMs: number;
  readonly rowMs: number;
}

interface Kind {
  readonly draftMs: number;
  readonly acceptance: number;
  readonly roundTripMs: number;
  readonly maxAhead: number;
}

/** T grows by this factor from node to node of a grid; the first node is a step of one row. */
export const gridRatio = 1.12;
/** A class has about 1 kB. When there are more, all are dropped and made again. */
const mostKept = 50_000;
const usualNodes = 48;

/** A kind of device on a kind of server. */
export class PaceClass {
  /** Round trip of the network between them, ms. */
  readonly roundTripMs: number;
  readonly #step: StepKind;
  readonly #kind: Kind;
  readonly #table: StreamPace;
  /** tau and 1 + q of each node; 0: not made yet. */
  #values = new Float64Array(2 * usualNodes);

  constructor(step: StepKind, kind: Kind) {
    this.roundTripMs = kind.roundTripMs;
    this.#step = step;
    this.#kind = kind;
    this.#table = streamPace(kind.acceptance, kind.maxAhead);
  }

  /** tau: tokens that a step commits, at a node. */
  tokensAt(node: number): number {
    return (this.#values[2 * node] as number) || this.#make(node, 0);
  }

  /** 1 + q: rows of a step, at a node. */
  rowsAt(node: number): number {
    return (this.#values[2 * node + 1] as number) || this.#make(node, 1);
  }

  /** The same at a place between two nodes. */
  tokensNear(place: number): number {
    const node = Math.floor(place);
    const fraction = place - node;
    if (fraction === 0) return this.tokensAt(node);
    return this.tokensAt(node) * (1 - fraction) + this.tokensAt(node + 1) * fraction;
  }

  rowsNear(place: number): number {
    const node = Math.floor(place);
    const fraction = place - node;
    if (fraction === 0) return this.rowsAt(node);
    return this.rowsAt(node) * (1 - fraction) + this.rowsAt(node + 1) * fraction;
  }

  #make(node: number, which: 0 | 1): number {
    const { draftMs, acceptance, roundTripMs } = this.#kind;
    const ms = this.#step.stepMs(node);
    const read: StepPace = { tokens: 1, drafts: 0 };
    this.#table.read(draftMs / ms, roundTripMs / ms, this.#step.limit(acceptance, node), read);
    if (2 * node >= this.#values.length) {
      const longer = new Float64Array(4 * node);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[2 * node] = read.tokens;
    this.#values[2 * node + 1] = 1 + read.drafts;
    return which === 0 ? read.tokens : 1 + read.drafts;
  }
}

/** What the classes of servers with one step law share. */
class StepKind {
  readonly #law: StepLaw;
  /** The limit of drafts that pays, at each node; by acceptance. */
  readonly #limits = new Map<number, Map<number, number>>();
  /** By draft time, acceptance, round trip and limit of tokens ahead. */
  readonly classes: Tree<Tree<Tree<Tree<PaceClass>>>> = new Map();

  constructor(law: StepLaw) {
    this.#law = law;
  }

  stepMs(node: number): number {
    return (this.#law.fixedMs + this.#law.rowMs) * gridRatio ** node;
  }

  limit(acceptance: number, node: number): number {
    const own = branch(this.#limits, acceptance);
    const known = own.get(node);
    if (known !== undefined) return known;
    const made = worthwhileDrafts(acceptance, this.#law.fixedMs / this.stepMs(node));
    own.set(node, made);
    return made;
  }
}

type Tree<Value> = Map<number, Value>;

const kinds: Tree<Tree<StepKind>> = new Map();
let keptCount = 0;

/** @returns the same object for the same arguments, as long as it is kept */
export function paceClass({ fixedMs, rowMs }: StepLaw, kind: Kind): PaceClass {
  const { draftMs, acceptance, roundTripMs, maxAhead } = kind;
  if (keptCount >= mostKept) {
    kinds.clear();
    keptCount = 0;
  }
  const steps = branch(kinds, fixedMs);
  const step = steps.get(rowMs) ?? new StepKind({ fixedMs, rowMs });
  steps.set(rowMs, step);
  const own = branch(branch(branch(step.classes, draftMs), acceptance), roundTripMs);
  const known = own.get(maxAhead);
  if (known !== undefined) return known;
  const made = new PaceClass(step, { draftMs, acceptance, roundTripMs, maxAhead });
  own.set(maxAhead, made);
  keptCount += 1;
  return made;
}

function branch<Value>(tree: Tree<Tree<Value>>, key: number): Tree<Value> {
  const known = tree.get(key);
  if (known !== undefined) return known;
  const made: Tree<Value> = new Map();
  tree.set(key, made);
  return made;
}
