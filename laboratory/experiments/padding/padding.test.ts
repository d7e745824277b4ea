import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { paddingExperiment, shareApart } from './padding.ts';
import { paddingPage } from './page.ts';

describe('bench padding', () => {
  it('tells answers apart by lengths without padding, and not in mode ar with it', async () => {
    const { rows, summary } = await runExperiment(paddingExperiment, { answers: 4 });
    const row = (mode: string, padding: number) =>
      rows.find((one) => one.mode === mode && one.padding === padding && one.link === 'LTE');
    expect(row('ar', 0)).toMatchObject({ apartAfter32: 1, bytesRatio: 1, msRatio: 1 });
    expect(row('ar', 16)?.apartAfter32).toBe(0);
    for (const { padding, bytesRatio, msRatio } of rows) {
      expect(bytesRatio).toBeGreaterThanOrEqual(1);
      expect(bytesRatio).toBeLessThanOrEqual(1 + padding / 20);
      expect(msRatio).toBeLessThan(1.02);
    }
    expect(summary).toMatchObject({ answers: 4, apartWithout: 1 });
    const page = paddingPage({ rows } as unknown as Parameters<typeof paddingPage>[0]);
    expect(page).toContain('### LTE-M');
    expect(page).toContain('| `ar` | 16 |');
  });

  it('counts the values that occur once', () => {
    expect(shareApart(['a', 'b', 'a', 'c'])).toBe(0.5);
    expect(shareApart([])).toBe(0);
  });
});
