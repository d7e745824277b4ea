import { describe, expect, it } from 'vitest';
import { isNewRate, type UplinkUser, uplinkRates } from './edge-orders.ts';
import type { UplinkRate } from './messages.ts';

const user = (bandwidthShare: number, changes: Partial<UplinkUser> = {}): UplinkUser => {
  return { bandwidthShare, aloneBitsPerSecond: 1000, current: null, use: null, ...changes };
};
const rate = (bitsPerSecond: number, shareBitsPerSecond = bitsPerSecond): UplinkRate => {
  return { edge: 'a', bitsPerSecond, shareBitsPerSecond };
};
const bits = (users: readonly UplinkUser[]): number[] =>
  uplinkRates('a', users).map(({ bitsPerSecond }) => Math.round(bitsPerSecond));

describe('the uplink rates of an edge', () => {
  it('are shares of the band at first, by the throughput of each link', () => {
    expect(bits([user(0.75), user(0.25)])).toEqual([750, 250]);
    expect(bits([user(0.5), user(0.5, { aloneBitsPerSecond: 100 })])).toEqual([500, 50]);
    expect(bits([])).toEqual([]);
  });

  it('give what one leaves to the others, and its share back when it needs it', () => {
    const idle = [user(0.75, { current: rate(750), use: 0 }), user(0.25, { current: rate(250), use: 1 })];
    expect(bits(idle)).toEqual([15, 985]);
    const back = [user(0.75, { current: rate(15, 750), use: 1 }), user(0.25, { current: rate(985, 250), use: 1 })];
    expect(bits(back)).toEqual([750, 250]);
  });

  it('hold nobody up on a link with room', () => {
    const users = [user(0.5, { current: rate(500), use: 0.1 }), user(0.5, { current: rate(500), use: 0.2 })];
    expect(bits(users)).toEqual([450, 550]);
  });

  it('say what each has without the others, whatever sum shares have', () => {
    const shares = uplinkRates('a', [user(3, { current: rate(15, 750), use: 0 }), user(1), user(0)]);
    expect(shares.map(({ shareBitsPerSecond }) => Math.round(shareBitsPerSecond))).toEqual([750, 250, 1]);
  });

  it('are sent when they change, or are those of another edge', () => {
    expect(isNewRate(null, rate(1))).toBe(true);
    expect(isNewRate(rate(100), rate(104))).toBe(false);
    expect(isNewRate(rate(100), rate(106))).toBe(true);
    expect(isNewRate(rate(100, 50), rate(100, 60))).toBe(true);
    expect(isNewRate(rate(100), { ...rate(100), edge: 'b' })).toBe(true);
  });
});
