// The pace of sessions on servers, as a function of one number for each server: T, the mean time of its step (docs/research/allocation.md, The
// objective felt). In a step a decoding session commits tau tokens and has 1 + q rows (stream-pace.ts, at D / T, r / T and the limit of
// drafts that pays). A session with P tokens of prompt ahead and n tokens of answer lasts P / c + n / tau steps, since a step takes a
// chunk of c tokens of a prompt; a moved text is evaluated beside. Over those steps its server has, for each step,
//
// rho = ((1 + q) n / tau + P + moved) / (P / c + n / tau)
//
// rows of it, and T = a + b sum_i rho_i(T). On each server, functions of T are linear between the nodes of a geometric grid.

import { invariant } from '../../core/basics/invariant.ts';
import { findLink, linkEnd, linkServer, linkStart } from '../slot/links.ts';
import type { PaceState } from '../slot/pace-state.ts';
import { type SlotState, usualFirstTokenWeight } from '../slot/slot-state.ts';
import {
  type DraftKind,
  draftKind,
  gridRatio,
  type PaceClass,
  paceClass,
  type StepKind,
  stepKind,
} from './pace-class.ts';

/** Limits of a chunk of a prompt, as the scheduler has them (schedule-step.ts). */
export const leastChunk = 8;
export const mostChunk = 512;
/** More rows of one session in a step are never reached; for the end of the grid. */
const mostDrafts = 24;
/** Shorter round trips of single links count as none, ms. */
const leastRoundTripMs = 0.5;
/** The part of a running answer that is still to come, on average. */
export const partOfAnswerLeft = 0.5;

/** Servers with the same step law, and the functions of T that they share. */
export interface StepClass {
  readonly fixedMs: number;
  readonly rowMs: number;
  readonly kind: StepKind;
  /** T at each node. */
  readonly stepMs: Float64Array;
  /** {@link chunkOf} at each node. */
  readonly chunkTokens: Float64Array;
  /** Time for each token of a prompt that is alone, u: its row, and its part of the decoding rows of a step. */
  readonly promptTokenMs: number;
  /** The place on the grid of a step with a row for each device of a server, if servers have equal numbers. */
  readonly typicalPlace: number;
}

export interface PaceModel {
  readonly pace: PaceState;
  /** See {@link SlotState.objective}. */
  readonly firstTokenWeight: number;
  /** [E]. */
  readonly stepClass: readonly StepClass[];
  /** The class of a device on a server. @param link theirs, where it is known */
  classOf(device: number, server: number, link?: number): PaceClass;
  /** Tokens of the device's text that a server has to evaluate because another one holds it. */
  movedTokens(device: number, server: number): number;
}

/** @param state with `pace` */
export function createPaceModel(state: SlotState): PaceModel {
  const { pace, serverCount } = state;
  invariant(pace !== undefined, 'a slot without the pace of its sessions');
  const most = mostRowsOf(state, pace);
  const devicesPerServer = state.deviceCount / serverCount;
  const classes = new Map<StepKind, StepClass>();
  const stepClass = Array.from({ length: serverCount }, (_, server) => {
    const fixedMs = pace.stepFixedMs[server] as number;
    const rowMs = pace.stepRowMs[server] as number;
    const kind = stepKind({ fixedMs, rowMs });
    const known = classes.get(kind) ?? createStepClass({ fixedMs, rowMs, kind }, most, devicesPerServer);
    classes.set(kind, known);
    return known;
  });
  const { maxAhead } = pace;
  const drafts = Array.from(pace.draftMs, (draftMs, device) =>
    draftKind({ draftMs, acceptance: pace.acceptance[device] as number, maxAhead }),
  );
  const ofLink = new Array<PaceClass | undefined>(state.snr.length);
  const find = (device: number, server: number, link: number): PaceClass => {
    const { kind } = stepClass[server] as StepClass;
    return paceClass(kind, drafts[device] as DraftKind, roundTripOf(pace, link));
  };
  return {
    pace,
    firstTokenWeight: state.objective.firstTokenWeight ?? usualFirstTokenWeight,
    stepClass,
    classOf(device, server, link = findLink(state, device, server)) {
      const known = ofLink[link] ?? find(device, server, link);
      if (link >= 0) ofLink[link] = known;
      return known;
    },
    movedTokens(device, server) {
      const textServer = pace.textServer[device] as number;
      if (textServer < 0 || textServer === server) return 0;
      // The part of the answer that is left has to pay for it.
      return (pace.textTokens[device] as number) / partOfAnswerLeft;
    },
  };
}

/** The value next to it on a geometric grid with the grid's ratio. */
export function gridStepOf(ms: number): number {
  return gridRatio ** Math.round(Math.log(ms) / Math.log(gridRatio));
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
 * @param near a place where to begin: rows are made node by node, and those far from the result would be made for nothing
 */
export function settleStep(step: StepClass, rowsAt: (node: number) => number, near: number): number {
  const { fixedMs, rowMs, stepMs } = step;
  const last = stepMs.length - 1;
  const first = Math.min(last, Math.floor(near));
  let excess = fixedMs + rowMs * rowsAt(first) - (stepMs[first] as number);
  let node = Math.floor(placeOf(step, (stepMs[first] as number) + excess));
  if (node !== first) excess = fixedMs + rowMs * rowsAt(node) - (stepMs[node] as number);
  while (excess > 0) {
    if (node === last) return last;
    const next = fixedMs + rowMs * rowsAt(node + 1) - (stepMs[node + 1] as number);
    if (next <= 0) return node + excess / (excess - next);
    excess = next;
    node += 1;
  }
  for (; node > 0; node -= 1) {
    const before = fixedMs + rowMs * rowsAt(node - 1) - (stepMs[node - 1] as number);
    if (before > 0) return node - 1 + before / (before - excess);
    excess = before;
  }
  return 0;
}

/** The rows of a server that all devices with a link to it would choose, at the largest such server. */
function mostRowsOf(state: SlotState, pace: PaceState): number {
  const rows = new Float64Array(state.serverCount).fill(1);
  for (let device = 0; device < state.deviceCount; device += 1) {
    const evaluated =
      ((pace.promptTokens[device] as number) + (pace.textTokens[device] as number) / partOfAnswerLeft) /
      (pace.answerTokens[device] as number);
    const tokens = Math.min(1 + mostDrafts, 1 / Math.max(1e-9, 1 - (pace.acceptance[device] as number)));
    const own = 1 + mostDrafts + evaluated * tokens;
    const end = linkEnd(state, device);
    for (let link = linkStart(state, device); link < end; link += 1) {
      const server = linkServer(state, device, link);
      rows[server] = (rows[server] as number) + own;
    }
  }
  return rows.reduce((most, one) => Math.max(most, one));
}

/** Tokens of a prompt in a step, c: as long as decoding sessions let it be, which is about half of the step. */
export function chunkOf(stepMs: number, rowMs: number): number {
  return Math.min(mostChunk, Math.max(leastChunk, stepMs / (2 * rowMs)));
}

function createStepClass(
  law: Pick<StepClass, 'fixedMs' | 'rowMs' | 'kind'>,
  mostRows: number,
  typicalRows: number,
): StepClass {
  const { fixedMs, rowMs } = law;
  const first = fixedMs + rowMs;
  const count = 2 + Math.ceil(Math.log((fixedMs + rowMs * mostRows) / first) / Math.log(gridRatio));
  const stepMs = Float64Array.from({ length: count }, (_, node) => first * gridRatio ** node);
  const chunkTokens = stepMs.map((ms) => chunkOf(ms, rowMs));
  const typicalMs = fixedMs + rowMs * Math.max(1, typicalRows);
  const typicalPlace = Math.log(typicalMs / first) / Math.log(gridRatio);
  const promptTokenMs = rowMs + Math.min(rowMs, typicalMs / leastChunk);
  return { ...law, stepMs, chunkTokens, promptTokenMs, typicalPlace };
}

/** Round trips of links that differ by less than a grid step are one class. */
function roundTripOf({ linkRoundTripMs, roundTripMs }: PaceState, link: number): number {
  if (linkRoundTripMs === undefined) return roundTripMs;
  const ms = link < 0 ? roundTripMs : (linkRoundTripMs[link] as number);
  if (ms < leastRoundTripMs) return 0;
  const step = Math.min(mostTripSteps, Math.round(Math.log(ms / leastRoundTripMs) / Math.log(gridRatio)));
  return tripsMs[step] ?? leastRoundTripMs * gridRatio ** step;
}

/** More grid steps than any round trip has: those up to 10 minutes have 125. */
const mostTripSteps = 1021;
const tripsMs = Array.from({ length: 126 }, (_, step) => leastRoundTripMs * gridRatio ** step);
