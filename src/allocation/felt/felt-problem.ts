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
  /** C, and sqrt(C): what a link adds to the root of its server's cost of the band; [L]. */
  readonly bandMs: Float64Array;
  readonly bandRoot: Float64Array;
  /** Rows of a link's device in a step, and its cost, at a node of its server's grid. */
  readonly rowsAt: (link: number, node: number) => number;
  readonly costAt: (link: number, node: number) => number;
  /** g, v, and sqrt(g v), the same of prompts; [L]. costMs has g (1 - v) in it. */
  readonly promptMs: Float64Array;
  readonly promptPart: Float64Array;
  readonly promptRoot: Float64Array;
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
  }: LinksOfProblem & { readonly linkStart: Int32Array; readonly snr: Float64Array },
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
  for (let link = 0; link < linkCount; link++) {
    const server = linkServer[link] as number;
    const wholeRate = (state.bandwidthHz[server] as number) * Math.log1p(snr[link] as number) * Math.LOG2E;
    bandMs[link] = (1e3 * (bits[linkDevice[link] as number] as number)) / wholeRate;
  }
  let constantMs = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    constantMs += energyMs(state, model, device).draft;
    if (linkStart[device] === linkStart[device + 1]) constantMs += state.slotMs;
  }
  const promptMs = new Float64Array(linkCount);
  const promptPart = new Float64Array(linkCount);
  for (let link = 0; link < linkCount; link++) {
    const prompt = promptCost(model, linkDevice[link] as number, linkServer[link] as number);
    promptMs[link] = prompt.costMs;
    promptPart[link] = prompt.part;
  }
  const aloneMs = promptMs.map((ms, link) => ms * (1 - (promptPart[link] as number)));
  return {
    model,
    bandMs,
    bandRoot: bandMs.map(Math.sqrt),
    ...readLinks(model, { linkServer, linkDevice }, aloneMs),
    promptMs,
    promptPart,
    promptRoot: rootsOf(promptMs, promptPart),
    constantMs,
  };
}

/** Nodes of a link that are kept: its server's step stays near one place, so a search reads few. A power of two. */
const keptNodes = 8;

/** @param aloneMs what is added to the cost of each link */
function readLinks(
  model: PaceModel,
  { linkServer, linkDevice }: LinksOfProblem,
  aloneMs: Float64Array,
): Pick<FeltProblem, 'rowsAt' | 'costAt'> {
  /** The node whose values are there, plus one. */
  const nodes = new Int16Array(keptNodes * linkServer.length);
  const rows = new Float64Array(nodes.length);
  const costMs = new Float64Array(nodes.length);
  const paces = new Array<PaceClass | undefined>(linkServer.length);
  const make = (link: number, node: number, at: number): void => {
    const server = linkServer[link] as number;
    const device = linkDevice[link] as number;
    const pace = paces[link] ?? model.classOf(device, server);
    paces[link] = pace;
    const served = { step: model.stepClass[server] as StepClass, pace, weight: model.firstTokenWeight };
    rows[at] = rowsOn(model, device, server, pace, node);
    costMs[at] = computeMs(model, device, served, node) + (aloneMs[link] as number);
    nodes[at] = node + 1;
  };
  const placeOf = (link: number, node: number): number => {
    const at = keptNodes * link + (node & (keptNodes - 1));
    if (nodes[at] !== node + 1) make(link, node, at);
    return at;
  };
  return {
    rowsAt: (link, node) => rows[placeOf(link, node)] as number,
    costAt: (link, node) => costMs[placeOf(link, node)] as number,
  };
}

/** Rows and costs at all nodes, for those that read most of them: entries gridStart[l] and following of each link. */
export function allNodes(
  { linkServer }: Pick<LinksOfProblem, 'linkServer'>,
  { model, rowsAt, costAt }: FeltProblem,
): { readonly gridStart: Int32Array; readonly rows: Float64Array; readonly costMs: Float64Array } {
  const gridStart = new Int32Array(linkServer.length + 1);
  for (const [link, server] of linkServer.entries())
    gridStart[link + 1] = (gridStart[link] as number) + (model.stepClass[server] as StepClass).stepMs.length;
  const rows = new Float64Array(gridStart[linkServer.length] as number);
  const costMs = new Float64Array(rows.length);
  for (let link = 0; link < linkServer.length; link++) {
    const start = gridStart[link] as number;
    for (let at = start; at < (gridStart[link + 1] as number); at++) {
      rows[at] = rowsAt(link, at - start);
      costMs[at] = costAt(link, at - start);
    }
  }
  return { gridStart, rows, costMs };
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
  const { promptMs: usualMs, promptPart: usualPart } = felt;
  const promptMs = usualMs.map((ms, link) => (moved[link] === 1 ? costOf(ms, usualPart[link] as number) : ms));
  const promptPart = usualPart.map((part, link) => (moved[link] === 1 ? 1 : part));
  return { ...felt, promptMs, promptPart, promptRoot: rootsOf(promptMs, promptPart) };
}

type LinksOfProblem = Readonly<Record<'linkServer' | 'linkDevice', Int32Array>>;

function rootsOf(promptMs: Float64Array, promptPart: Float64Array): Float64Array {
  return promptMs.map((ms, link) => Math.sqrt(ms * (promptPart[link] as number)));
}
