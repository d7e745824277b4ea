import { describe, expect, it } from 'vitest';
import { RateBook, SenderRates } from './rate-book.ts';
import type { RateLimitSettings } from './rate-limit.ts';

const settings: RateLimitSettings = { framesPerSecond: 100, bytesPerSecond: 1000, burstFrames: 200, burstBytes: 4000 };
const key = { keyId: 'a', address: '10.0.0.1' };
const stranger = { keyId: null, address: '10.0.0.1' };

describe('a book of rates', () => {
  it('says how long it takes until so much may be sent', () => {
    const book = new RateBook(settings);
    expect([book.take('a', 0, 4000), book.take('a', 0, 500), book.take('b', 0, 500)]).toEqual([0, 500, 0]);
    expect([book.take('a', 500, 500), book.take('a', 500, 4001)]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('forgets the names that sent longest ago, so that it does not grow', () => {
    const book = new RateBook(settings);
    book.take('busy', 0, 4000);
    for (let count = 0; count < 5000; count += 1) {
      book.take(`${count}`, 0, 1);
      expect(book.take('busy', 0, 1)).toBeGreaterThan(0);
    }
    book.take('idle', 0, 4000);
    for (let count = 0; count < 5000; count += 1) book.take(`again ${count}`, 0, 1);
    expect(book.take('idle', 0, 4000)).toBe(0);
  });
});

describe('rates of senders', () => {
  it('count frames and other bytes of a key together, and leave a quarter for frames', () => {
    const rates = new SenderRates(settings);
    expect(rates.frame('a', 0, 1000)).toBe(true);
    expect(rates.spend(key, 0, 2000)).toBe(0);
    expect(rates.spend(key, 0, 1)).toBe(1);
    expect([rates.frame('a', 0, 1000), rates.frame('a', 0, 1)]).toEqual([true, false]);
    // A frame can't be sent before the bucket has filled to its size, other bytes not before the quarter is there as well.
    expect(rates.spend(key, 1000, 1)).toBeGreaterThan(0);
    expect(rates.spend(key, 1001, 1)).toBe(0);
  });

  it('allow what is larger than the bucket when the bucket is full', () => {
    const rates = new SenderRates(settings);
    expect(rates.spend(key, 0, 1e9)).toBe(0);
    expect(rates.spend(key, 0, 1)).toBeGreaterThan(0);
    expect(rates.spend(key, 3000, 1e9)).toBe(0);
  });

  it('count an address without a key for itself, and a key wherever it is', () => {
    const rates = new SenderRates(settings);
    expect(rates.spend(stranger, 0, 3000)).toBe(0);
    expect(rates.spend(stranger, 0, 1)).toBeGreaterThan(0);
    expect(rates.spend(key, 0, 3000)).toBe(0);
    expect(rates.spend({ ...key, address: '10.0.0.2' }, 0, 1)).toBeGreaterThan(0);
  });
});
