import { describe, expect, it } from 'vitest';
import type { TimingFigures } from '../../scheduling/latency-model.ts';
import { streamMsPerToken } from '../../scheduling/predict-stream.ts';
import { bestStreamMs, figuresOf, frugalLead, type TimingKnowledge } from './stream-forecast.ts';

const known: TimingKnowledge = {
  draftMs: 8,
  roundTripMs: 30,
  acceptance: 0.7,
  edge: { stepMs: [40, 41, 42, 43, 44, 45, 46, 47], edgeDraftMs: null },
  loadMs: 2,
};
/** Another value of each field: the type asks for every one. */
const changed: Readonly<Record<keyof TimingKnowledge, TimingKnowledge>> = {
  draftMs: { ...known, draftMs: 12 },
  roundTripMs: { ...known, roundTripMs: 60 },
  acceptance: { ...known, acceptance: 0.76 },
  edge: { ...known, edge: { stepMs: [40, 41, 42, 43, 44, 45, 46, 60], edgeDraftMs: null } },
  loadMs: { ...known, loadMs: 20 },
};

function figures(of: TimingKnowledge): TimingFigures {
  const found = figuresOf(of);
  if (found === null) throw new Error('something is not measured');
  return found;
}

/** Without what is kept. */
function computed(one: TimingFigures): number {
  const times = [1, 2, 3, 4, 5, 6, 7, 8].map((drafts) => streamMsPerToken(one, drafts));
  return Math.min(one.stepMs(1), ...times);
}

describe('a prediction that is kept', () => {
  it.each(Object.entries(changed))('is another one with another %s', (field, other) => {
    const [before, after] = [figures(known), figures(other)];
    expect(bestStreamMs(before)).toBe(bestStreamMs(figures(known)));
    // A step that no number of drafts reaches changes the figures, not the best time.
    if (field !== 'edge') expect(bestStreamMs(after)).not.toBe(bestStreamMs(before));
    for (const one of [before, after, before]) expect(bestStreamMs(one)).toBeCloseTo(computed(one), 9);
    expect(frugalLead(other, 0.03)).toBe(frugalLead({ ...other }, 0.03));
  });

  it('is another one where only one of the announced steps is longer', () => {
    for (let rows = 1; rows <= 8; rows += 1) {
      const stepMs = [5, 5, 5, 5, 5, 5, 5, 5];
      const flat = figures({ ...known, draftMs: 0.5, edge: { stepMs, edgeDraftMs: null }, loadMs: 0 });
      const longer = stepMs.with(rows - 1, 50);
      const one = figures({ ...known, draftMs: 0.5, edge: { stepMs: longer, edgeDraftMs: null }, loadMs: 0 });
      expect([flat.stepMs(rows) < 6, one.stepMs(rows) > 6]).toEqual([true, true]);
      bestStreamMs(flat);
      expect(bestStreamMs(one), `${rows} rows`).toBeLessThanOrEqual(computed(one) * 1.2);
      expect(bestStreamMs(one), `${rows} rows`).toBeGreaterThanOrEqual(computed(one));
    }
  });
});
