import { describe, expect, it } from 'vitest';
import { edgeKey } from './edge-key.ts';
import { RegistryBed } from './edge-registry.fixture.ts';

describe('the queue', () => {
  const [greedy, modest] = [edgeKey('greedy'), edgeKey('modest')];

  it('lets a key claim its share while one with a small share, which has no claim yet, waits before it', () => {
    const guest = edgeKey('guest', { share: 0.1 });
    const bed = new RegistryBed(4);
    for (const [index, session] of ['a', 'b', 'c', 'd'].entries()) bed.open(index, session, {}, greedy);
    bed.open(5, 'guest', {}, guest);
    expect(bed.received(5)).toEqual([['queued', 0]]);
    bed.open(6, 'e', {}, modest);
    expect(bed.placed).toEqual(['a', 'b', 'c', 'e']);
    bed.registry.receive(0, { kind: 'bye' }, greedy);
    expect(bed.placed).toEqual(['b', 'c', 'guest', 'e']);
  });

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
    expect(bed.received(3)).toEqual([['queued', 0]]);
    expect(bed.received(2)).toEqual([['queued', 1]]);
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
    expect(bed.received(2)).toEqual([['queued', 0]]);
    expect(bed.received(3)).toEqual([['queued', 1]]);
    expect(bed.received(4)).toEqual([]);
    bed.registry.linkWritable(4, true);
    expect(bed.received(4)).toEqual([['queued', 2]]);
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
    expect(bed.received(2)).toEqual([['queued', 0], 'commit', 'end']);
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
    for (const link of [1, 2]) expect(bed.received(link)).toEqual(['refused', ['closed', 'internal']]);
    expect([bed.registry.count, bed.registry.waitingCount, bed.timerCount]).toEqual([0, 0, 0]);
    bed.placeFailure = null;
    bed.open(3, 'c');
    expect(bed.placed).toEqual(['c']);
    // And takes no place for it from another.
    bed.registry.linkClosed(3);
    bed.passTime(30_000);
    bed.placeFailure = new Error('no memory');
    bed.open(4, 'd');
    expect([bed.received(4).length, bed.placed]).toEqual([2, ['c']]);
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

  it('says how long to wait from how often a place became free', () => {
    const bed = new RegistryBed(1, { maxWaiting: 0 });
    const refusal = (link: number): string | undefined => {
      bed.open(link, 'late');
      return bed.remedies.at(-1);
    };
    bed.open(1, 'a');
    expect(refusal(9)).toMatch(/^try again in 2 s/);
    bed.registry.receive(1, { kind: 'bye' });
    bed.open(2, 'b');
    bed.passTime(7000);
    expect(refusal(10)).toMatch(/^try again in 7 s/);
  });

  it('lets a session wait its whole time, from when it came', () => {
    const bed = new RegistryBed(1, { waitMs: 5000 });
    bed.open(1, 'a');
    bed.passTime(8000);
    bed.open(2, 'b');
    bed.passTime(4750);
    expect(bed.received(2)).toEqual([['queued', 0]]);
    bed.passTime(250);
    expect(bed.received(2).at(-1)).toEqual(['closed', 'edge-full']);
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
