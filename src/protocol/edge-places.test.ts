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
import { keepLostMs, RegistryBed } from './edge-registry.fixture.ts';

describe('a session that finds no place', () => {
  it('waits, is told how many are before it, and gets the first place that becomes free', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.open(3, 'c');
    expect(bed.heard(2)).toEqual([['queued', 0]]);
    expect(bed.heard(3)).toEqual([['queued', 1]]);
    bed.passTime(1000);
    bed.registry.receive(1, { kind: 'bye' });
    expect(bed.placed).toEqual(['b']);
    expect(bed.heard(3)).toEqual([
      ['queued', 1],
      ['queued', 0],
    ]);
    expect(bed.changes).toContainEqual(['b', 'given', 1000]);
  });

  it('is refused after waitMs, or if too many wait', () => {
    const bed = new RegistryBed(1, { maxWaiting: 1, waitMs: 5000 });
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.open(3, 'c');
    expect(bed.heard(3)).toEqual(['refused', ['closed', 'edge-full']]);
    bed.passTime(5000);
    expect(bed.heard(2)).toEqual([['queued', 0], 'refused', ['closed', 'edge-full']]);
    expect(bed.registry.count).toBe(1);
    expect(bed.timerCount).toBe(0);
  });

  it('is refused at once where none may wait', () => {
    const bed = new RegistryBed(1, { maxWaiting: 0 });
    bed.open(1, 'a');
    bed.open(2, 'b');
    expect(bed.heard(2)).toEqual(['refused', ['closed', 'edge-full']]);
  });

  it('keeps its turn over a lost connection', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.open(3, 'c');
    bed.registry.linkClosed(2);
    bed.resume(4, 'b', 2, 3);
    expect(bed.heard(4)).toEqual([['queued', 0]]);
    bed.registry.receive(1, { kind: 'bye' });
    expect(bed.placed).toEqual(['b']);
  });

  it('is refused, with all others that wait, when its texts take too much memory', () => {
    const bed = new RegistryBed(1, { keptTokens: 40 });
    bed.open(1, 'a');
    bed.open(2, 'b', { prompt: Array.from({ length: 15 }, () => 1) });
    bed.open(3, 'c', { prompt: Array.from({ length: 15 }, () => 1) });
    expect(bed.heard(2)).toEqual([['queued', 0]]);
    expect(bed.heard(3)).toEqual(['refused', ['closed', 'edge-full']]);
  });
});

describe('a session gives up its place', () => {
  it('when it has been lost for placeGraceMs and another waits, not before; it stays and may wait for the next', () => {
    const bed = new RegistryBed(1, { placeGraceMs: 3000 });
    bed.open(1, 'a');
    bed.write('a');
    bed.registry.linkClosed(1);
    bed.open(2, 'b');
    bed.passTime(2750);
    expect(bed.placed).toEqual(['a']);
    bed.passTime(250);
    expect(bed.placed).toEqual(['b']);
    bed.resume(3, 'a', 2, 4);
    expect(bed.heard(3)).toEqual([['queued', 0]]);
    bed.registry.receive(2, { kind: 'bye' });
    bed.write('a');
    expect(bed.heard(3)).toEqual([['queued', 0], 'commit']);
  });

  it('when it has been lost in the middle of a step, too', () => {
    const bed = new RegistryBed(1, { placeGraceMs: 3000 });
    bed.open(1, 'a');
    const entry = bed.registry.find('a');
    if (entry === undefined) throw new Error('no session');
    bed.registry.step(entry, { kind: 'step-started', drafts: 0 });
    bed.registry.linkClosed(1);
    bed.open(2, 'b');
    bed.passTime(3000);
    expect(bed.placed).toEqual(['b']);
  });

  it('never, if nobody waits', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a', { mode: 'sd' });
    bed.passTime(10 * keepLostMs);
    expect(bed.placed).toEqual(['a']);
    expect(bed.heard(1)).toEqual([]);
  });

  it.each([
    ['never asks for a verdict', { mode: 'sd' as const }, 0],
    ['never acknowledges', { flowControlWindow: 16 }, 16],
  ])('when it is connected and %s for stallMs, and its connection is closed', (_words, changes, tokens) => {
    const bed = new RegistryBed(1, { stallMs: 5000 });
    bed.open(1, 'a', changes);
    for (let written = 0; written < tokens; written += 1) bed.write('a');
    bed.open(2, 'b');
    bed.passTime(4750);
    expect(bed.placed).toEqual(['a']);
    bed.passTime(250);
    expect(bed.placed).toEqual(['b']);
    expect(bed.heard(1).at(-1)).toEqual(['closed', 'silent']);
  });

  it('not while the edge itself is slow', () => {
    const bed = new RegistryBed(1, { stallMs: 5000, waitMs: 1e6 });
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.passTime(100_000);
    expect(bed.placed).toEqual(['a']);
  });

  it('to a key that has fewer for its share and has waited fairWaitMs; then it waits itself', () => {
    const bed = new RegistryBed(3, { fairWaitMs: 2000 });
    const [greedy, modest] = [edgeKey('greedy'), edgeKey('modest')];
    bed.open(1, 'a', { prompt: [1, 2, 3, 4] }, greedy);
    bed.open(2, 'b', {}, greedy);
    bed.open(3, 'c', { prompt: [1, 2, 3, 4] }, greedy);
    bed.open(4, 'd', {}, modest);
    bed.passTime(1750);
    expect(bed.placed).toEqual(['a', 'b', 'c']);
    bed.passTime(250);
    // The one with the shortest text.
    expect(bed.placed).toEqual(['a', 'c', 'd']);
    expect(bed.heard(2)).toEqual([['queued', 0]]);
    bed.open(5, 'e', {}, modest);
    bed.passTime(20_000);
    // Two against one is as even as three places can be.
    expect(bed.placed).toEqual(['a', 'c', 'd']);
  });

  it('at once by default, by the shares of the keys', () => {
    const bed = new RegistryBed(4);
    const [big, small] = [edgeKey('big', { share: 3 }), edgeKey('small')];
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) bed.open(index, id, {}, small);
    for (const [index, id] of ['e', 'f', 'g', 'h'].entries()) bed.open(index + 4, id, {}, big);
    expect(bed.placed).toEqual(['a', 'e', 'f', 'g']);
    bed.open(9, 'i', {}, small);
    expect(bed.placed).toEqual(['a', 'e', 'f', 'g']);
  });
});

describe('keys', () => {
  const [one, other] = [edgeKey('one'), edgeKey('other')];

  it('own their sessions: the same id with another key is another session', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a', {}, one);
    bed.registry.linkClosed(1);
    bed.resume(2, 'a', 2, 3, other);
    expect(bed.heard(2)).toEqual(['gone']);
    bed.open(2, 'a', { attempt: 3 }, other);
    expect(bed.registry.count).toBe(2);
    bed.resume(3, 'a', 2, 3, one);
    expect(bed.heard(3)).toEqual([]);
    expect(bed.registry.isAttached(3)).toBe(true);
  });

  it('share places: the next goes to the key with the fewest for its share', () => {
    const bed = new RegistryBed(4);
    const big = edgeKey('big', { share: 4 });
    for (const [index, key] of [one, one, big, big].entries()) bed.open(index, `s${index}`, {}, key);
    bed.open(4, 'of-one', {}, one);
    bed.open(5, 'of-big', {}, big);
    bed.registry.receive(0, { kind: 'bye' });
    // One place against a share of 1, two against a share of 4.
    expect(bed.placed).toContain('of-big');
  });

  it('have limits of their own on places and on waiting sessions', () => {
    const bed = new RegistryBed(4);
    const small = edgeKey('small', { maxSessions: 1, maxWaiting: 1 });
    bed.open(1, 'a', {}, small);
    bed.open(2, 'b', {}, small);
    bed.open(3, 'c', {}, small);
    expect(bed.placed).toEqual(['a']);
    expect(bed.heard(2)).toEqual([['queued', 0]]);
    expect(bed.heard(3)).toEqual(['refused', ['closed', 'edge-full']]);
  });

  it('that wait in numbers make room for a key that has fewer waiting', () => {
    const bed = new RegistryBed(1, { maxWaiting: 2 });
    for (const [index, id] of ['a', 'b', 'c'].entries()) bed.open(index, id, {}, one);
    bed.open(3, 'd', {}, other);
    expect(bed.heard(2).at(-1)).toEqual(['closed', 'edge-full']);
    expect(bed.heard(3)).toEqual([['queued', 1]]);
  });

  it('that are valid no more end their sessions at once; the others follow the new data', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a', {}, one);
    bed.open(2, 'b', {}, other);
    const renewed = edgeKey('other', { share: 7 });
    bed.registry.renewKeys((id) => (id === 'other' ? renewed : null));
    expect(bed.heard(1)).toEqual(['refused', ['closed', 'unauthorized']]);
    expect(bed.heard(2)).toEqual([]);
    expect([...bed.registry.entries].map(({ key }) => key)).toEqual([renewed]);
  });
});

describe('sessions without a place', () => {
  it('are bounded in number: those of the key with the most go first, and of these the ones that were told everything', () => {
    const bed = new RegistryBed(1, { keptSessions: 3 });
    const [one, other] = [edgeKey('one'), edgeKey('other')];
    bed.open(1, 'mine', { answer: [9], maxAnswerTokens: 1 }, other);
    for (let index = 2; index < 10; index += 1) {
      bed.open(index, `s${index}`, { answer: [9], maxAnswerTokens: 1 }, one);
    }
    expect(bed.registry.count).toBe(3);
    expect(bed.registry.find('mine', other)).toBeDefined();
    expect(bed.registry.find('s9', one)).toBeDefined();
    expect(bed.heard(2)).toEqual(['end', ['closed', 'done']]);
  });

  it('are bounded in tokens', () => {
    const bed = new RegistryBed(1, { keptTokens: 100 });
    const answer = Array.from({ length: 20 }, () => 9);
    for (let index = 0; index < 10; index += 1) bed.open(index, `s${index}`, { answer, maxAnswerTokens: 20 });
    // 3 + 20 tokens in the opening, and as many in the text.
    expect(bed.registry.count).toBe(2);
  });

  it('never took a place if their answer had ended when it was opened', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b', { answer: [9], maxAnswerTokens: 1 });
    expect(bed.heard(2)).toEqual(['end']);
    expect(bed.placed).toEqual(['a']);
  });
});

describe('the queue', () => {
  const [greedy, modest] = [edgeKey('greedy'), edgeKey('modest')];

  it('tells its owner of each change once, the loss of a place before its gain', () => {
    const bed = new RegistryBed(2);
    bed.open(1, 'a', {}, greedy);
    bed.open(2, 'b', {}, greedy);
    bed.open(3, 'c', {}, greedy);
    bed.passTime(1000);
    bed.open(4, 'd', {}, modest);
    expect(bed.changes).toEqual([
      ['a', 'given', 0],
      ['b', 'given', 0],
      ['c', 'waiting', 0],
      ['b', 'shared', 0],
      ['d', 'given', 0],
    ]);
    expect(bed.registry.waitingCount).toBe(2);
    expect(bed.timerCount).toBe(1);
    bed.passTime(500);
    bed.registry.receive(4, { kind: 'bye' });
    bed.registry.receive(1, { kind: 'bye' });
    expect(bed.changes.slice(5)).toEqual([
      ['c', 'given', 1500],
      ['b', 'given', 500],
    ]);
    expect(bed.registry.waitingCount).toBe(0);
  });

  it('lets its owner look at a session that has got a place', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.events.length = 0;
    bed.registry.receive(1, { kind: 'bye' });
    expect(bed.events).toContain('b settled');
  });

  it('counts those that have waited longer, not those that came earlier', () => {
    const bed = new RegistryBed(2);
    bed.open(1, 'a', {}, greedy);
    bed.open(2, 'b', {}, greedy);
    bed.open(3, 'c', {}, greedy);
    bed.passTime(1000);
    bed.open(4, 'd', {}, modest);
    expect(bed.placed).toEqual(['a', 'd']);
    expect(bed.heard(3)).toEqual([['queued', 0]]);
    expect(bed.heard(2)).toEqual([['queued', 1]]);
  });

  it('takes one place for one session, from the one that was lost first', () => {
    const bed = new RegistryBed(2, { placeGraceMs: 3000 });
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.registry.linkClosed(2);
    bed.registry.linkClosed(1);
    bed.passTime(5000);
    bed.open(3, 'c');
    expect(bed.placed).toEqual(['b', 'c']);
    expect(bed.changes).toContainEqual(['a', 'lost', 0]);
  });

  it('forgets at once what has lost its place where none is kept, and its timer', () => {
    const bed = new RegistryBed(1, { placeGraceMs: 3000, keptSessions: 0 });
    bed.open(1, 'a');
    bed.registry.linkClosed(1);
    bed.passTime(3000);
    bed.open(2, 'b');
    expect(bed.forgotten).toEqual(['a']);
    expect(bed.timerCount).toBe(0);
  });

  it('tells nothing to a session that is lost, or whose connection is full', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.open(3, 'c');
    bed.registry.linkClosed(2);
    bed.registry.linkWritable(3, false);
    bed.registry.linkWritable(4, false);
    bed.open(4, 'd');
    bed.passTime(1000);
    expect(bed.heard(2)).toEqual([['queued', 0]]);
    expect(bed.heard(3)).toEqual([['queued', 1]]);
    expect(bed.heard(4)).toEqual([]);
    bed.registry.linkWritable(4, true);
    expect(bed.heard(4)).toEqual([['queued', 2]]);
  });

  it('counts a waiting session once, whatever it says', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.registry.receive(2, { kind: 'draft', branch: 1, first: 3, tokens: [4] });
    bed.registry.receive(2, { kind: 'draft', branch: 1, first: 4, tokens: [4] });
    expect(bed.registry.waitingCount).toBe(1);
    bed.registry.receive(2, { kind: 'bye' });
    expect(bed.registry.waitingCount).toBe(0);
  });

  it('lets go a session whose answer ends by a step that was running when it lost its place', () => {
    const bed = new RegistryBed(2);
    bed.open(1, 'a', { prompt: [1, 2, 3, 4] }, greedy);
    bed.open(2, 'b', { maxAnswerTokens: 1 }, greedy);
    const entry = bed.registry.find('b', greedy);
    if (entry === undefined) throw new Error('no session');
    bed.registry.step(entry, { kind: 'step-started', drafts: 0 });
    bed.open(3, 'c', {}, modest);
    expect(bed.registry.waitingCount).toBe(1);
    const { ticket } = entry.state;
    if (ticket === null) throw new Error('no step');
    bed.registry.step(entry, { kind: 'step-done', ticket, rows: [{ ids: [9], logits: [1] }] });
    expect(bed.heard(2)).toEqual([['queued', 0], 'commit', 'end']);
    expect(bed.registry.waitingCount).toBe(0);
  });

  it('begins to count anew how long a session with a new place keeps the edge waiting', () => {
    const bed = new RegistryBed(2, { stallMs: 30_000 });
    bed.open(1, 'a', { mode: 'sd' }, greedy);
    bed.open(2, 'b', { mode: 'sd' }, greedy);
    bed.passTime(10_000);
    bed.open(3, 'c', {}, modest);
    bed.passTime(1000);
    bed.registry.receive(3, { kind: 'bye' });
    bed.open(4, 'd', {}, greedy);
    bed.open(5, 'e', {}, greedy);
    bed.passTime(29_750);
    expect(bed.placed).toEqual(['b', 'd']);
    bed.passTime(250);
    expect(bed.placed).toEqual(['d', 'e']);
  });

  it('refuses a session whose place the engine fails to prepare', () => {
    const bed = new RegistryBed(1);
    bed.placeFailure = new Error('no memory');
    bed.open(1, 'a');
    bed.open(2, 'b');
    for (const link of [1, 2]) expect(bed.heard(link)).toEqual(['refused', ['closed', 'internal']]);
    expect([bed.registry.count, bed.registry.waitingCount, bed.timerCount]).toEqual([0, 0, 0]);
    bed.placeFailure = null;
    bed.open(3, 'c');
    expect(bed.placed).toEqual(['c']);
    // And takes no place for it from another.
    bed.registry.linkClosed(3);
    bed.passTime(30_000);
    bed.placeFailure = new Error('no memory');
    bed.open(4, 'd');
    expect([bed.heard(4).length, bed.placed]).toEqual([2, ['c']]);
  });

  it('says why it refuses', () => {
    const none = new RegistryBed(1, { maxWaiting: 0 });
    none.open(1, 'a');
    none.open(2, 'b');
    expect(none.causes).toEqual(['all 1 places of this edge are taken, and none may wait']);
    const full = new RegistryBed(2, { maxWaiting: 1, waitMs: 5000 });
    for (const [link, id] of [...'abcd'].entries()) full.open(link, id);
    expect(full.causes).toEqual(['all 2 places of this edge are taken, and too many wait for one']);
    full.passTime(5000);
    expect(full.causes.slice(1)).toEqual(['all 2 places of this edge are taken, and none became free within 5 s']);
  });

  it('lets a session wait its whole time, from when it came', () => {
    const bed = new RegistryBed(1, { waitMs: 5000 });
    bed.open(1, 'a');
    bed.passTime(8000);
    bed.open(2, 'b');
    bed.passTime(4750);
    expect(bed.heard(2)).toEqual([['queued', 0]]);
    bed.passTime(250);
    expect(bed.heard(2).at(-1)).toEqual(['closed', 'edge-full']);
  });

  it('is empty after all sessions were removed, and works on', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b');
    const entries = [...bed.registry.entries];
    bed.registry.clear();
    expect([bed.registry.waitingCount, bed.timerCount, bed.clearedCount]).toEqual([0, 0, 1]);
    for (const { hasPlace, waitingSinceMs } of entries) expect([hasPlace, waitingSinceMs]).toEqual([false, null]);
    expect([1, 2].map((link) => bed.registry.isAttached(link))).toEqual([false, false]);
    // The owner of this bed has not taken its place back.
    bed.open(3, 'c');
    expect(bed.timerCount).toBe(1);
  });
});

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
