import { describe, expect, it } from 'vitest';
import { usualWidthCost } from '../../../simulator/virtual-time/device.ts';
import { levelLaw, measureLoadedRival } from './emulated-rivals.ts';
import { type LoadedCell, loadedPrices, measureLoaded, runLoad } from './loaded-cell.ts';
import type { ModeRow } from './metrics.ts';
import { draftMs, type VirtualSettings } from './virtual-cell.ts';

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
  const prices = loadedPrices[mode] === undefined ? {} : { widthCost: usualWidthCost };
  const cell: LoadedCell = { mode, sessions, givenAcceptance: 0.8, roundTripMs, step, ...prices };
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
  const rowAt = (widthCost: number, mode: LoadedCell['mode'] = 'stream'): ModeRow =>
    measureLoaded({ mode, sessions: 16, givenAcceptance: 0.8, roundTripMs: 10, step, widthCost }, settings);

  it('are as many as the price of an alternative allows, and leave fewer steps of a session without drafts', () => {
    const [cheap, dear] = [rowAt(0.02), rowAt(0.75)];
    expect([cheap.bestHedges, rowAt(0.1).bestHedges, dear.bestHedges]).toEqual([24, 8, 1]);
    expect(cheap.stepsWithoutDrafts).toBeLessThan(0.6 * (dear.stepsWithoutDrafts ?? 0));
    expect(cheap.msPerToken).toBeLessThan(0.98 * (dear.msPerToken ?? 0));
  });
});

describe('an edge that drafts for all sessions before its steps', () => {
  it('is quicker than devices alone, and with the head of the rival hardly slower than the rival in a short text', () => {
    const head = timeOf('mix-head', 16, 60);
    expect(head).toBeLessThan(0.9 * timeOf('stream', 16, 60));
    expect(head).toBeLessThan(1.06 * timeOf('edge-head', 16));
    expect(timeOf('mix', 16, 60)).toBeLessThan(1.01 * timeOf('edge-sd', 16));
  });
});

describe('a pass for all sessions', () => {
  it('costs a row for each token that the draft model has not read, of which a head reads no text', () => {
    const withoutDrafts = (isHead: boolean): number => {
      const pass = { fixedMs: 0.2, perRowMs: 2, isHead };
      const drafting = { draftMs, maxAhead: 24, hedges: 0, edgeDraft: { tokenCount: 1, tokenMs: 1.5, pass } };
      const load = { mode: 'mix', sessionCount: 4, acceptance: 0.8, step, timeJitter: 0, tokens: 60, seed: 1 } as const;
      return runLoad({ ...load, ...drafting, roundTripMs: 30 }).stepsWithoutDrafts;
    };
    expect(withoutDrafts(true)).toBeLessThan(0.05);
    // Sessions of which it would have to read much are left out.
    expect(withoutDrafts(false)).toBeGreaterThan(0.2);
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
