import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../decoding/sampling.ts';
import { edgeKey } from './edge-key.ts';
import { keepLostMs, RegistryBed } from './edge-registry.fixture.ts';
import { testOpening } from './edge-session.fixture.ts';

describe('the registry of an edge', () => {
  it('delivers messages to the session that the connection is attached to, and drops the rest', () => {
    const bed = new RegistryBed().openEach('a');
    bed.registry.receive(1, { kind: 'draft', branch: 1, first: 3, tokens: [4] });
    bed.registry.receive(2, { kind: 'draft', branch: 1, first: 3, tokens: [4, 5] });
    expect(bed.registry.find('a')?.state.branch?.end).toBe(4);
    expect(bed.registry.isAttached(1)).toBe(true);
    expect(bed.registry.isAttached(2)).toBe(false);
  });

  it('judges a session by the key as it was shown last: a device may have come back with a newer secret', () => {
    const [old, renewed] = [edgeKey('k', { name: 'old' }), edgeKey('k', { name: 'renewed' })];
    const bed = new RegistryBed().openEach('a', old);
    bed.lose(1);
    bed.resume(2, 'a', 2, 3, renewed);
    const present = edgeKey('k', { share: 3 });
    expect(bed.registry.renewKeys((_id, shown) => (shown === renewed ? present : null))).toEqual([]);
    expect(bed.registry.find('a', present)?.key).toBe(present);
    expect(bed.registry.renewKeys(() => null)).toEqual([present]);
    expect(bed.received(2)).toEqual(['refused', 'closed unauthorized']);
  });

  it('refuses a second attach on a connection, and does not resume an unknown session', () => {
    const bed = new RegistryBed().openEach('a');
    expect(() => bed.open(1, 'b')).toThrow('a second attach');
    bed.resume(2, 'b', 1, 3);
    expect(bed.received(2)).toEqual(['gone']);
  });

  it('keeps a lost session for keepLostMs, resumes it, then forgets it', () => {
    const bed = new RegistryBed().openEach('a');
    bed.lose(1);
    bed.passTime(keepLostMs - 1);
    bed.resume(2, 'a', 2, 3);
    expect(bed.timerCount).toBe(0);
    bed.lose(2);
    bed.passTime(keepLostMs);
    expect(bed.registry.count).toBe(0);
    expect(bed.forgotten).toEqual(['a']);
  });

  it('frees the place when the text ends, and keeps the session for a device that resumes it', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a', { maxAnswerTokens: 1 });
    bed.write('a');
    expect(bed.received(1)).toEqual(['commit', 'end']);
    bed.open(2, 'b');
    expect(bed.registry.count).toBe(2);
    expect(bed.placed).toEqual(['b']);
  });

  it('forgets a finished session after keepLostMs, and closes its connection if the device has not', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a', { maxAnswerTokens: 1 });
    bed.write('a');
    bed.passTime(keepLostMs - 1);
    expect(bed.registry.count).toBe(1);
    bed.passTime(1);
    expect(bed.registry.count).toBe(0);
    expect(bed.received(1)).toEqual(['commit', 'end', 'closed done']);
  });

  it('sends nothing to a connection whose queue was full when it attached, until it is writable', () => {
    const bed = new RegistryBed();
    bed.registry.linkWritable(1, false);
    bed.open(1, 'a');
    bed.write('a');
    expect(bed.said).toEqual([]);
    bed.registry.linkWritable(1, true);
    expect(bed.received(1)).toEqual(['commit']);
    bed.registry.linkWritable(2, false);
    bed.resume(2, 'a', 2, 3);
    expect(bed.received(2)).toEqual([]);
  });

  it('forgets a session on bye at once, and all sessions when it is cleared', () => {
    const bed = new RegistryBed().openEach('ab');
    bed.bye(1);
    expect(bed.registry.find('a')).toBeUndefined();
    bed.lose(2);
    bed.registry.clear();
    expect([bed.registry.count, bed.timerCount]).toEqual([0, 0]);
  });

  it('takes a text that just fits, and ids up to the last of the vocabulary', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a', { answer: new Array(197).fill(999), maxAnswerTokens: 300 });
    bed.open(2, 'b', { prompt: [999, 999], answer: [999] });
    expect(bed.registry.count).toBe(2);
  });

  const refused = [
    ['too long a prompt', { prompt: new Array(200).fill(1) }, 'context'],
    ['too long a text', { answer: new Array(198).fill(1) }, 'context'],
    ['an id beyond the vocabulary in the prompt', { prompt: [1, 1000, 3] }, 'an id beyond the vocabulary'],
    ['one that is the whole prompt', { prompt: [1000] }, 'an id beyond the vocabulary'],
    ['one in the answer', { answer: [1, 1000, 2] }, 'an id beyond the vocabulary'],
    ['sampling that means nothing', { sampling: { ...neutralSampling, temperature: -1 } }, 'temperature'],
  ] as const;

  it.each(refused)('refuses %s', (_name, changes, words) => {
    const bed = new RegistryBed();
    expect(() => bed.open(1, 'a', changes)).toThrow(words);
    expect(bed.registry.count).toBe(0);
  });

  it.each(refused)('refuses %s of a session that it knows, which stays as it is', (_name, changes, words) => {
    for (const isLost of [false, true]) {
      const bed = new RegistryBed().openEach('a');
      bed.write('a');
      if (isLost) bed.lose(1);
      const before = bed.registry.find('a')?.state;
      expect(() => bed.open(2, 'a', { attempt: 2, ...changes })).toThrow(words);
      expect(bed.registry.find('a')?.state).toBe(before);
      expect([bed.registry.isAttached(1), bed.registry.isAttached(2)]).toEqual([!isLost, false]);
    }
  });

  it('opens nothing for a connection that has shown no key', () => {
    const bed = new RegistryBed();
    expect(() => bed.registry.receive(1, testOpening(), null)).toThrow('an attach without a key');
    expect(bed.registry.count).toBe(0);
  });

  it('remembers a full queue only while it is full, and while its connection lasts', () => {
    const bed = new RegistryBed();
    bed.registry.linkWritable(1, false);
    bed.registry.linkWritable(1, true);
    bed.open(1, 'a');
    bed.write('a');
    expect(bed.received(1)).toEqual(['commit']);
    bed.registry.linkWritable(2, false);
    bed.lose(2);
    bed.open(2, 'b');
    bed.write('b');
    expect(bed.received(2)).toEqual(['commit']);
    bed.registry.linkWritable(3, false);
    bed.registry.clear();
    bed.open(3, 'c');
    expect(bed.registry.find('c')?.state.link?.writable).toBe(true);
  });

  it('passes each event on, and none of a connection that was closed', () => {
    const bed = new RegistryBed().openEach('ab');
    bed.lose(1);
    bed.registry.receive(1, { kind: 'ack', length: 3 });
    bed.registry.linkWritable(1, false);
    const of = (id: string): string[] => bed.events.filter((event) => event.startsWith(id));
    expect(of('a')).toEqual(['a session-created', 'a settled', 'a settled', 'a link-closed', 'a settled']);
    bed.registry.receive(2, { kind: 'ack', length: 3 });
    expect(of('b').slice(-2)).toEqual(['b message-received', 'b settled']);
  });

  it('forgets a lost session at its time, whatever happens to it meanwhile', () => {
    const bed = new RegistryBed().openEach('a');
    bed.write('a', undefined, () => {
      bed.lose(1);
      bed.passTime(1000);
    });
    expect(bed.timerCount).toBe(1);
    bed.passTime(keepLostMs - 1000);
    expect(bed.forgotten).toEqual(['a']);
  });

  it('forgets a session once, and leaves the others attached', () => {
    const bed = new RegistryBed().openEach('ab');
    const entry = bed.entry('a');
    bed.bye(1);
    bed.registry.step(entry, { kind: 'link-closed', link: 1 });
    expect(bed.forgotten).toEqual(['a']);
    expect([1, 2].map((link) => bed.registry.isAttached(link))).toEqual([false, true]);
  });

  it('closes the connection of a session that it discards, and keeps nothing of it', () => {
    const bed = new RegistryBed(1).openEach('a');
    const entry = bed.entry('a');
    bed.events.length = 0;
    bed.registry.discard(entry, 'a fault');
    expect(bed.received(1)).toEqual(['closed internal']);
    expect([bed.registry.count, bed.registry.isAttached(1), bed.forgotten]).toEqual([0, false, ['a']]);
    expect(bed.events).toEqual([]);
    // A step that was running when it was discarded.
    bed.registry.step(entry, { kind: 'step-started', drafts: 0 });
    expect([bed.registry.waitingCount, bed.placed]).toEqual([0, []]);
  });

  it('ends the sessions of all keys that are gone, in their order', () => {
    const [one, other] = [edgeKey('one'), edgeKey('other')];
    const bed = new RegistryBed(3).openEach('a', one).openEach('b', other, 2);
    expect(bed.registry.renewKeys(() => null)).toEqual([one, other]);
    expect(bed.registry.count).toBe(0);
  });
});
