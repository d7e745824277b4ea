import { describe, expect, it } from 'vitest';
import { edgeKey } from './edge-key.ts';
import { RegistryBed } from './edge-registry.fixture.ts';

describe('the queue', () => {
  const [greedy, modest] = [edgeKey('greedy'), edgeKey('modest')];

  it('lets a key claim its share while one with a small share, which has no claim yet, waits before it', () => {
    const guest = edgeKey('guest', { share: 0.1 });
    const bed = new RegistryBed(4).openEach('abcd', greedy);
    bed.open(5, 'guest', {}, guest);
    expect(bed.received(5)).toEqual(['queued 0']);
    bed.open(6, 'e', {}, modest);
    expect(bed.placed).toEqual(['a', 'b', 'c', 'e']);
    bed.bye(1);
    expect(bed.placed).toEqual(['b', 'c', 'guest', 'e']);
  });

  it('tells its owner of each change once, the loss of a place before its gain, and counts those that have waited longer', () => {
    const bed = new RegistryBed(2).openEach('abc', greedy);
    bed.passTime(1000);
    bed.open(4, 'd', {}, modest);
    expect(bed.changes).toEqual(['a given 0', 'b given 0', 'c waiting 0', 'b shared 0', 'd given 0']);
    expect([bed.received(3), bed.received(2)]).toEqual([['queued 0'], ['queued 1']]);
    expect(bed.registry.waitingCount).toBe(2);
    expect(bed.timerCount).toBe(1);
    bed.passTime(500);
    bed.bye(4);
    bed.bye(1);
    expect(bed.changes.slice(5)).toEqual(['c given 1500', 'b given 500']);
    expect(bed.registry.waitingCount).toBe(0);
  });

  it('lets its owner look at a session that has got a place', () => {
    const bed = new RegistryBed(1).openEach('ab');
    bed.events.length = 0;
    bed.bye(1);
    expect(bed.events).toContain('b settled');
  });

  it('takes one place for one session, from the one that was lost first', () => {
    const bed = new RegistryBed(2, { placeGraceMs: 3000 }).openEach('ab');
    bed.lose(2);
    bed.lose(1);
    bed.passTime(5000);
    bed.open(3, 'c');
    expect(bed.placed).toEqual(['b', 'c']);
    expect(bed.changes).toContainEqual('a lost 0');
  });

  it('forgets at once what has lost its place where none is kept, and its timer', () => {
    const bed = new RegistryBed(1, { placeGraceMs: 3000, keptSessions: 0 }).openEach('a');
    bed.lose(1);
    bed.passTime(3000);
    bed.open(2, 'b');
    expect(bed.forgotten).toEqual(['a']);
    expect(bed.timerCount).toBe(0);
  });

  it('tells nothing to a session that is lost, or whose connection is full', () => {
    const bed = new RegistryBed(1).openEach('abc');
    bed.lose(2);
    bed.registry.linkWritable(3, false);
    bed.registry.linkWritable(4, false);
    bed.open(4, 'd');
    bed.passTime(1000);
    expect(bed.received(2)).toEqual(['queued 0']);
    expect(bed.received(3)).toEqual(['queued 1']);
    expect(bed.received(4)).toEqual([]);
    bed.registry.linkWritable(4, true);
    expect(bed.received(4)).toEqual(['queued 2']);
  });

  it('counts a waiting session once, whatever it says', () => {
    const bed = new RegistryBed(1).openEach('ab');
    bed.registry.receive(2, { kind: 'draft', branch: 1, first: 3, tokens: [4] });
    bed.registry.receive(2, { kind: 'draft', branch: 1, first: 4, tokens: [4] });
    expect(bed.registry.waitingCount).toBe(1);
    bed.bye(2);
    expect(bed.registry.waitingCount).toBe(0);
  });

  it('lets go a session whose answer ends by a step that was running when it lost its place', () => {
    const bed = new RegistryBed(2);
    bed.open(1, 'a', { prompt: [1, 2, 3, 4] }, greedy);
    bed.open(2, 'b', { maxAnswerTokens: 1 }, greedy);
    bed.write('b', greedy, () => {
      bed.open(3, 'c', {}, modest);
      expect(bed.registry.waitingCount).toBe(1);
    });
    expect(bed.received(2)).toEqual(['queued 0', 'commit', 'end']);
    expect(bed.registry.waitingCount).toBe(0);
  });

  it('begins to count anew how long a session with a new place keeps the edge waiting', () => {
    const bed = new RegistryBed(2, { stallMs: 30_000 });
    bed.open(1, 'a', { mode: 'sd' }, greedy);
    bed.open(2, 'b', { mode: 'sd' }, greedy);
    bed.passTime(10_000);
    bed.open(3, 'c', {}, modest);
    bed.passTime(1000);
    bed.bye(3);
    bed.openEach('de', greedy, 4);
    bed.passTime(29_750);
    expect(bed.placed).toEqual(['b', 'd']);
    bed.passTime(250);
    expect(bed.placed).toEqual(['d', 'e']);
  });

  it('refuses a session whose place the engine fails to prepare', () => {
    const bed = new RegistryBed(1);
    bed.placeFailure = new Error('no memory');
    bed.openEach('ab');
    for (const link of [1, 2]) expect(bed.received(link)).toEqual(['refused', 'closed internal']);
    expect([bed.registry.count, bed.registry.waitingCount, bed.timerCount]).toEqual([0, 0, 0]);
    bed.placeFailure = null;
    bed.open(3, 'c');
    expect(bed.placed).toEqual(['c']);
    // And takes no place for it from another.
    bed.lose(3);
    bed.passTime(30_000);
    bed.placeFailure = new Error('no memory');
    bed.open(4, 'd');
    expect([bed.received(4).length, bed.placed]).toEqual([2, ['c']]);
  });

  it('says why it refuses', () => {
    const none = new RegistryBed(1, { maxWaiting: 0 }).openEach('ab');
    expect(none.causes).toEqual(['all 1 places of this edge are taken, and none may wait']);
    const full = new RegistryBed(2, { maxWaiting: 1, waitMs: 5000 }).openEach('abcd');
    expect(full.causes).toEqual(['all 2 places of this edge are taken, and too many wait for one']);
    full.passTime(5000);
    expect(full.causes.slice(1)).toEqual(['all 2 places of this edge are taken, and none became free within 5 s']);
  });

  it('says how long to wait from how often a place became free', () => {
    const bed = new RegistryBed(1, { maxWaiting: 0 });
    const refusal = (link: number): string | undefined => {
      bed.open(link, 'late');
      return bed.remedies.at(-1);
    };
    bed.open(1, 'a');
    expect(refusal(9)).toMatch(/^try again in 2 s/);
    bed.bye(1);
    bed.open(2, 'b');
    bed.passTime(7000);
    expect(refusal(10)).toMatch(/^try again in 7 s/);
  });

  it('is empty after all sessions were removed, and works on', () => {
    const bed = new RegistryBed(1).openEach('ab');
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
