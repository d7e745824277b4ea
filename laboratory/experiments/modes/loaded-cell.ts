// A cell of "bench modes" with many sessions on one edge: a mode of ours on the protocol's machines, or a rival that drafts on that edge.

import { type Emission, usualWidthCost } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdgeDraftSettings } from '../../../simulator/virtual-time/edge.ts';
import { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import {
  beginAnswer,
  type LoadedAnswer,
  type LoadedEdgeSettings,
  openLoadedEdge,
  timePerToken,
} from '../../../simulator/virtual-time/loaded-edge.ts';
import { toyDrafter, toyEdgeDrafter } from '../../../simulator/virtual-time/toy-drafter.ts';
import { ToyTarget } from '../../../simulator/virtual-time/toy-target.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { hedgesAtPrice } from '../../../src/core/decoding/hedge-count.ts';
import { completeSampling } from '../../../src/core/decoding/sampling.ts';
import type { DraftingAdvice } from '../../../src/core/protocol/device/drafting-advice.ts';
import { missShares } from './draft-tree.ts';
import { headLevelMs, type LoadedRival, levelLaw, loadedRivals, measureLoadedRival } from './emulated-rivals.ts';
import { type ModeRow, mixHeadName, noBytes, type TimedCell, timedRow } from './metrics.ts';
import { draftMs, edgeDraftMs, timeJitter, type VirtualSettings } from './virtual-cell.ts';

/** In `mix` the edge drafts before its steps with the draft model of the rivals, in `mix-head` with the emulated head of `edge-head`. */
export const loadedModes = ['ar', 'stream', 'mix', 'mix-head'] as const;
export type LoadedMode = (typeof loadedModes)[number] | LoadedRival;

export interface LoadedCell extends TimedCell<LoadedMode, number> {
  /** Sessions of the edge, each on a device of its own. */
  readonly sessions: number;
  /** One of {@link loadedPrices}. */
  readonly widthCost?: number;
}

/**
 * The prices of an alternative, as shares of a pass of the device's draft model, at which a mode is measured: 0.02 is assumed of an
 * accelerator that reads its weights once for all rows, 0.75 was measured on a processor's core (`bench engine`). None: it does not hedge.
 */
export const loadedPrices: Readonly<Partial<Record<LoadedMode, readonly number[]>>> = {
  stream: [0.02, usualWidthCost, 0.75],
  mix: [usualWidthCost],
  'mix-head': [0.02, usualWidthCost],
};

/** A run has many texts, so a few runs are enough: two, or four of many seeds. */
const fewSeeds = 2;
const mostSeeds = 4;
const manySeeds = 8;
/** Tokens of a text, and of all texts of a run. */
const mostTokens = 300;
const tokensOfRun = 6400;

export function measureLoaded(cell: LoadedCell, settings: VirtualSettings): ModeRow {
  const { mode, sessions: sessionCount, givenAcceptance: acceptance, roundTripMs, step } = cell;
  const count = Math.min(settings.seedCount, settings.seedCount < manySeeds ? fewSeeds : mostSeeds);
  const seeds = Array.from({ length: count }, (_, index) => settings.firstSeed + index);
  const tokens = Math.min(mostTokens, Math.ceil(tokensOfRun / sessionCount), settings.tokens);
  const shared = { sessionCount, acceptance, step, timeJitter, tokens };
  if (isLoadedRival(mode)) {
    const { tree, msPerToken } = measureLoadedRival({ ...shared, rival: mode, seeds });
    const isChain = mode === 'edge-sd' || mode === 'edge-psd';
    const bestTree = { nodes: tree.nodeCount, levels: tree.widths.length };
    return rowOf(cell, msPerToken, isChain ? { bestGamma: tree.nodeCount } : { bestTree });
  }
  const { maxAhead } = settings;
  const { widthCost } = cell;
  const hedges = widthCost === undefined ? 0 : hedgesAtPrice(widthCost);
  const drafting = { draftMs, maxAhead, hedges, widthCost, edgeDraft: edgeDraftOf(cell) };
  const runs = seeds.map((seed) => runLoad({ ...shared, ...drafting, mode: machineOf(mode), roundTripMs, seed }));
  const average = (key: keyof LoadResult): number => mean(runs.map((run) => run[key]));
  return rowOf(
    cell,
    runs.map(({ msPerToken }) => msPerToken),
    {
      ...(widthCost === undefined ? {} : { bestHedges: hedges, widthCost }),
      draftsPerToken: average('draftsPerToken'),
      rowsPerToken: average('rowsPerToken'),
      stepsWithoutDrafts: average('stepsWithoutDrafts'),
      payloadBytesPerTokenWithOpening: average('payloadBytesPerToken'),
      timeToFirstTokenMs: average('timeToFirstTokenMs'),
    },
  );
}

function machineOf(mode: Exclude<LoadedMode, LoadedRival>): LoadSettings['mode'] {
  return mode === mixHeadName ? 'mix' : mode;
}

/** A level of the edge's drafts costs what one of the rivals' costs. */
function edgeDraftOf({ mode, step }: LoadedCell): LoadSettings['edgeDraft'] {
  if (mode !== 'mix' && mode !== mixHeadName) return undefined;
  const isHead = mode === mixHeadName;
  const tokenMs = isHead ? headLevelMs : edgeDraftMs;
  return { tokenCount: 1, tokenMs, pass: { ...levelLaw(tokenMs, step), isHead } };
}

function isLoadedRival(mode: LoadedMode): mode is LoadedRival {
  return loadedRivals.some((rival) => rival === mode);
}

/** @param own the figures that were measured */
function rowOf(cell: LoadedCell, times: readonly number[], own: Partial<ModeRow>): ModeRow {
  return {
    ...timedRow(cell, times),
    sessions: cell.sessions,
    bestGamma: null,
    acceptance: null,
    acceptedPerStep: null,
    draftsPerToken: null,
    rowsPerToken: null,
    timeToFirstTokenMs: null,
    ...noBytes,
    ...own,
  };
}

export interface LoadSettings
  extends Pick<LoadedAnswer, 'mode' | 'seed' | 'roundTripMs' | 'draftMs' | 'maxAhead' | 'hedges'>,
    Pick<LoadedEdgeSettings, 'step' | 'timeJitter'> {
  /**
   * One draft model of the edge for all sessions, with an accelerator of its own, or with `pass` on the engine's. Default: the edge has
   * none.
   */
  readonly edgeDraft?: Pick<VirtualEdgeDraftSettings, 'tokenCount' | 'tokenMs' | 'pass'> | undefined;
  /** Switches the drafting of the device with this index. Default: drafting stays on. */
  readonly adviceOf?: ((index: number) => DraftingAdvice) | undefined;
  /** As of {@link LoadedAnswer}. */
  readonly widthCost?: number | undefined;
  readonly sessionCount: number;
  readonly acceptance: number;
  readonly tokens: number;
}

export interface LoadResult {
  /** Time per token of a session while all sessions write, mean over sessions. */
  readonly msPerToken: number;
  readonly rowsPerToken: number;
  readonly draftsPerToken: number;
  readonly timeToFirstTokenMs: number;
  /** Share of the steps of a session that have no draft to verify. */
  readonly stepsWithoutDrafts: number;
  /** Application bytes both ways, with the opening. */
  readonly payloadBytesPerToken: number;
}

const tokenizerHash: string = 'ab'.repeat(32);
const vocabularySize = 49_152;
/** Streams of createRandom: those of the devices come after all others. */
const firstDeviceStream = 100;

/** All sessions begin together, with texts of their own in the toy language. */
export function runLoad(settings: LoadSettings): LoadResult {
  const { sessionCount, tokens, maxAhead, seed, acceptance, step, timeJitter, edgeDraft, adviceOf } = settings;
  const queue = new EventQueue();
  const language = { seed, vocabularySize, endRate: 0, candidateCount: 4 };
  // A prompt of one token needs no step of its own, so all sessions write from the first step on.
  const target = new ToyTarget(language, 1 + tokens + maxAhead);
  const edgeRandom = createRandom(seed, 2);
  const edgeDrafter = toyEdgeDrafter(target, acceptance, edgeRandom);
  const begun = { steps: 0, withoutDrafts: 0 };
  const own: LoadedEdgeSettings = {
    target,
    tokenizerHash,
    step,
    timeJitter,
    capacity: sessionCount,
    random: edgeRandom,
    edgeDraft: edgeDraft && { ...edgeDraft, edgeDrafter },
  };
  const edge = openLoadedEdge(queue, own, {
    edgeStepped: (_edge, _session, event) => {
      if (event?.kind !== 'step-started') return;
      begun.steps += 1;
      if (event.drafts === 0) begun.withoutDrafts += 1;
    },
  });
  const random = createRandom(seed, 1);
  const drafter = { agreement: acceptance, redraws: null, seed, runnerUpAgreement: missShares };
  const sampling = completeSampling(undefined);
  const emissions: Emission[][] = Array.from({ length: sessionCount }, () => []);
  const devices = emissions.map((emitted, index) => {
    const prompt = [1 + random.integer(vocabularySize - 1)];
    const answer: LoadedAnswer = {
      ...settings,
      session: index.toString(16).padStart(32, '0'),
      text: { prompt, sampling, endIds: new Set<number>(), maxAnswerTokens: tokens },
      drafter: toyDrafter(target, drafter),
      random: createRandom(seed, firstDeviceStream + index),
      seed: seed + index,
      advice: adviceOf?.(index),
    };
    return beginAnswer(queue, edge, answer, { deviceEmits: (_, emission) => void emitted.push(emission) });
  });
  while (devices.every(({ state }) => state.outcome === null) && queue.runNext());
  const payloadBytes = devices
    .flatMap(({ links }) =>
      links.map(({ link }) => link.traffic('up').payloadBytes + link.traffic('down').payloadBytes),
    )
    .reduce((sum, bytes) => sum + bytes, 0);
  // The others end here as well, with what they have measured.
  for (const device of devices) device.stop();
  const drafted = devices.reduce((sum, { state }) => sum + state.account.drafted, 0);
  const written = emissions.flat().reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  return {
    msPerToken: timePerToken(emissions),
    rowsPerToken: edge.account.rows / written,
    draftsPerToken: drafted / written,
    timeToFirstTokenMs: mean(emissions.map(([first]) => first?.atMs ?? Number.NaN)),
    stepsWithoutDrafts: begun.withoutDrafts / begun.steps,
    payloadBytesPerToken: payloadBytes / written,
  };
}
