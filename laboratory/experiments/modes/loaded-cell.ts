// A cell of "bench modes" with many sessions on one edge: a mode of ours on the protocol's machines, or a rival that drafts on that edge.

import { mean } from '../../../src/core/basics/statistics.ts';
import { quickest } from '../best-draft-length.ts';
import { type LoadResult, runLoad } from './loaded-edge.ts';
import { type LoadedRival, loadedRivals, measureLoadedRival } from './loaded-rivals.ts';
import { type ModeRow, type TimedCell, timedRow } from './metrics.ts';
import { noBytes } from './rivals.ts';
import { draftMs, timeJitter, type VirtualSettings } from './virtual-cell.ts';

/** Modes that make no drafts on the edge. Virtual time charges the edge's own drafts nothing for other sessions, so `mix` would look too good. */
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
