import { describe, expect, it } from 'vitest';
import { hedgesAtPrice } from '../../../src/core/decoding/hedge-count.ts';
import { levelLaw, runLoad } from './run-load.ts';
import { draftMs, edgeDraftMs } from './virtual-cell.ts';

const step = { fixedMs: 40, perRowMs: 0.4 };

type Load = Parameters<typeof runLoad>[0];

function timeOf(mode: Load['mode'], sessionCount: number, changes: Partial<Load> = {}): number {
  const load = { mode, sessionCount, acceptance: 0.8, roundTripMs: 10, step, timeJitter: 0.2, tokens: 120 };
  return runLoad({ ...load, draftMs, maxAhead: 24, hedges: 0, seed: 1, ...changes }).msPerToken;
}

/** With as many alternatives as their price allows. */
const hedged = (widthCost: number): Partial<Load> => ({ hedges: hedgesAtPrice(widthCost), widthCost });

describe('modes on a loaded edge', () => {
  it('share each step: the edge alone takes the step of as many rows as there are sessions', () => {
    expect(timeOf('ar', 16)).toBeGreaterThan(0.97 * (40 + 0.4 * 16));
    expect(timeOf('ar', 16)).toBeLessThan(1.03 * (40 + 0.4 * 16));
  });

  it('are slower than alone, and quicker than without drafts', () => {
    const [alone, loaded] = [timeOf('stream', 1), timeOf('stream', 16)];
    expect(loaded).toBeGreaterThan(1.1 * alone);
    expect(loaded).toBeLessThan(0.7 * timeOf('ar', 16));
  });

  it('are quicker with alternatives that cost little', () => {
    expect(timeOf('stream', 16, hedged(0.02))).toBeLessThan(0.98 * timeOf('stream', 16, hedged(0.75)));
  });

  it('are quicker than devices alone where the edge drafts for all sessions before its steps', () => {
    const edgeDraft = { tokenCount: 1, tokenMs: edgeDraftMs, pass: levelLaw(edgeDraftMs, step) };
    const far = { roundTripMs: 60 };
    expect(timeOf('mix', 16, { ...far, edgeDraft })).toBeLessThan(timeOf('stream', 16, far));
  });
});

it('a pass costs as a small model does: its time for one row, and its share of the cost of rows', () => {
  const { fixedMs, perRowMs } = levelLaw(5, step);
  expect(fixedMs + perRowMs).toBeCloseTo(5);
  expect(perRowMs / fixedMs).toBeCloseTo(0.01);
});
