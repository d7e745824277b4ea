import { describe, expect, it } from 'vitest';
import { tabExperiment } from './bench-tab.ts';

const answer = (msPerToken: number, text = 'right', acceptance: number | null = 0.8) => ({
  text,
  msPerToken,
  acceptance,
  firstTokenMs: 300,
});
const found = (roundTripMs: number, tab: number, node: number, ar: number, text = 'right') => ({
  roundTripMs,
  answers: { tab: answer(tab, text), node: answer(node), ar: answer(ar, 'right', null) },
});
const options = { profile: 'p', maxTokens: 64, prompts: 2 } as Parameters<typeof tabExperiment.conclude>[1];

describe('bench tab', () => {
  it('compares means at each round trip, and takes the worst', () => {
    const measured = { found: [found(10, 30, 30, 60), found(10, 50, 40, 60), found(60, 30, 40, 60)], overranShare: 0 };
    const { rows, summary, passed } = tabExperiment.conclude(measured, options);
    expect(summary['tabOverCliWorst']).toBeCloseTo(80 / 70);
    expect(summary['tabOverArWorst']).toBeCloseTo(80 / 120);
    expect(rows.map(({ roundTripMs, way, msPerToken }) => [roundTripMs, way, msPerToken])).toEqual([
      [10, 'tab', 40],
      [10, 'node', 35],
      [10, 'ar', 60],
      [60, 'tab', 30],
      [60, 'node', 40],
      [60, 'ar', 60],
    ]);
    expect(rows[2]?.acceptance).toBeNull();
    expect([summary['texts'], summary['textsWrong'], passed]).toEqual([9, 0, true]);
  });

  it('fails where a text differs', () => {
    const { summary, passed } = tabExperiment.conclude(
      { found: [found(10, 1, 1, 1, 'other')], overranShare: 0 },
      options,
    );
    expect([summary['textsWrong'], passed]).toEqual([1, false]);
  });
});
