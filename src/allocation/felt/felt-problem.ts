// The numbers of the objective `felt` for one slot, in the form for optimisers. Served by server j over link l, with step time T and
// a share y of the band, a device costs, in ms for each token of its answers (constants left out),
//
// computeMs(T)  +  C_l t(y)  +  its prompt,     t(y) = 1 / y with a fixed SNR
//
// where C_l is the airtime, with the whole band, of the bits that cost it time or energy. T is the same for all devices of a server,
// and it grows with the rows of each of them (pace-model.ts). docs/research/allocation-derivations.md derives the shares.
//
// Prompts wait for each other: a step takes a chunk of one prompt, and prompts take turns by their devices' weights z. With u the
// time for each token of a prompt that is alone, g = u P / n what it costs for each token of the answer, and v the chance that a
// session is at its prompt, the devices of a server pay for their prompts
//
// sum g_i (1 - v_i) + (sum sqrt(g_i v_i))^2

import { badArgument } from '../../core/basics/errors.ts';
import type { SlotState } from '../slot/slot-state.ts';
import { computeMs, costlyBits, energyMs, promptCost } from './felt-cost.ts';
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
  {
    linkServer,
    linkDevice,
    linkStart,
    snr,
  }: { readonly [Key in 'linkServer' | 'linkDevice' | 'linkStart']: Int32Array } & { readonly snr: Float64Array },
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
  const rows = new Float64Array(gridStart[linkCount] as number);
  const costMs = new Float64Array(rows.length);
  const promptMs = new Float64Array(linkCount);
  const promptPart = new Float64Array(linkCount);
  for (let link = 0; link < linkCount; link++) {
    const server = linkServer[link] as number;
    const device = linkDevice[link] as number;
    const step = model.stepClass[server] as StepClass;
    const pace = model.classOf(device, server);
    const start = gridStart[link] as number;
    const prompt = promptCost(model, device, server);
    promptMs[link] = prompt.ms;
    promptPart[link] = prompt.part;
    for (let node = 0; node < step.stepMs.length; node++) {
      rows[start + node] = rowsOn(model, device, server, pace, node);
      costMs[start + node] = computeMs(model, device, step, pace, node) + prompt.ms * (1 - prompt.part);
    }
  }
  let constantMs = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    constantMs += energyMs(state, model, device).draft;
    if (linkStart[device] === linkStart[device + 1]) constantMs += state.slotMs;
  }
  return { model, bandMs, gridStart, rows, costMs, promptMs, promptPart, constantMs };
}

/** sqrt(g v): what a link adds to the root of a server's cost. */
export function promptRoot({ promptMs, promptPart }: FeltProblem, link: number): number {
  return Math.sqrt((promptMs[link] as number) * (promptPart[link] as number));
}
