import { describe, expect, it } from 'vitest';
import { edgeKey } from './edge-key.ts';
import { keepLostMs, RegistryBed } from './edge-registry.fixture.ts';

describe('a session that finds no place', () => {
  it('waits, is told how many are before it, and gets the first place that becomes free', () => {
    const bed = new RegistryBed(1).openEach('abc');
    expect(bed.received(2)).toEqual(['queued 0']);
    expect(bed.received(3)).toEqual(['queued 1']);
    bed.passTime(1000);
    bed.bye(1);
    expect(bed.placed).toEqual(['b']);
    expect(bed.received(3)).toEqual(['queued 1', 'queued 0']);
    expect(bed.changes).toContainEqual('b given 1000');
  });

  it('is refused waitMs after it came, or at once if too many wait', () => {
    const bed = new RegistryBed(1, { maxWaiting: 1, waitMs: 5000 }).openEach('a');
    bed.passTime(8000);
    bed.openEach('bc', undefined, 2);
    expect(bed.received(3)).toEqual(['refused', 'closed edge-full']);
    bed.passTime(4750);
    expect(bed.received(2)).toEqual(['queued 0']);
    bed.passTime(250);
    expect(bed.received(2)).toEqual(['queued 0', 'refused', 'closed edge-full']);
    expect(bed.registry.count).toBe(1);
    expect(bed.timerCount).toBe(0);
  });

  it('keeps its turn over a lost connection', () => {
    const bed = new RegistryBed(1).openEach('abc');
    bed.lose(2);
    bed.resume(4, 'b', 2, 3);
    expect(bed.received(4)).toEqual(['queued 0']);
    bed.bye(1);
    expect(bed.placed).toEqual(['b']);
  });

  it('is refused, with all others that wait, when its texts take too much memory', () => {
    const bed = new RegistryBed(1, { keptTokens: 40 }).openEach('a');
    bed.open(2, 'b', { prompt: Array.from({ length: 15 }, () => 1) });
    bed.open(3, 'c', { prompt: Array.from({ length: 15 }, () => 1) });
    expect(bed.received(2)).toEqual(['queued 0']);
    expect(bed.received(3)).toEqual(['refused', 'closed edge-full']);
  });

  it('is not refused for the memory of sessions that are over', () => {
    const [busy, idle] = [edgeKey('busy'), edgeKey('idle')];
    const bed = new RegistryBed(1, { keptTokens: 100 }).openEach('a', busy);
    bed.open(2, 'over', { answer: Array.from({ length: 40 }, () => 9), maxAnswerTokens: 40 }, idle);
    bed.open(3, 'b', { prompt: Array.from({ length: 15 }, () => 1) });
    expect(bed.received(3)).toEqual(['queued 0']);
    expect(bed.forgotten).toEqual(['over']);
  });
});

describe('a session gives up its place', () => {
  it('when it has been lost for placeGraceMs and another waits, not before; it stays and may wait for the next', () => {
    const bed = new RegistryBed(1, { placeGraceMs: 3000 }).openEach('a');
    bed.write('a');
    bed.lose(1);
    bed.open(2, 'b');
    bed.passTime(2750);
    expect(bed.placed).toEqual(['a']);
    bed.passTime(250);
    expect(bed.placed).toEqual(['b']);
    bed.resume(3, 'a', 2, 4);
    expect(bed.received(3)).toEqual(['queued 0']);
    bed.bye(2);
    bed.write('a');
    expect(bed.received(3)).toEqual(['queued 0', 'commit']);
  });

  it('when it has been lost in the middle of a step, too', () => {
    const bed = new RegistryBed(1, { placeGraceMs: 3000 }).openEach('a');
    bed.registry.step(bed.entry('a'), { kind: 'step-started', drafts: 0 });
    bed.lose(1);
    bed.open(2, 'b');
    bed.passTime(3000);
    expect(bed.placed).toEqual(['b']);
  });

  it('never, if nobody waits', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a', { mode: 'sd' });
    bed.passTime(10 * keepLostMs);
    expect(bed.placed).toEqual(['a']);
    expect(bed.received(1)).toEqual([]);
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
    expect(bed.received(1).at(-1)).toEqual('closed silent');
  });

  it('not while the edge itself is slow', () => {
    const bed = new RegistryBed(1, { stallMs: 5000, waitMs: 1e6 }).openEach('ab');
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
    expect(bed.received(2)).toEqual(['queued 0']);
    bed.open(5, 'e', {}, modest);
    bed.passTime(20_000);
    // Two against one is as even as three places can be.
    expect(bed.placed).toEqual(['a', 'c', 'd']);
  });
});

describe('keys', () => {
  const [one, other] = [edgeKey('one'), edgeKey('other')];

  it('own their sessions: the same id with another key is another session', () => {
    const bed = new RegistryBed().openEach('a', one);
    bed.lose(1);
    bed.resume(2, 'a', 2, 3, other);
    expect(bed.received(2)).toEqual(['gone']);
    bed.open(2, 'a', { attempt: 3 }, other);
    expect(bed.registry.count).toBe(2);
    bed.resume(3, 'a', 2, 3, one);
    expect(bed.received(3)).toEqual([]);
    expect(bed.registry.isAttached(3)).toBe(true);
  });

  it('that are valid no more end their sessions at once; the others follow the new data', () => {
    const bed = new RegistryBed().openEach('a', one).openEach('b', other, 2);
    const renewed = edgeKey('other', { share: 7 });
    bed.registry.renewKeys((id) => (id === 'other' ? renewed : null));
    expect(bed.received(1)).toEqual(['refused', 'closed unauthorized']);
    expect(bed.received(2)).toEqual([]);
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
    expect(bed.received(2)).toEqual(['end', 'closed done']);
  });

  it('never took a place if their answer had ended when it was opened', () => {
    const bed = new RegistryBed(1).openEach('a');
    bed.open(2, 'b', { answer: [9], maxAnswerTokens: 1 });
    expect(bed.received(2)).toEqual(['end']);
    expect(bed.placed).toEqual(['a']);
  });
});
