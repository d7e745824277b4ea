// The pace of sessions on servers, as a function of one number for each server: T, the mean time of its step (docs/allocation.md, The
// objective felt). In a step a decoding session commits tau tokens and has 1 + q rows (stream-pace.ts, at D / T, r / T and the limit of
// drafts that pays). A session with P tokens of prompt ahead and n tokens of answer lasts P / c + n / tau steps, since a step takes a
// chunk of c tokens of a prompt; a moved text is evaluated beside. Over those steps its server has, for each step,
//
// rho = ((1 + q) n / tau + P + moved) / (P / c + n / tau)
//
// rows of it, and T = a + b sum_i rho_i(T). On each server, functions of T are linear between the nodes of a geometric grid.

import { invariant } from '../basics/invariant.ts';
import { type StepPace, streamPace, worthwhileDrafts } from '../scheduling/stream-pace.ts';
import { findLink } from './links.ts';
import type { PaceState } from './pace-state.ts';
import type { SlotState } from './slot-state.ts';

/** T grows by this factor from node to node. */
const gridRatio = 1.12;
/** Limits of a chunk of a prompt, as the scheduler has them (schedule-step.ts). */
const [leastChunk, mostChunk] = [8, 512];
/** More rows of one session in a step are never reached; for the end of the grid. */
const mostDrafts = 24;
/** Shorter round trips of single links count as none, ms. */
const leastRoundTripMs = 0.5;
/** The part of a running answer that is still to come, on average. */
const partLeft = 0.5;

/** Servers with the same step law, and the functions of T that they share. */
export interface StepClass {
  readonly fixedMs: number;
  readonly rowMs: number;
  /** T at each node. */
  readonly stepMs: Float64Array;
  /** Tokens of a prompt in a step, c: as long as decoding sessions let it be, which is about half of the step. */
  readonly chunkTokens: Float64Array;
  /** Time for each token of a prompt that is alone, u: its row, and its part of the decoding rows of a step. */
  readonly promptTokenMs: number;
  /** The place on the grid of a step with a row for each device of a server, if servers have equal numbers. */
  readonly typicalPlace: number;
}

/** A kind of device on a kind of server: both at each node of the server's grid. */
export interface PaceClass {
  readonly tokens: Float64Array;
  /** 1 + q. */
  readonly rows: Float64Array;
  /** Of the network between them. */
  readonly roundTripMs: number;
}

export interface PaceModel {
  readonly pace: PaceState;
  /** [E]. */
  readonly stepClass: readonly StepClass[];
  /** The class of a device on a server. */
  classOf(device: number, server: number): PaceClass;
  /** Tokens of the device's text that a server has to evaluate because another one holds it. */
  movedTokens(device: number, server: number): number;
}

/** @param state with `pace` */
export function createPaceModel(state: SlotState): PaceModel {
  const { pace, serverCount } = state;
  invariant(pace !== undefined, 'a slot without the pace of its sessions');
  const most = mostRowsOf(state, pace);
  const devicesPerServer = state.deviceCount / serverCount;
  const classes = new Map<string, StepClass>();
  const stepClass = Array.from({ length: serverCount }, (_, server) => {
    const fixedMs = pace.stepFixedMs[server] as number;
    const rowMs = pace.stepRowMs[server] as number;
    const key = `${fixedMs}/${rowMs}`;
    const known = classes.get(key) ?? createStepClass(fixedMs, rowMs, most, devicesPerServer);
    classes.set(key, known);
    return known;
  });
  const paces = new Map<StepClass, Map<string, PaceClass>>();
  for (const one of stepClass) paces.set(one, new Map());
  return {
    pace,
    stepClass,
    classOf(device, server) {
      const step = stepClass[server] as StepClass;
      const own = paces.get(step) as Map<string, PaceClass>;
      const roundTripMs = roundTripOf(state, pace, device, server);
      const key = `${pace.draftMs[device]}/${pace.acceptance[device]}/${roundTripMs}`;
      const known = own.get(key) ?? createPaceClass(step, pace, device, roundTripMs);
      own.set(key, known);
      return known;
    },
    movedTokens(device, server) {
      const textServer = pace.textServer[device] as number;
      if (textServer < 0 || textServer === server) return 0;
      // The part of the answer that is left has to pay for it.
      return (pace.textTokens[device] as number) / partLeft;
    },
  };
}

/** The place of a step time on the grid, within its ends. */
export function placeOf({ stepMs }: StepClass, ms: number): number {
  const place = Math.log(ms / (stepMs[0] as number)) / Math.log(gridRatio);
  return Math.min(stepMs.length - 1, Math.max(0, place));
}

/** The value of a function on a grid at a place. */
export function valueAt(values: Float64Array, place: number): number {
  const index = Math.min(values.length - 2, Math.floor(place));
  const fraction = place - index;
  return (values[index] as number) * (1 - fraction) + (values[index + 1] as number) * fraction;
}

/**
 * Where T = a + b rows(T), as a place on the grid: rows grow less than T there, so there is one such T.
 * @param rowsAt the server's rows at a node
 */
export function settleStep({ fixedMs, rowMs, stepMs }: StepClass, rowsAt: (node: number) => number): number {
  const excess = (node: number): number => fixedMs + rowMs * rowsAt(node) - (stepMs[node] as number);
  let low = 0;
  let high = stepMs.length - 1;
  let [above, below] = [excess(low), excess(high)];
  if (above <= 0) return low;
  if (below > 0) return high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const now = excess(middle);
    if (now > 0) [low, above] = [middle, now];
    else [high, below] = [middle, now];
  }
  return low + above / (above - below);
}

function mostRowsOf({ deviceCount }: SlotState, pace: PaceState): number {
  let rows = 1;
  for (let device = 0; device < deviceCount; device += 1) {
    const evaluated =
      ((pace.promptTokens[device] as number) + (pace.textTokens[device] as number) / partLeft) /
      (pace.answerTokens[device] as number);
    const tokens = Math.min(1 + mostDrafts, 1 / Math.max(1e-9, 1 - (pace.acceptance[device] as number)));
    rows += 1 + mostDrafts + evaluated * tokens;
  }
  return rows;
}

function createStepClass(fixedMs: number, rowMs: number, mostRows: number, typicalRows: number): StepClass {
  const first = fixedMs + rowMs;
  const count = 2 + Math.ceil(Math.log((fixedMs + rowMs * mostRows) / first) / Math.log(gridRatio));
  const stepMs = Float64Array.from({ length: count }, (_, node) => first * gridRatio ** node);
  const chunkTokens = stepMs.map((ms) => Math.min(mostChunk, Math.max(leastChunk, ms / (2 * rowMs))));
  const typicalMs = fixedMs + rowMs * Math.max(1, typicalRows);
  const typicalPlace = Math.log(typicalMs / first) / Math.log(gridRatio);
  const promptTokenMs = rowMs + Math.min(rowMs, typicalMs / leastChunk);
  return { fixedMs, rowMs, stepMs, chunkTokens, promptTokenMs, typicalPlace };
}

/** Round trips that differ by less than a grid step are one class. */
function roundTripOf(state: SlotState, pace: PaceState, device: number, server: number): number {
  if (pace.linkRoundTripMs === undefined) return pace.roundTripMs;
  const link = findLink(state, device, server);
  const ms = link < 0 ? pace.roundTripMs : (pace.linkRoundTripMs[link] as number);
  if (ms < leastRoundTripMs) return 0;
  return leastRoundTripMs * gridRatio ** Math.round(Math.log(ms / leastRoundTripMs) / Math.log(gridRatio));
}

function createPaceClass(step: StepClass, pace: PaceState, device: number, roundTripMs: number): PaceClass {
  const { stepMs, fixedMs } = step;
  const acceptance = pace.acceptance[device] as number;
  const draftMs = pace.draftMs[device] as number;
  const table = streamPace(acceptance, pace.maxAhead);
  const tokens = new Float64Array(stepMs.length);
  const rows = new Float64Array(stepMs.length);
  const read: StepPace = { tokens: 1, drafts: 0 };
  for (const [node, ms] of stepMs.entries()) {
    table.read(draftMs / ms, roundTripMs / ms, worthwhileDrafts(acceptance, fixedMs / ms), read);
    tokens[node] = read.tokens;
    rows[node] = 1 + read.drafts;
  }
  return { tokens, rows, roundTripMs };
}
