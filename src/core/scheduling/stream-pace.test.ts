// The pace of a session in its edge's steps, against what must hold and against a play of device and edge.

import { describe, expect, it } from 'vitest';
import { streamPace, worthwhileDrafts } from './stream-pace.ts';
import { playStream } from './stream-play.fixture.ts';

const read = (acceptance: number, draft: number, roundTrip: number, cap = 24) => {
  const pace = { tokens: 0, drafts: 0 };
  streamPace(acceptance, 24).read(draft, roundTrip, cap, pace);
  return pace;
};

describe('the pace in steps', () => {
  it('is one token a step where no draft comes in time, or none is right, or none is admitted', () => {
    expect(read(0.7, 8, 1)).toEqual({ tokens: 1, drafts: 0 });
    expect(read(0, 0.1, 0).tokens).toBe(1);
    expect(read(0.9, 0.1, 0, 0)).toEqual({ tokens: 1, drafts: 0 });
  });

  it('commits as many drafts as are admitted where all are right', () => {
    const { tokens, drafts } = read(1, 0.05, 0, 3);
    expect(drafts).toBeGreaterThan(2.9);
    expect(tokens).toBeCloseTo(drafts + 1, 2);
  });

  it('falls with the time of drafts and of the round trip', () => {
    let before = Number.POSITIVE_INFINITY;
    for (const draft of [0.05, 0.2, 0.5, 1, 2]) {
      const { tokens } = read(0.7, draft, 0.25);
      expect(tokens).toBeLessThan(before + 0.03);
      before = tokens;
    }
    expect(read(0.7, 0.1, 0).tokens).toBeGreaterThan(read(0.7, 0.1, 2).tokens);
  });

  it('is near a play with varying times, between the nodes too', () => {
    for (const acceptance of [0.3, 0.65, 0.8, 0.95]) {
      for (const [draft, roundTrip, cap] of [
        [0.1, 0.5, 24],
        [0.25, 1, 24],
        [0.5, 0.25, 24],
        [0.07, 0.6, 6],
        [0.3, 1.7, 4],
        [1, 3.5, 2],
      ] as const) {
        const times = { stepMs: () => 1, acceptance, draftMs: draft, roundTripMs: roundTrip };
        const played = playStream(times, { rowCap: cap, stepCount: 4000, jitter: 0.2 });
        const pace = read(acceptance, draft, roundTrip, cap);
        expect(Math.abs(pace.tokens / played.tokensPerStep - 1)).toBeLessThan(0.04);
        expect(Math.abs((1 + pace.drafts) / (1 + played.draftsPerStep) - 1)).toBeLessThan(0.04);
      }
    }
  });

  it('is the same however often it is read', () => {
    expect(read(0.7, 0.33, 0.4, 2.5)).toEqual(read(0.7, 0.33, 0.4, 2.5));
  });
});

function byHalving(acceptance: number, fixedShare: number): number {
  const excess = (count: number): number => {
    const reached = acceptance ** count;
    return reached - ((1 - reached * acceptance) / ((1 - acceptance) * (1 + count))) * (1 - fixedShare);
  };
  if (excess(64) >= 0) return 64;
  let low = 0;
  let high = 64;
  for (let step = 0; step < 30; step += 1) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  return low;
}

describe('the drafts that pay', () => {
  it('are fewer the less of a step is its fixed time, and more the more are accepted', () => {
    expect(worthwhileDrafts(0.7, 1)).toBeGreaterThan(20);
    expect(worthwhileDrafts(0.7, 0.1)).toBeLessThan(1);
    expect(worthwhileDrafts(0.9, 0.5)).toBeGreaterThan(worthwhileDrafts(0.7, 0.5));
    expect(worthwhileDrafts(0, 0.5)).toBe(0);
  });

  it('are those that halving finds, to the last bit', () => {
    for (let acceptance = 0.04; acceptance < 1; acceptance += 0.06) {
      for (let share = 0.01; share <= 1; share += 0.07)
        expect(worthwhileDrafts(acceptance, share)).toBe(byHalving(acceptance, share));
    }
  });
});
