// The functions of T of one kind of device on one kind of server. A value takes hundreds of operations to make; a slot reads few of them,
// and slots that follow each other the same ones. So each is made when it is first read, and kept.

import { type StepPace, type StreamPace, streamPace, worthwhileDrafts } from '../../core/scheduling/stream-pace.ts';

/** A step of n rows takes fixedMs + n rowMs. */
export interface StepLaw {
  readonly fixedMs: number;
  readonly rowMs: number;
}

/** A kind of device. */
export interface DraftLaw {
  readonly draftMs: number;
  readonly acceptance: number;
  readonly maxAhead: number;
}

/** T grows by this factor from node to node of a grid; the first node is a step of one row. */
export const gridRatio = 1.12;
/** A class has about half a kB. When there are more, all are dropped and made again. */
const mostKept = 50_000;
/** Nodes that a class keeps: a server's step stays near one place, and so do those that are read together. A power of two. */
const keptNodes = 16;
const numbersOfNode = 3;
/** No node, since none is a half. */
const noNodes: readonly number[] = Array.from({ length: numbersOfNode * keptNodes }, () => 0.5);

/** A kind of device on a kind of server. */
export class PaceClass {
  /** Round trip of the network between them, ms. */
  readonly roundTripMs: number;
  readonly #step: StepKind;
  readonly #draft: DraftKind;
  readonly #limits: number[];
  /** A node, plus one, and tau and 1 + q there: that of each remainder by `keptNodes` that was read last. */
  readonly #kept: number[] = noNodes.slice();

  constructor(step: StepKind, draft: DraftKind, roundTripMs: number) {
    this.roundTripMs = roundTripMs;
    this.#step = step;
    this.#draft = draft;
    this.#limits = leaf(step.limits, draft.acceptance, () => []);
  }

  /** tau: tokens that a step commits, at a node. */
  tokensAt(node: number): number {
    return this.#kept[this.#read(node) + 1] as number;
  }

  /** 1 + q: rows of a step, at a node. */
  rowsAt(node: number): number {
    return this.#kept[this.#read(node) + 2] as number;
  }

  /** The same at a place between two nodes. */
  tokensNear(place: number): number {
    return this.#near(place, 1);
  }

  rowsNear(place: number): number {
    return this.#near(place, 2);
  }

  #near(place: number, which: 1 | 2): number {
    const node = Math.floor(place);
    const fraction = place - node;
    const here = this.#kept[this.#read(node) + which] as number;
    if (fraction === 0) return here;
    return here * (1 - fraction) + (this.#kept[this.#read(node + 1) + which] as number) * fraction;
  }

  /** @returns where its numbers are */
  #read(node: number): number {
    const at = numbersOfNode * (node & (keptNodes - 1));
    if (this.#kept[at] !== node + 1) this.#make(node, at);
    return at;
  }

  #make(node: number, at: number): void {
    const { draftMs, acceptance, table } = this.#draft;
    const ms = this.#step.stepMs(node);
    const limit = this.#limits[node] ?? worthwhileDrafts(acceptance, this.#step.law.fixedMs / ms);
    this.#limits[node] = limit;
    table.read(draftMs / ms, this.roundTripMs / ms, limit, read);
    this.#kept[at] = node + 1;
    this.#kept[at + 1] = read.tokens;
    this.#kept[at + 2] = 1 + read.drafts;
  }
}

const read: StepPace = { tokens: 1, drafts: 0 };

/** What classes with one step law share. */
export class StepKind {
  readonly law: StepLaw;
  /** The limit of drafts that pays, at each node; by acceptance. */
  readonly limits: Tree<number[]> = new Map();
  /** By round trip, and by kind of device. */
  readonly classes: Tree<Tree<PaceClass>> = new Map();

  constructor(law: StepLaw) {
    this.law = law;
  }

  stepMs(node: number): number {
    return (this.law.fixedMs + this.law.rowMs) * gridRatio ** node;
  }
}

/** What classes with one kind of device share. */
export interface DraftKind extends DraftLaw {
  readonly number: number;
  readonly table: StreamPace;
}

type Tree<Value> = Map<number, Value>;

const steps: Tree<Tree<StepKind>> = new Map();
const drafts: Tree<Tree<Tree<DraftKind>>> = new Map();
/** Since the start: no number is used twice. */
let draftCount = 0;
let keptCount = 0;

/** @returns the same object for the same law, as long as it is kept */
export function stepKind({ fixedMs, rowMs }: StepLaw): StepKind {
  return leaf(leaf(steps, fixedMs, newTree<StepKind>), rowMs, () => new StepKind({ fixedMs, rowMs }));
}

/** The same for devices. */
export function draftKind({ draftMs, acceptance, maxAhead }: DraftLaw): DraftKind {
  const own = leaf(leaf(drafts, maxAhead, newTree<Tree<DraftKind>>), draftMs, newTree<DraftKind>);
  return leaf(own, acceptance, () => {
    draftCount += 1;
    return { draftMs, acceptance, maxAhead, number: draftCount, table: streamPace(acceptance, maxAhead) };
  });
}

/** The same for both. */
export function paceClass(step: StepKind, draft: DraftKind, roundTripMs: number): PaceClass {
  const own = leaf(step.classes, roundTripMs, newTree<PaceClass>);
  return leaf(own, draft.number, () => {
    keptCount += 1;
    if (keptCount > mostKept) {
      steps.clear();
      drafts.clear();
      keptCount = 0;
    }
    return new PaceClass(step, draft, roundTripMs);
  });
}

function newTree<Value>(): Tree<Value> {
  return new Map();
}

function leaf<Value>(tree: Tree<Value>, key: number, make: () => Value): Value {
  const known = tree.get(key);
  if (known !== undefined) return known;
  const made = make();
  tree.set(key, made);
  return made;
}
