import { describe, expect, it } from 'vitest';
import { conditionsOf, resultOf } from './compare-words.ts';
import type { RunFacts } from './message.ts';
import { type Arrival, spreadMsOf, verdictOf } from './verdict.ts';

const run = (ms: number, tokens = 100, spreadMs: number | null = 0): RunFacts => {
  const known = { firstMs: 0, msPerToken: 1, mode: 'stream', edges: [], verified: true };
  return { ...known, ms, tokens, spreadMs, sentDrafts: null, acceptedDrafts: null };
};

describe('what a comparison tells', () => {
  it.each([
    ['quicker', run(1000), run(700), 'quicker', 0.7, 0],
    ['slower', run(1000), run(1140), 'slower', 1.14, 0],
    ['slower, of 18 tokens', run(1000, 18), run(1140, 18), 'short', 1.14, 0],
    ['one token less than enough, in one run', run(1000, 64), run(700, 63), 'short', 0.7, 0],
    ['just enough', run(1000, 64), run(700, 64), 'quicker', 0.7, 0],
    ['the same', run(1000), run(1000), 'close', 1, 0],
    ['closer than the spread of one run', run(1000), run(900, 100, 60), 'close', 0.9, 0.12],
    ['closer than the spread of both', run(1000, 100, 40), run(900, 100, 40), 'close', 0.9, 0.1076],
    ['farther than that', run(1000, 100, 30), run(900, 100, 30), 'quicker', 0.9, 0.0807],
    ['slower, farther than that', run(1000, 100, 30), run(1140, 100, 30), 'slower', 1.14, 0.091],
    ['of an older page, without a spread', run(1000, 100, null), run(990, 100, null), 'quicker', 0.99, 0],
  ] as const)('%s', (_, plain, drafts, kind, times, spread) => {
    const verdict = verdictOf({ plain, drafts });
    expect(verdict).toMatchObject({ kind, times });
    expect(verdict.spread).toBeCloseTo(spread, 4);
  });
});

describe('what the page says of a comparison', () => {
  it.each([
    [run(1000), run(700), '0.70 times as long. So drafts were quicker here.'],
    [run(1000), run(1140), '1.14 times as long. So drafts were slower here.'],
    [run(1000, 18), run(1140, 18), '1.14 times as long. But 18 tokens are too few to tell: .*, of 64 tokens or more.'],
    [
      run(1000, 100, 60),
      run(1100, 100, 60),
      '1.10 times as long. But that is too close to tell: .* 0.18 more or less.',
    ],
  ])('names the ratio, whatever it tells: %#', (plain, drafts, said) => {
    const [texts, ...others] = resultOf({ plain, drafts, characters: 2, differsAt: null });
    expect(texts).toMatch(/^Both texts are equal/);
    expect(others.join(' ')).toMatch(new RegExp(`^With drafts it took ${said}$`));
    expect(resultOf({ plain, drafts, characters: 2, differsAt: 1 })[0]).toMatch(/^The texts differ/);
  });

  it.each([
    [{}, /^This endpoint emulates no network\. This machine drafts\.$/],
    [{ roundTripMs: 20 }, /^The network is emulated, with a round trip of 20 ms\. This machine/],
    [{ link: 'rtt=20,rate=1' }, /^The network is emulated: "rtt=20,rate=1"\. This machine/],
    [{ pace: '70B' }, /^This endpoint emulates no network\. The edge is slowed to the speed of: 70B\./],
  ])('names what is emulated: %j', (emulated, said) => {
    const abilities = { model: 'toy', drafts: 'device', emulated } as const;
    expect(conditionsOf(abilities).join(' ')).toMatch(said);
    expect(conditionsOf(null)).toEqual([]);
  });
});

describe('the spread of a time', () => {
  /** @param paces ms per token of eight parts @param burst tokens that come together */
  const arrivals = (paces: readonly number[], burst = 1): Arrival[] => {
    const all = [{ tokens: 1, atMs: 50 }];
    for (const pace of paces)
      for (let part = 0; part < 16; part += burst) {
        const { tokens, atMs } = all.at(-1) as Arrival;
        all.push({ tokens: tokens + burst, atMs: atMs + pace * burst });
      }
    return all;
  };

  it('is none at an even pace, whatever comes together', () => {
    for (const burst of [1, 4, 16]) expect(spreadMsOf(arrivals(Array(8).fill(10), burst))).toBeCloseTo(0, 9);
  });

  it('is the standard error of the mean of the parts, times the tokens', () => {
    // Variance of 8, 12, 8, 12, ... over eight: 32 / 7.
    const expected = 128 * Math.sqrt(32 / 7 / 8);
    expect(spreadMsOf(arrivals([8, 12, 8, 12, 8, 12, 8, 12]))).toBeCloseTo(expected, 9);
  });

  it('is not known of less than two parts', () => {
    expect([[], arrivals([]), arrivals([10], 16)].map(spreadMsOf)).toEqual([null, null, null]);
  });
});
