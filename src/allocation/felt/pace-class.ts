// The functions of T of one kind of device on one kind of server. Each takes thousands of operations to make, and slots that follow each
// other need the same ones, so they are kept.

import { type StepPace, streamPace, worthwhileDrafts } from '../../core/scheduling/stream-pace.ts';

/** A kind of device on a kind of server: both at each node of the server's grid, and perhaps at some beyond its end. */
export interface PaceClass {
  readonly tokens: Float64Array;
  /** 1 + q. */
  readonly rows: Float64Array;
  /** Round trip of the network between them, ms. */
  readonly roundTripMs: number;
}

/** A step of n rows takes fixedMs + n rowMs; T at each node of the grid. The first node is a step of one row. */
interface StepGrid {
  readonly fixedMs: number;
  readonly rowMs: number;
  readonly stepMs: Float64Array;
}

interface Kind {
  readonly draftMs: number;
  readonly acceptance: number;
  readonly roundTripMs: number;
  readonly maxAhead: number;
}

/** T grows by this factor from node to node. */
export const gridRatio = 1.12;
/** A class has about 1 kB. When there are more, all are dropped and made again. */
const mostKept = 50_000;
/** Nodes are made in groups of this size, so that a grid that is a little longer needs no new class. */
const nodesAtOnce = 16;

const kept = new Map<string, PaceClass>();
/** The limit of drafts that pays, at each node. */
const limits = new Map<string, Float64Array>();

/** @returns the same object for the same arguments, unless a longer grid has come meanwhile */
export function paceClass(step: StepGrid, kind: Kind): PaceClass {
  const { draftMs, acceptance, roundTripMs, maxAhead } = kind;
  const key = `${step.fixedMs}/${step.rowMs}/${draftMs}/${acceptance}/${roundTripMs}/${maxAhead}`;
  const known = kept.get(key);
  if (known !== undefined && known.tokens.length >= step.stepMs.length) return known;
  if (kept.size >= mostKept) kept.clear();
  const made = createPaceClass(step, kind);
  kept.set(key, made);
  return made;
}

function createPaceClass(step: StepGrid, { draftMs, acceptance, roundTripMs, maxAhead }: Kind): PaceClass {
  const stepMs = nodesOf(step);
  const table = streamPace(acceptance, maxAhead);
  const caps = limitsOf(step, acceptance);
  const tokens = new Float64Array(stepMs.length);
  const rows = new Float64Array(stepMs.length);
  const read: StepPace = { tokens: 1, drafts: 0 };
  for (const [node, ms] of stepMs.entries()) {
    table.read(draftMs / ms, roundTripMs / ms, caps[node] as number, read);
    tokens[node] = read.tokens;
    rows[node] = 1 + read.drafts;
  }
  return { tokens, rows, roundTripMs };
}

function nodesOf({ stepMs }: StepGrid): Float64Array {
  const length = nodesAtOnce * Math.ceil(stepMs.length / nodesAtOnce);
  return Float64Array.from({ length }, (_, node) => (stepMs[0] as number) * gridRatio ** node);
}

function limitsOf(step: StepGrid, acceptance: number): Float64Array {
  const { fixedMs, rowMs, stepMs } = step;
  const key = `${fixedMs}/${rowMs}/${acceptance}`;
  const known = limits.get(key);
  if (known !== undefined && known.length >= stepMs.length) return known;
  if (limits.size >= mostKept) limits.clear();
  const made = nodesOf(step).map((ms) => worthwhileDrafts(acceptance, fixedMs / ms));
  limits.set(key, made);
  return made;
}
