import { describe, expect, it } from 'vitest';
import { defined } from '../../../src/core/basics/defined.ts';
import { levelLaw, measureLoadedRival } from './emulated-rivals.ts';
import { loadedEdgeRatios } from './families.ts';
import { type LoadedCell, measureLoaded } from './loaded-cell.ts';
import type { ModeRow, RowMode } from './metrics.ts';
import type { VirtualSettings } from './virtual-cell.ts';

const settings: VirtualSettings = {
  firstSeed: 1,
  seedCount: 2,
  tokens: 120,
  maxAhead: 24,
  minChainConfidence: 0,
  triesAllGammas: false,
};
const step = { fixedMs: 40, perRowMs: 0.4 };

function timeOf(mode: LoadedCell['mode'], sessions: number, roundTripMs = 10): number {
  const cell: LoadedCell = { mode, sessions, givenAcceptance: 0.8, roundTripMs, step };
  return measureLoaded(cell, settings).msPerToken as number;
}

describe('our modes on a loaded edge', () => {
  it('share each step: the edge alone takes the step of as many rows as there are sessions', () => {
    expect(timeOf('ar', 16)).toBeGreaterThan(0.97 * (40 + 0.4 * 16));
    expect(timeOf('ar', 16)).toBeLessThan(1.03 * (40 + 0.4 * 16));
  });

  it('are slower than alone, and quicker than without drafts', () => {
    const [alone, loaded] = [timeOf('stream', 1), timeOf('stream', 16)];
    expect(loaded).toBeGreaterThan(1.1 * alone);
    expect(loaded).toBeLessThan(0.7 * timeOf('ar', 16));
  });
});

describe('hedges on a loaded edge', () => {
  const cell: LoadedCell = {
    mode: 'stream',
    sessions: 16,
    givenAcceptance: 0.8,
    roundTripMs: 10,
    step: { fixedMs: 40, perRowMs: 0.4 },
  };

  it('leave fewer steps of a session without drafts, and the row takes the quickest number of them', () => {
    const { byHedges = [], bestHedges, msPerToken } = measureLoaded(cell, settings);
    expect(byHedges.map(({ hedges }) => hedges)).toEqual([0, 2, 4, 8]);
    const [none, two, four, eight] = byHedges.map(({ stepsWithoutDrafts }) => stepsWithoutDrafts);
    expect(two).toBeLessThan(0.8 * (none as number));
    expect(Math.min(four as number, eight as number)).toBeLessThan(0.95 * (two as number));
    expect(msPerToken).toBe(Math.min(...byHedges.map((one) => one.msPerToken)));
    expect(byHedges.find(({ hedges }) => hedges === bestHedges)?.msPerToken).toBe(msPerToken);
  });
});

describe('rivals on a loaded edge', () => {
  const rivalTime = (rival: 'edge-sd' | 'edge-tree' | 'edge-head' | 'edge-psd', sessionCount: number): number => {
    const found = measureLoadedRival({
      rival,
      sessionCount,
      acceptance: 0.8,
      step,
      timeJitter: 0.2,
      tokens: 400,
      seeds: [1, 2, 3, 4, 5],
    });
    return found.msPerToken.reduce((sum, ms) => sum + ms) / found.msPerToken.length;
  };

  // (levels of the draft + step) / expected tokens at the best setting, of another program with constant times; 17.05: PEARL on an idle edge.
  it.each([
    ['edge-sd', 1, 18.27],
    ['edge-tree', 1, 16.17],
    ['edge-head', 1, 11.9],
    ['edge-psd', 1, 17.05],
    ['edge-sd', 16, 28.06],
    ['edge-head', 16, 23.47],
    ['edge-sd', 64, 54.52],
    ['edge-head', 64, 49.87],
  ] as const)('%s with %d sessions takes %d ms a token', (rival, sessionCount, expectedMs) => {
    const ratio = rivalTime(rival, sessionCount) / expectedMs;
    expect(ratio).toBeGreaterThan(0.96);
    expect(ratio).toBeLessThan(1.04);
  });

  it('draft nothing where rows cost too much, so they are never slower than the edge alone', () => {
    const found = measureLoadedRival({
      rival: 'edge-sd',
      sessionCount: 512,
      acceptance: 0.5,
      step,
      timeJitter: 0,
      tokens: 40,
      seeds: [1],
    });
    expect(found.tree.nodeCount).toBe(0);
    expect(found.msPerToken[0]).toBeCloseTo(40 + 0.4 * 512);
  });

  it('pay for each level as a small model does: its time for one row, and its share of the cost of rows', () => {
    const { fixedMs, perRowMs } = levelLaw(5, step);
    expect(fixedMs + perRowMs).toBeCloseTo(5);
    expect(perRowMs / fixedMs).toBeCloseTo(0.01);
  });
});

describe('the ratios on a loaded edge', () => {
  const row = (mode: RowMode, msPerToken: number, sessions?: number): ModeRow =>
    ({ mode, msPerToken, roundTripMs: 10, ...defined({ sessions }) }) as ModeRow;
  const rows = [
    row('ar', 60, 16),
    row('stream', 30, 16),
    row('edge-sd', 40, 16),
    row('edge-psd', 32, 16),
    row('edge-tree', 40, 16),
    row('edge-head', 24, 16),
    row('stream', 10),
  ];

  it('compare stream with the best rival, with and without the head', () => {
    expect(loadedEdgeRatios(rows)).toEqual({
      bestOverEdgeRivalLoaded: 30 / 24,
      bestOverEdgeDraftModelLoaded: 30 / 32,
    });
  });

  it('are left out where a rival is missing', () => {
    const { bestOverEdgeRivalLoaded } = loadedEdgeRatios(rows.filter(({ mode }) => mode !== 'edge-psd'));
    expect(bestOverEdgeRivalLoaded).toBeNaN();
    expect(loadedEdgeRatios([row('stream', 10)]).bestOverEdgeRivalLoaded).toBeNaN();
  });
});
