import { describe, expect, it } from 'vitest';
import { bestOfFamilies, families, idleEdgeRatios } from './families.ts';
import { emulatedRivals, type ModeRow, type RowMode, virtualOnlyNames } from './metrics.ts';
import { sharedModes } from './options.ts';

function row(mode: RowMode, roundTripMs: number, msPerToken: number | null, givenAcceptance = 0.8): ModeRow {
  return { mode, roundTripMs, msPerToken, givenAcceptance } as ModeRow;
}

const rivals = families['edge drafting'].filter((mode) => mode !== 'edge-sd');
const rows = [0, 10, 30, 60].flatMap((ms) => [
  row('stream', ms, 20),
  row('mix', ms, 18),
  row('edge-sd', ms, ms === 60 ? 16 : 19),
  row('edge-head', ms, 12),
  ...rivals.map((rival, index) => row(rival, ms, 16 + index)),
]);

describe('families', () => {
  it('hold every mode and every emulated rival once', () => {
    const all = Object.values(families).flat();
    expect(new Set(all).size).toBe(all.length);
    for (const mode of [...sharedModes, ...virtualOnlyNames, ...emulatedRivals]) expect(all).toContain(mode);
  });

  it('are represented by their quickest member in each cell', () => {
    const best = bestOfFamilies([...rows, row('psd', 0, null), row('psd-lockstep', 0, 25)]);
    const at = (family: string, ms: number) =>
      best.find((one) => one.family === family && one.row.roundTripMs === ms)?.row.mode;
    expect(at('ours', 0)).toBe('mix');
    expect(at('parallel (PSD)', 0)).toBe('psd-lockstep');
    expect(at('parallel (PSD)', 10)).toBeUndefined();
    expect(at('edge drafting', 0)).toBe(rivals[0]);
  });
});

describe('the ratios on an idle edge', () => {
  it('compare the best of ours with the best rival, the head apart', () => {
    const { bestOverEdgeRivalIdle, bestOverEmulatedHeadIdle } = idleEdgeRatios(rows);
    // The row `edge-ssd`, of 17 ms, is also our edge with hedges.
    expect(bestOverEdgeRivalIdle).toBeCloseTo((3 * (17 / 16) + 1) / 4);
    expect(bestOverEmulatedHeadIdle).toBeCloseTo((3 * (17 / 12) + 16 / 12) / 4);
  });

  it('count the drafts for outcomes on both sides, and give their key no value without them', () => {
    const at = (mode: RowMode, msPerToken: number) =>
      idleEdgeRatios(rows.map((one) => (one.mode === mode ? { ...one, msPerToken } : one))).bestOverEdgeRivalIdle;
    expect(at('edge-ssd', 12)).toBe(1);
    expect(at('edge-psd', 12)).toBeCloseTo((3 * (17 / 12) + 16 / 12) / 4);
    expect(idleEdgeRatios(rows.filter(({ mode }) => mode !== 'edge-ssd')).bestOverEdgeRivalIdle).toBeNaN();
  });

  it('are left out where a rival or a cell is missing', () => {
    const without = rows.filter(({ mode, roundTripMs }) => mode !== 'edge-tree' || roundTripMs !== 30);
    expect(idleEdgeRatios(without).bestOverEdgeRivalIdle).toBeNaN();
    expect(idleEdgeRatios(rows.map((one) => ({ ...one, givenAcceptance: 0.65 }))).bestOverEmulatedHeadIdle).toBeNaN();
  });
});
