// The rules of places at their boundaries, on sessions made by hand.

import { describe, expect, it } from 'vitest';
import { edgeKey } from './edge-key.ts';
import {
  defaultPlaceRules,
  keptTooMany,
  nextWaiting,
  type PlaceHolder,
  placeToFree,
  waitingTooMany,
} from './edge-places.ts';

/** A session as the rules see it: with a place, unless `changes` says otherwise. */
function holder(
  number: number,
  changes: Partial<PlaceHolder> & { length?: number; endSent?: boolean } = {},
): PlaceHolder {
  const { length = 10, endSent = false, ...others } = changes;
  const link = { id: number, writable: true, sent: 0, endSent };
  const state = { link, text: { length }, open: { prompt: [1], answer: [] } } as unknown as PlaceHolder['state'];
  const times = { waitingSinceMs: null, lostSinceMs: null, stalledSinceMs: null };
  return { number, key: edgeKey('k'), state, hasPlace: true, ...times, ...others };
}

const waiting = (number: number, sinceMs: number, changes: Parameters<typeof holder>[1] = {}): PlaceHolder =>
  holder(number, { hasPlace: false, waitingSinceMs: sinceMs, ...changes });
const kept = (number: number, changes: Parameters<typeof holder>[1] = {}): PlaceHolder =>
  holder(number, { hasPlace: false, ...changes });

describe('the next place', () => {
  const [one, other] = [edgeKey('one'), edgeKey('other')];
  const next = (...entries: PlaceHolder[]): number | undefined => nextWaiting(entries)?.number;

  it('goes by load, then by the time of waiting, then by the order of opening', () => {
    expect(next(waiting(1, 50), waiting(2, 40), waiting(3, 60), waiting(4, 40))).toBe(2);
    // One has a place already, however long its session waits.
    expect(next(holder(1, { key: one }), waiting(2, 10, { key: one }), waiting(3, 20, { key: other }))).toBe(3);
    expect(next(holder(1, { key: one }), waiting(2, 20, { key: other }), waiting(3, 10, { key: one }))).toBe(2);
  });

  it('goes to the key with the fewest for its share', () => {
    const big = edgeKey('big', { share: 4 });
    const holders = [holder(1, { key: one }), holder(2, { key: big }), holder(3, { key: big })];
    expect(next(...holders, waiting(4, 10, { key: one }), waiting(5, 20, { key: big }))).toBe(5);
  });

  it('goes to no session that is lost, and none of a key that has its most', () => {
    const limited = edgeKey('limited', { maxSessions: 1 });
    expect(next(holder(1, { key: limited }), waiting(2, 0, { key: limited }))).toBeUndefined();
    expect(next(waiting(2, 0, { key: limited }))).toBe(2);
    const lost = waiting(1, 0);
    expect(next({ ...lost, state: { ...lost.state, link: null } })).toBeUndefined();
  });
});

describe('the place that is given up', () => {
  const rules = { ...defaultPlaceRules, placeGraceMs: 100, stallMs: 200, fairWaitMs: 0 };
  const free = (entries: PlaceHolder[], next: PlaceHolder, nowMs: number, changes = {}): unknown => {
    const freed = placeToFree(entries, next, nowMs, { ...rules, ...changes });
    return freed === undefined ? undefined : [freed.entry.number, freed.why];
  };
  const newcomer = waiting(9, 1000);

  it('is that of the session lost or stalled longest, of equals the first one', () => {
    const lost = [900, 850, 890, 850].map((lostSinceMs, index) => holder(index, { lostSinceMs }));
    expect(free(lost, newcomer, 1000)).toEqual([1, 'lost']);
    const stalled = [800, 750, 750].map((stalledSinceMs, index) => holder(index, { stalledSinceMs }));
    expect(free(stalled, newcomer, 1000)).toEqual([1, 'stalled']);
    expect(free([...stalled, ...lost], newcomer, 1000)).toEqual([1, 'lost']);
  });

  it('is free after exactly the grace', () => {
    expect(free([holder(1, { lostSinceMs: 900 })], newcomer, 999)).toBeUndefined();
    expect(free([holder(1, { lostSinceMs: 900 })], newcomer, 1000)).toEqual([1, 'lost']);
    expect(free([holder(1, { stalledSinceMs: 800 })], newcomer, 999)).toBeUndefined();
    expect(free([holder(1, { stalledSinceMs: 800 })], newcomer, 1000)).toEqual([1, 'stalled']);
  });

  it('is shared only after the fair wait, from when the newcomer came', () => {
    const greedy = [holder(1, { key: edgeKey('greedy') }), holder(2, { key: edgeKey('greedy') })];
    expect(free(greedy, newcomer, 2999, { fairWaitMs: 2000 })).toBeUndefined();
    expect(free(greedy, newcomer, 3000, { fairWaitMs: 2000 })).toEqual([2, 'shared']);
    expect(free(greedy, { ...newcomer, waitingSinceMs: null }, 3000)).toBeUndefined();
  });

  it('is not shared with a key whose first place would already be more for its share', () => {
    const two = [holder(1, { key: edgeKey('two') }), holder(2, { key: edgeKey('two') })];
    expect(free(two, { ...newcomer, key: edgeKey('small', { share: 0.5 }) }, 1000)).toBeUndefined();
    expect(free(two, { ...newcomer, key: edgeKey('equal') }, 1000)).toEqual([2, 'shared']);
  });

  it('is taken from the key with the most for its share, there from the shortest text, of equals the newest', () => {
    const [most, many] = [edgeKey('most'), edgeKey('many', { share: 2 })];
    const holders = [
      ...[1, 2, 3].map((number) => holder(number, { key: many, length: 1 })),
      ...[30, 20, 20, 25].map((length, index) => holder(4 + index, { key: most, length })),
      holder(8, { key: many, length: 1 }),
    ];
    expect(free(holders, newcomer, 1000)).toEqual([6, 'shared']);
  });
});

describe('too many', () => {
  const rules = { ...defaultPlaceRules, maxWaiting: 2, keptSessions: 2, keptTokens: 1000 };
  const [small, big] = [edgeKey('small'), edgeKey('big', { share: 4 })];

  it('wait: of the key with the most for its share the newest is refused', () => {
    const most = (...entries: PlaceHolder[]): number | undefined => waitingTooMany(entries, rules)?.number;
    expect(most(waiting(1, 0), waiting(2, 0), holder(3))).toBeUndefined();
    expect(most(waiting(1, 0), waiting(3, 0), waiting(2, 0))).toBe(3);
    // Two of four shares are fewer than one of one.
    expect(most(waiting(1, 0, { key: small }), waiting(2, 0, { key: big }), waiting(3, 0, { key: big }))).toBe(1);
  });

  it('wait of a key with a limit: it is the one that is refused, though another has more', () => {
    const limited = edgeKey('limited', { maxWaiting: 1, share: 9 });
    const entries = [waiting(1, 0, { key: limited }), waiting(2, 0, { key: limited }), waiting(3, 0, { key: small })];
    expect(waitingTooMany(entries, { ...rules, maxWaiting: 9 })?.number).toBe(2);
    expect(waitingTooMany(entries, rules)?.number).toBe(2);
    expect(waitingTooMany(entries.slice(1), rules)).toBeUndefined();
  });

  it('are kept: of the key with the most first one that was told its end, then the oldest', () => {
    const most = (...entries: PlaceHolder[]): number | undefined => keptTooMany(entries, rules)?.number;
    expect(most(kept(1), kept(2), holder(3), waiting(4, 0))).toBeUndefined();
    expect(most(holder(1), waiting(2, 0), kept(3), kept(4), kept(5))).toBe(3);
    expect(most(kept(1), kept(2), kept(3, { endSent: true }))).toBe(3);
    expect(most(kept(1, { key: big, endSent: true }), kept(2, { key: small }), kept(3, { key: small }))).toBe(2);
  });

  it('are the tokens beyond the limit: of texts and openings, of all sessions without a place', () => {
    // A text of 499 tokens and the opening with its prompt of one token.
    const [long, longWaiting] = [kept(1, { length: 499 }), waiting(2, 0, { length: 499 })];
    expect(keptTooMany([long, longWaiting, holder(3)], rules)).toBeUndefined();
    expect(waitingTooMany([long, longWaiting, holder(3)], rules)).toBeUndefined();
    const longer = waiting(2, 0, { length: 500 });
    expect(keptTooMany([long, longer, holder(3)], rules)?.number).toBe(1);
    expect(waitingTooMany([long, longer, holder(3)], rules)?.number).toBe(2);
  });
});
