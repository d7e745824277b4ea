import { describe, expect, it } from 'vitest';
import { createRandom } from '../basics/philox.ts';
import {
  equalPrices,
  extraOf,
  narrowPass,
  notePass,
  type PassPrices,
  type PassTimes,
  type PassWork,
  startPrice,
  supposedPrices,
} from './pass-times.ts';

const unknown: PassTimes = { ms: undefined, prices: supposedPrices };
/** As the default draft costs a processor core. */
const dear: PassPrices = { token: 0.75, continued: 0.78, started: 1.12, copied: 1.5, copiedPart: 0 };
const wide = (work: Partial<PassWork>): PassWork => ({ ...narrowPass, ...work });

/** Chains of a few passes with all kinds of work, each pass in its true time with some noise. */
function learned(prices: PassPrices, passes: number, times = unknown, narrowMs = 20): PassTimes {
  const random = createRandom(7, 1);
  const kinds = [
    {},
    { copied: 1 },
    { continued: 1 },
    { continued: 1 },
    { started: 1 },
    { tokens: 3 },
    { continued: 2, started: 1 },
  ];
  let found = times;
  for (let pass = 0; pass < passes; pass += 1) {
    const work = wide(kinds[pass % kinds.length] ?? {});
    found = notePass(found, narrowMs * (1 + extraOf(prices, work)) * (0.9 + 0.2 * random.uniform()), work);
  }
  return found;
}

describe('the time of a pass', () => {
  it('falls apart into what it evaluates, on a processor and where rows are cheap', () => {
    for (const prices of [dear, { ...equalPrices(0.05), token: 0.05 }]) {
      const { ms = 0, prices: found } = learned(prices, 700);
      expect(ms).toBeGreaterThan(18);
      expect(ms).toBeLessThan(22);
      for (const kind of ['token', 'continued', 'started', 'copied'] as const)
        expect(Math.abs(found[kind] - prices[kind]), kind).toBeLessThan(0.12);
      // One of the three alternatives that begin in each round.
      expect(found.copiedPart).toBeGreaterThan(0.1);
      expect(found.copiedPart).toBeLessThan(0.9);
    }
  });

  it('leaves the reading of a prompt out, and limits what one slow pass says', () => {
    const known = learned(dear, 70);
    expect(notePass(known, 30_000, wide({ tokens: 400 }))).toEqual(known);
    expect(notePass(known, 30_000, narrowPass).ms).toBeLessThan(1.31 * (known.ms ?? 0));
    const { prices } = notePass(known, 30_000, wide({ continued: 1 }));
    expect(prices.continued).toBeLessThan(known.prices.continued + 1.2);
    expect(notePass(known, Number.NaN, narrowPass)).toEqual(known);
    expect(notePass(known, 0, wide({ continued: 1 }))).toEqual(known);
  });

  it('never believes that an alternative costs nothing, and recovers when it does', () => {
    // A narrow pass seems fifty times as long as it is, so that wide ones seem quicker than it.
    let times: PassTimes = { ms: 1000, prices: supposedPrices };
    for (let pass = 0; pass < 40; pass += 1) times = notePass(times, 40, wide({ continued: 1 }));
    expect(times.prices.continued).toBeGreaterThan(0);
    expect(startPrice(times.prices, 0.8)).toBeGreaterThan(0);
    const { prices } = learned(dear, 700, times);
    expect(Math.abs(prices.continued - dear.continued)).toBeLessThan(0.12);
  });

  it('is known from a wide pass as well', () => {
    expect(notePass(unknown, 30, wide({ continued: 1 }))).toEqual({ ms: 20, prices: supposedPrices });
  });
});

describe('the price of beginning', () => {
  it('is that of three tokens over what they bring', () => {
    expect(startPrice(equalPrices(0.75), 1)).toBeCloseTo(0.75, 12);
    expect(startPrice(dear, 0.5)).toBeCloseTo((1.12 + 2 * 0.78) / 1.75, 12);
  });

  it('counts the copies that recent ones needed', () => {
    const half = startPrice({ ...dear, copiedPart: 0.5 }, 1);
    expect(half).toBeCloseTo((1.31 + 2 * 0.78) / 3, 12);
    expect(startPrice({ ...dear, copiedPart: 1 }, 1)).toBeGreaterThan(half);
  });
});
