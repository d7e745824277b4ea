// The numbers of the objective `felt` for one slot, in the form for optimisers. Served by server j over link l, with step time T and
// a share y of the band, a device costs, in ms for each token of its answers (constants left out),
//
// computeMs(T)  +  C_l t(y)  +  its prompt,     t(y) = 1 / y with a fixed SNR
//
// where C_l is the airtime, with the whole band, of the bits that cost it time or energy. T is the same for all devices of a server,
// and it grows with the rows of each of them (pace-model.ts). docs/research/allocation-derivations.md derives the shares.
//
// Prompts wait for each other: a step takes a chunk of one prompt, and prompts take turns by their devices' weights z. With u the
// time for each token of a prompt that is alone, g = u P f / n what it costs for each token of the answer (f: the weight of the first token), and v the chance that a
// session is at its prompt, the devices of a server pay for their prompts
//
// sum g_i (1 - v_i) + (sum sqrt(g_i v_i))^2

import { badArgument } from '../../core/basics/errors.ts';
import type { SlotState } from '../slot/slot-state.ts';
import { computeMs, costlyBits, energyMs, promptCost } from './felt-cost.ts';
import type { PaceClass } from './pace-class.ts';
import { createPaceModel, type PaceModel, type StepClass } from './pace-model.ts';
import { rowsOn } from './predict-pace.ts';

/** L links, in the order of the problem. */
export interface FeltProblem {
  readonly model: PaceModel;
  /** C; [L]. */
  readonly bandMs: Float64Array;
  /** Rows of the link's device in a step, and its cost, at the nodes of its server's grid: entries gridStart[l] and following. */
  readonly gridStart: Int32Array;
  readonly rows: Float64Array;
  readonly costMs: Float64Array;
  /** g and v; [L]. costMs has g (1 - v) in it. */
  readonly promptMs: Float64Array;
  readonly promptPart: Float64Array;
  /** Energy of drafting, and the whole cost of devices without a server. */
  readonly constantMs: number;
}

/** @throws OutriderError `bad-argument` when the slot does not say the pace of its sessions */
export function createFeltProblem(
  state: SlotState,
  { linkServer, linkDevice, linkStart, snr }: LinksOfProblem & { readonly snr: Float64Array },
): FeltProblem {
  if (state.pace === undefined) {
    const remedy =
      'Give the fields of the pace (docs/research/allocation.md, The slot as JSON), or take the objective paper.';
    throw badArgument('the objective felt needs to know the pace of sessions, which the slot does not say', remedy);
  }
  const model = createPaceModel(state);
  const linkCount = linkServer.length;
  const bits = Float64Array.from({ length: state.deviceCount }, (_, device) => costlyBits(state, model, device));
  const bandMs = new Float64Array(linkCount);
  const gridStart = new Int32Array(linkCount + 1);
  for (let link = 0; link < linkCount; link++) {
    const server = linkServer[link] as number;
    const wholeRate = (state.bandwidthHz[server] as number) * Math.log1p(snr[link] as number) * Math.LOG2E;
    bandMs[link] = (1e3 * (bits[linkDevice[link] as number] as number)) / wholeRate;
    gridStart[link + 1] = (gridStart[link] as number) + (model.stepClass[server] as StepClass).stepMs.length;
  }
  let constantMs = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    constantMs += energyMs(state, model, device).draft;
    if (linkStart[device] === linkStart[device + 1]) constantMs += state.slotMs;
  }
  return {
    model,
    bandMs,
    gridStart,
    ...costsOfLinks(model, { linkServer, linkDevice, linkStart }, gridStart),
    constantMs,
  };
}

function costsOfLinks(
  model: PaceModel,
  { linkServer, linkDevice, linkStart }: LinksOfProblem,
  gridStart: Int32Array,
): Pick<FeltProblem, 'rows' | 'costMs' | 'promptMs' | 'promptPart'> {
  const linkCount = linkServer.length;
  const rows = new Float64Array(gridStart[linkCount] as number);
  const costMs = new Float64Array(rows.length);
  const promptMs = new Float64Array(linkCount);
  const promptPart = new Float64Array(linkCount);
  /** A link of the present device of each class: others of that class have the same numbers. */
  const alike = new Map<PaceClass, number>();
  for (let link = 0; link < linkCount; link++) {
    const server = linkServer[link] as number;
    const device = linkDevice[link] as number;
    if (link === linkStart[device]) alike.clear();
    const step = model.stepClass[server] as StepClass;
    const pace = model.classOf(device, server);
    const start = gridStart[link] as number;
    const isTextHere = model.pace.textServer[device] === server;
    const known = isTextHere ? undefined : alike.get(pace);
    if (known !== undefined) {
      const from = gridStart[known] as number;
      for (const values of [rows, costMs]) values.copyWithin(start, from, from + step.stepMs.length);
      for (const values of [promptMs, promptPart]) values[link] = values[known] as number;
      continue;
    }
    if (!isTextHere) alike.set(pace, link);
    const served = { step, pace, weight: model.firstTokenWeight };
    const prompt = promptCost(model, device, server);
    promptMs[link] = prompt.costMs;
    promptPart[link] = prompt.part;
    const aloneMs = prompt.costMs * (1 - prompt.part);
    for (let node = 0; node < step.stepMs.length; node++) {
      rows[start + node] = rowsOn(model, device, server, pace, node);
      costMs[start + node] = computeMs(model, device, served, node) + aloneMs;
    }
  }
  return { rows, costMs, promptMs, promptPart };
}

/**
 * With another price of moved texts, for other proposals of a search: what is more or less of it counts as a prompt, for which others wait.
 * @param factor times the usual one
 */
export function repriceTexts(
  { linkDevice, linkServer }: LinksOfProblem,
  felt: FeltProblem,
  factor: number,
): FeltProblem {
  const isMoved = (link: number): boolean =>
    felt.model.movedTokens(linkDevice[link] as number, linkServer[link] as number) > 0;
  const moved = Uint8Array.from(linkDevice, (_, link) => (isMoved(link) ? 1 : 0));
  const costOf = (ms: number, part: number): number => ms * Math.max(0, part + factor - 1);
  return {
    ...felt,
    promptMs: felt.promptMs.map((ms, link) => (moved[link] === 1 ? costOf(ms, felt.promptPart[link] as number) : ms)),
    promptPart: felt.promptPart.map((part, link) => (moved[link] === 1 ? 1 : part)),
  };
}

type LinksOfProblem = Readonly<Record<'linkServer' | 'linkDevice' | 'linkStart', Int32Array>>;

/** sqrt(g v): what a link adds to the root of a server's cost. */
export function promptRoot({ promptMs, promptPart }: FeltProblem, link: number): number {
  return Math.sqrt((promptMs[link] as number) * (promptPart[link] as number));
}
