import { describe, expect, it } from 'vitest';
import { mean } from '../basics/statistics.ts';
import { streamMsPerToken } from './predict-stream.ts';
import { playStream } from './stream-play.fixture.ts';

/** Against a play of events with varying times, at rates, times and limits as pairs and networks have them. */
describe('the prediction beside a play of device and edge', () => {
  const acceptances = [0.3, 0.7, 0.95];
  const tripsInSteps = [0, 0.6, 1.5, 4];
  const draftsInSteps = [0.05, 0.3, 1];
  const rowCaps = [1, 3, 8];
  const conditions = acceptances.flatMap((acceptance) =>
    tripsInSteps.flatMap((trip) => draftsInSteps.map((draft) => ({ acceptance, trip, draft }))),
  );

  // Where rows cost much and a limit is far too high, the time depends on whether the last draft of a step is just in time. Constant times
  // then err most; the best limit, which is what decisions use, is much nearer.
  it.each([
    ['flat', () => 40, { any: 0.03, best: 0.03, typical: 0.01 }],
    ['linear', (rows: number) => 20 + 20 * rows, { any: 0.03, best: 0.015, typical: 0.01 }],
    ['a staircase', (rows: number) => 20 + 80 * Math.ceil(rows / 4), { any: 0.1, best: 0.03, typical: 0.02 }],
  ])('is near it where the time of a step is %s', (_law, stepMs, bounds) => {
    const deviations: number[] = [];
    const ofBest: number[] = [];
    for (const { acceptance, trip, draft } of conditions) {
      const figures = { stepMs, acceptance, roundTripMs: trip * stepMs(1), draftMs: draft * stepMs(1) };
      const predicted = rowCaps.map((rowCap) => streamMsPerToken(figures, rowCap));
      const played = rowCaps.map((rowCap) => playStream(figures, { rowCap, stepCount: 4000, jitter: 0.2 }).msPerToken);
      deviations.push(...predicted.map((ms, index) => ms / (played[index] as number) - 1));
      ofBest.push(Math.min(...predicted) / Math.min(...played) - 1);
    }
    const typical = Math.sqrt(mean(deviations.map((one) => one * one)));
    expect(Math.max(...deviations.map(Math.abs))).toBeLessThan(bounds.any);
    expect(Math.max(...ofBest.map(Math.abs))).toBeLessThan(bounds.best);
    expect(typical).toBeLessThan(bounds.typical);
  });
});

it('plays each step once for all runs where the network is slow and steps are quick', () => {
  let reads = 0;
  const figures = {
    stepMs: (rows: number) => 0.3 + 0.006 * rows,
    draftMs: 10,
    edgeDraftMs: 10,
    acceptance: 1,
    // Read for each arrival of a commit that the prediction checks.
    get roundTripMs() {
      reads += 1;
      return 100;
    },
  };
  expect(streamMsPerToken(figures, 8)).toBeCloseTo(0.306, 3);
  // At most 257 commits and as many drafts, for each rest of a draft.
  expect(reads).toBeLessThan(3 * 257 * 8);
});
