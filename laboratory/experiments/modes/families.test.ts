import { describe, expect, it } from 'vitest';
import { bestOfFamilies, families } from './families.ts';
import { type ModeRow, type RowMode, virtualOnlyNames } from './metrics.ts';
import { sharedModes } from './options.ts';

function row(mode: RowMode, roundTripMs: number, msPerToken: number | null, givenAcceptance = 0.8): ModeRow {
  return { mode, roundTripMs, msPerToken, givenAcceptance } as ModeRow;
}

const rivals = families['edge drafting'].filter((mode) => mode !== 'edge-sd');
const rows = [0, 10, 30, 60].flatMap((ms) => [
  row('stream', ms, 20),
  row('mix', ms, 18),
  row('edge-sd', ms, ms === 60 ? 16 : 19),
  ...rivals.map((rival, index) => row(rival, ms, 16 + index)),
]);

describe('families', () => {
  it('hold every mode once', () => {
    const all = Object.values(families).flat();
    expect(new Set(all).size).toBe(all.length);
    for (const mode of [...sharedModes, ...virtualOnlyNames]) expect(all).toContain(mode);
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
