// A cell of "bench modes" with many sessions on one edge: a mode of ours on the protocol's machines, or a rival that drafts on that edge.

import type { Emission } from '../../../simulator/virtual-time/device.ts';
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
import { completeSampling } from '../../../src/core/decoding/sampling.ts';
import type { DraftingAdvice } from '../../../src/core/protocol/device/drafting-advice.ts';
import { quickest } from '../best-draft-length.ts';
import { missShares } from './draft-tree.ts';
import { type LoadedRival, loadedRivals, measureLoadedRival } from './emulated-rivals.ts';
import { type ModeRow, noBytes, type TimedCell, timedRow } from './metrics.ts';
import { draftMs, timeJitter, type VirtualSettings } from './virtual-cell.ts';

/** Modes that make no drafts on the edge. Virtual time charges the edge's own drafts nothing for other sessions, so `mix` would be too quick. */
export const loadedModes = ['ar', 'stream'] as const;
export type LoadedMode = (typeof loadedModes)[number] | LoadedRival;

export interface LoadedCell extends TimedCell<LoadedMode, number> {
  /** Sessions of the edge, each on a device of its own. */
  readonly sessions: number;
}

/** A run has many texts, so a few runs are enough. */
const mostSeeds = 4;
const mostTokens = 300;
/** `stream` takes the quickest of these. */
const hedgeCounts = [0, 2, 4, 8];

export function measureLoaded(cell: LoadedCell, settings: VirtualSettings): ModeRow {
  const { mode, sessions: sessionCount, givenAcceptance: acceptance, roundTripMs, step } = cell;
  const count = Math.min(mostSeeds, settings.seedCount);
  const seeds = Array.from({ length: count }, (_, index) => settings.firstSeed + index);
  const tokens = Math.min(mostTokens, settings.tokens);
  const shared = { sessionCount, acceptance, step, timeJitter, tokens };
  if (isLoadedRival(mode)) {
    const { tree, msPerToken } = measureLoadedRival({ ...shared, rival: mode, seeds });
    const isChain = mode === 'edge-sd' || mode === 'edge-psd';
    const bestTree = { nodes: tree.nodeCount, levels: tree.widths.length };
    return rowOf(cell, msPerToken, isChain ? { bestGamma: tree.nodeCount } : { bestTree });
  }
  const { maxAhead } = settings;
  const loads = (mode === 'stream' ? hedgeCounts : [0]).map((hedges) => {
    const made = seeds.map((seed) => runLoad({ ...shared, mode, roundTripMs, draftMs, maxAhead, hedges, seed }));
    const average = (key: keyof LoadResult): number => mean(made.map((run) => run[key]));
    return { hedges, made, average };
  });
  const { hedges: bestHedges, made, average } = quickest(loads, (load) => load.average('msPerToken'));
  const byHedges = loads.map((load) => ({
    hedges: load.hedges,
    msPerToken: load.average('msPerToken'),
    stepsWithoutDrafts: load.average('stepsWithoutDrafts'),
  }));
  return rowOf(
    cell,
    made.map(({ msPerToken }) => msPerToken),
    {
      ...(mode === 'stream' ? { bestHedges, byHedges } : {}),
      draftsPerToken: average('draftsPerToken'),
      rowsPerToken: average('rowsPerToken'),
      timeToFirstTokenMs: average('timeToFirstTokenMs'),
    },
  );
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
  /** One draft model of the edge for all sessions, with an accelerator of its own. Default: the edge has none. */
  readonly edgeDraft?: { readonly tokenCount: number; readonly tokenMs: number } | undefined;
  /** Switches the drafting of the device with this index. Default: drafting stays on. */
  readonly adviceOf?: ((index: number) => DraftingAdvice) | undefined;
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
  };
}
