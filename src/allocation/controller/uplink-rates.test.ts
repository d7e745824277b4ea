import { describe, expect, it } from 'vitest';
import { isNewRate, type UplinkRate, type UplinkUser, uplinkRates } from './uplink-rates.ts';

const user = (bandwidthShare: number, changes: Partial<UplinkUser> = {}): UplinkUser => {
  return { bandwidthShare, aloneBitsPerSecond: 1000, told: null, use: null, ...changes };
};
const told = (bitsPerSecond: number, shareBitsPerSecond = bitsPerSecond): UplinkRate => {
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
    const idle = [user(0.75, { told: told(750), use: 0 }), user(0.25, { told: told(250), use: 1 })];
    expect(bits(idle)).toEqual([15, 985]);
    const back = [user(0.75, { told: told(15, 750), use: 1 }), user(0.25, { told: told(985, 250), use: 1 })];
    expect(bits(back)).toEqual([750, 250]);
  });

  it('hold nobody up on a link with room', () => {
    const users = [user(0.5, { told: told(500), use: 0.1 }), user(0.5, { told: told(500), use: 0.2 })];
    expect(bits(users)).toEqual([450, 550]);
  });

  it('tell what each has without the others, whatever sum shares have', () => {
    const shares = uplinkRates('a', [user(3, { told: told(15, 750), use: 0 }), user(1), user(0)]);
    expect(shares.map(({ shareBitsPerSecond }) => Math.round(shareBitsPerSecond))).toEqual([750, 250, 1]);
  });

  it('are told when they change, or are those of another edge', () => {
    expect(isNewRate(null, told(1))).toBe(true);
    expect(isNewRate(told(100), told(104))).toBe(false);
    expect(isNewRate(told(100), told(106))).toBe(true);
    expect(isNewRate(told(100, 50), told(100, 60))).toBe(true);
    expect(isNewRate(told(100), { ...told(100), edge: 'b' })).toBe(true);
  });
});
