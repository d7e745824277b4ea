// A cell of "bench modes" with many sessions on one edge: a mode of ours on the protocol's machines, or a rival that drafts on that edge.

import { mean } from '../../../src/core/basics/statistics.ts';
import { quickest } from '../best-draft-length.ts';
import { timeJitter } from './emulated-rivals.ts';
import { runLoad } from './loaded-edge.ts';
import { type LoadedRival, loadedRivals, measureLoadedRival } from './loaded-rivals.ts';
import { type ModeRow, timedRow } from './metrics.ts';
import { draftMs, type VirtualSettings } from './virtual-cell.ts';

/** Modes that make no drafts on the edge. Virtual time charges the edge's own drafts nothing for other sessions, so `mix` would look too good. */
export const loadedModes = ['ar', 'stream'] as const;
export type LoadedMode = (typeof loadedModes)[number] | LoadedRival;

export interface LoadedCell {
  readonly mode: LoadedMode;
  /** Sessions of the edge, each on a device of its own. */
  readonly sessions: number;
  readonly givenAcceptance: number;
  readonly roundTripMs: number;
  readonly step: { readonly fixedMs: number; readonly perRowMs: number };
}

/** A run has many texts, so a few runs are enough. */
const mostSeeds = 4;
const mostTokens = 300;
/** `stream` takes the quickest of these. */
const hedgeCounts = [0, 2, 4, 8];

export function measureLoaded(cell: LoadedCell, settings: VirtualSettings): ModeRow {
  const { mode, sessions: sessionCount, givenAcceptance: acceptance, roundTripMs, step } = cell;
  const seeds = Array.from(
    { length: Math.min(mostSeeds, settings.seedCount) },
    (_, index) => settings.firstSeed + index,
  );
  const tokens = Math.min(mostTokens, settings.tokens);
  const shared = { sessionCount, acceptance, step, timeJitter, tokens };
  if (isLoadedRival(mode)) {
    const { tree, msPerToken } = measureLoadedRival({ ...shared, rival: mode, seeds });
    const isChain = mode === 'edge-sd' || mode === 'edge-psd';
    const setting = isChain
      ? { bestGamma: tree.nodeCount }
      : { bestGamma: null, bestTree: { nodes: tree.nodeCount, levels: tree.widths.length } };
    return rowOf(cell, msPerToken, { ...setting, draftsPerToken: null, rowsPerToken: null, timeToFirstTokenMs: null });
  }
  const { maxAhead } = settings;
  const loads = (mode === 'stream' ? hedgeCounts : [0]).map((hedges) => {
    const made = seeds.map((seed) => runLoad({ ...shared, mode, roundTripMs, draftMs, maxAhead, hedges, seed }));
    return { hedges, made, meanMs: mean(made.map(({ msPerToken }) => msPerToken)) };
  });
  const { hedges, made: runs } = quickest(loads, ({ meanMs }) => meanMs);
  const byHedges = loads.map((load) => ({
    hedges: load.hedges,
    msPerToken: load.meanMs,
    stepsWithoutDrafts: mean(load.made.map((run) => run.stepsWithoutDrafts)),
  }));
  const average = (key: 'draftsPerToken' | 'rowsPerToken' | 'timeToFirstTokenMs'): number =>
    mean(runs.map((run) => run[key]));
  return rowOf(
    cell,
    runs.map(({ msPerToken }) => msPerToken),
    {
      bestGamma: null,
      ...(mode === 'stream' ? { bestHedges: hedges, byHedges } : {}),
      draftsPerToken: average('draftsPerToken'),
      rowsPerToken: average('rowsPerToken'),
      timeToFirstTokenMs: average('timeToFirstTokenMs'),
    },
  );
}

function isLoadedRival(mode: LoadedMode): mode is LoadedRival {
  return loadedRivals.some((rival) => rival === mode);
}

type OwnFields =
  | 'bestGamma'
  | 'bestTree'
  | 'bestHedges'
  | 'byHedges'
  | 'draftsPerToken'
  | 'rowsPerToken'
  | 'timeToFirstTokenMs';

function rowOf(cell: LoadedCell, times: readonly number[], own: Pick<ModeRow, OwnFields>): ModeRow {
  return {
    ...timedRow(cell, times),
    sessions: cell.sessions,
    acceptance: null,
    acceptedPerStep: null,
    payloadBytesPerToken: null,
    payloadBytesPerTokenWithOpening: null,
    wireBytesPerToken: null,
    ...own,
  };
}
