import { describe, expect, it } from 'vitest';
import { edgeKey } from './edge-key.ts';
import { keepLostMs, RegistryBed } from './edge-registry.fixture.ts';

describe('a session that finds no place', () => {
  it('waits, is told how many are before it, and gets the first place that becomes free', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.open(3, 'c');
    expect(bed.received(2)).toEqual([['queued', 0]]);
    expect(bed.received(3)).toEqual([['queued', 1]]);
    bed.passTime(1000);
    bed.registry.receive(1, { kind: 'bye' });
    expect(bed.placed).toEqual(['b']);
    expect(bed.received(3)).toEqual([
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
    expect(bed.received(3)).toEqual(['refused', ['closed', 'edge-full']]);
    bed.passTime(5000);
    expect(bed.received(2)).toEqual([['queued', 0], 'refused', ['closed', 'edge-full']]);
    expect(bed.registry.count).toBe(1);
    expect(bed.timerCount).toBe(0);
  });

  it('is refused at once where none may wait', () => {
    const bed = new RegistryBed(1, { maxWaiting: 0 });
    bed.open(1, 'a');
    bed.open(2, 'b');
    expect(bed.received(2)).toEqual(['refused', ['closed', 'edge-full']]);
  });

  it('keeps its turn over a lost connection', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.open(3, 'c');
    bed.registry.linkClosed(2);
    bed.resume(4, 'b', 2, 3);
    expect(bed.received(4)).toEqual([['queued', 0]]);
    bed.registry.receive(1, { kind: 'bye' });
    expect(bed.placed).toEqual(['b']);
  });

  it('is refused, with all others that wait, when its texts take too much memory', () => {
    const bed = new RegistryBed(1, { keptTokens: 40 });
    bed.open(1, 'a');
    bed.open(2, 'b', { prompt: Array.from({ length: 15 }, () => 1) });
    bed.open(3, 'c', { prompt: Array.from({ length: 15 }, () => 1) });
    expect(bed.received(2)).toEqual([['queued', 0]]);
    expect(bed.received(3)).toEqual(['refused', ['closed', 'edge-full']]);
  });

  it('is not refused for the memory of sessions that are over', () => {
    const [busy, idle] = [edgeKey('busy'), edgeKey('idle')];
    const bed = new RegistryBed(1, { keptTokens: 100 });
    bed.open(1, 'a', {}, busy);
    bed.open(2, 'over', { answer: Array.from({ length: 40 }, () => 9), maxAnswerTokens: 40 }, idle);
    bed.open(3, 'b', { prompt: Array.from({ length: 15 }, () => 1) });
    expect(bed.received(3)).toEqual([['queued', 0]]);
    expect(bed.forgotten).toEqual(['over']);
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
    expect(bed.received(3)).toEqual([['queued', 0]]);
    bed.registry.receive(2, { kind: 'bye' });
    bed.write('a');
    expect(bed.received(3)).toEqual([['queued', 0], 'commit']);
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
    expect(bed.received(1).at(-1)).toEqual(['closed', 'silent']);
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
    expect(bed.received(2)).toEqual([['queued', 0]]);
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
    expect(bed.received(2)).toEqual(['gone']);
    bed.open(2, 'a', { attempt: 3 }, other);
    expect(bed.registry.count).toBe(2);
    bed.resume(3, 'a', 2, 3, one);
    expect(bed.received(3)).toEqual([]);
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
    expect(bed.received(2)).toEqual([['queued', 0]]);
    expect(bed.received(3)).toEqual(['refused', ['closed', 'edge-full']]);
  });

  it('that wait in numbers make room for a key that has fewer waiting', () => {
    const bed = new RegistryBed(1, { maxWaiting: 2 });
    for (const [index, id] of ['a', 'b', 'c'].entries()) bed.open(index, id, {}, one);
    bed.open(3, 'd', {}, other);
    expect(bed.received(2).at(-1)).toEqual(['closed', 'edge-full']);
    expect(bed.received(3)).toEqual([['queued', 1]]);
  });

  it('that are valid no more end their sessions at once; the others follow the new data', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a', {}, one);
    bed.open(2, 'b', {}, other);
    const renewed = edgeKey('other', { share: 7 });
    bed.registry.renewKeys((id) => (id === 'other' ? renewed : null));
    expect(bed.received(1)).toEqual(['refused', ['closed', 'unauthorized']]);
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
    expect(bed.received(2)).toEqual(['end', ['closed', 'done']]);
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
    expect(bed.received(2)).toEqual(['end']);
    expect(bed.placed).toEqual(['a']);
  });
});
