import { describe, expect, it } from 'vitest';
import { longestWithoutDecider, type Outage } from './decider-watch.ts';

const world = { controllers: 2, stores: 3 };
/** It begins and ends with a decision. */
const span = (decidedMs: readonly number[]) => {
  return { decidedMs, fromMs: decidedMs[0] as number, toMs: decidedMs.at(-1) as number };
};
const down = (of: Outage['of'], index: number, fromMs: number, toMs: number): Outage => ({ of, index, fromMs, toMs });

describe('the time without a decider', () => {
  it('is the longest between two decisions while a controller works', () => {
    const decidedMs = [0, 500, 18_000, 18_500];
    const outages = [down('controller', 0, 600, 9000)];
    expect(longestWithoutDecider({ ...world, ...span(decidedMs), outages })).toEqual({
      usual: 17_500,
      afterStoreFault: 0,
    });
  });

  it('does not count while no controller works: only from where one does', () => {
    const outages = [down('controller', 0, 100, 40_000), down('controller', 1, 5000, 30_000)];
    const found = longestWithoutDecider({ ...world, ...span([0, 42_000]), outages });
    expect(found).toEqual({ usual: 12_000, afterStoreFault: 0 });
  });

  it('counts from the return of the quorum of the store', () => {
    const outages = [down('store', 0, 1000, 50_000), down('store', 2, 2000, 30_000)];
    const found = longestWithoutDecider({ ...world, ...span([0, 44_000]), outages });
    expect(found).toEqual({ usual: 0, afterStoreFault: 14_000 });
  });

  it('counts as after a fault of the store until 15 s behind it', () => {
    const outages = [down('store', 1, 1000, 2000)];
    const of = (decidedMs: number[]) => longestWithoutDecider({ ...world, ...span(decidedMs), outages });
    expect(of([0, 500, 12_000])).toEqual({ usual: 500, afterStoreFault: 11_500 });
    expect(of([17_000, 30_000])).toEqual({ usual: 13_000, afterStoreFault: 0 });
  });

  it('knows one controller without a store', () => {
    const outages = [down('controller', 0, 100, 3000)];
    const found = longestWithoutDecider({ controllers: 1, stores: 0, ...span([0, 3600]), outages });
    expect(found).toEqual({ usual: 600, afterStoreFault: 0 });
  });

  it('counts the time before the first decision and after the last one, and all of it without any', () => {
    const of = (decidedMs: readonly number[]) =>
      longestWithoutDecider({ ...world, fromMs: 0, toMs: 50_000, decidedMs, outages: [] }).usual;
    expect([of([30_000, 49_000]), of([1000, 9000]), of([])]).toEqual([30_000, 41_000, 50_000]);
  });
});
