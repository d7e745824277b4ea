import { describe, expect, it } from 'vitest';
import { edgeKey } from './edge-key.ts';
import { keepLostMs, RegistryBed } from './edge-registry.fixture.ts';

describe('the registry of an edge', () => {
  it('delivers messages to the session that the connection is attached to, and drops the rest', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a');
    bed.registry.receive(1, { kind: 'draft', branch: 1, first: 3, tokens: [4] });
    bed.registry.receive(2, { kind: 'draft', branch: 1, first: 3, tokens: [4, 5] });
    expect(bed.registry.find('a')?.state.branch?.end).toBe(4);
    expect(bed.registry.isAttached(1)).toBe(true);
    expect(bed.registry.isAttached(2)).toBe(false);
  });

  it('judges a session by the key as it was shown last: a device may have come back with a newer secret', () => {
    const bed = new RegistryBed();
    const [old, renewed] = [edgeKey('k', { name: 'old' }), edgeKey('k', { name: 'renewed' })];
    bed.open(1, 'a', {}, old);
    bed.registry.linkClosed(1);
    bed.resume(2, 'a', 2, 3, renewed);
    const present = edgeKey('k', { share: 3 });
    expect(bed.registry.renewKeys((_id, shown) => (shown === renewed ? present : null))).toEqual([]);
    expect(bed.registry.find('a', present)?.key).toBe(present);
    expect(bed.registry.renewKeys(() => null)).toEqual([present]);
    expect(bed.heard(2)).toEqual(['refused', ['closed', 'unauthorized']]);
  });

  it('refuses a second attach on a connection, and does not resume an unknown session', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a');
    expect(() => bed.open(1, 'b')).toThrow('a second attach');
    bed.resume(2, 'b', 1, 3);
    expect(bed.heard(2)).toEqual(['gone']);
  });

  it('keeps a lost session for keepLostMs, resumes it, then forgets it', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a');
    bed.registry.linkClosed(1);
    bed.passTime(keepLostMs - 1);
    bed.resume(2, 'a', 2, 3);
    expect(bed.timerCount).toBe(0);
    bed.registry.linkClosed(2);
    bed.passTime(keepLostMs);
    expect(bed.registry.count).toBe(0);
    expect(bed.forgotten).toEqual(['a']);
  });

  it('frees the place when the text ends, and keeps the session for a device that resumes it', () => {
    const bed = new RegistryBed(1);
    bed.open(1, 'a', { maxAnswerTokens: 1 });
    bed.write('a');
    expect(bed.said.map(([, kind]) => kind)).toEqual(['commit', 'end']);
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
    expect(bed.heard(1)).toEqual(['commit', 'end', ['closed', 'done']]);
  });

  it('sends nothing to a connection whose queue was full when it attached, until it is writable', () => {
    const bed = new RegistryBed();
    bed.registry.linkWritable(1, false);
    bed.open(1, 'a');
    bed.write('a');
    expect(bed.said).toEqual([]);
    bed.registry.linkWritable(1, true);
    expect(bed.heard(1)).toEqual(['commit']);
    bed.registry.linkWritable(2, false);
    bed.resume(2, 'a', 2, 3);
    expect(bed.heard(2)).toEqual([]);
  });

  it('forgets a session on bye at once, and all sessions when it is cleared', () => {
    const bed = new RegistryBed();
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.registry.receive(1, { kind: 'bye' });
    expect(bed.registry.find('a')).toBeUndefined();
    bed.registry.linkClosed(2);
    bed.registry.clear();
    expect([bed.registry.count, bed.timerCount]).toEqual([0, 0]);
  });

  it.each([
    ['too long a prompt', { prompt: Array.from({ length: 200 }, () => 1) }],
    ['too long a text', { answer: Array.from({ length: 198 }, () => 1) }],
    ['an unknown id', { prompt: [1000] }],
  ])('refuses %s', (_name, changes) => {
    const bed = new RegistryBed();
    expect(() => bed.open(1, 'a', changes)).toThrow();
    expect(bed.registry.count).toBe(0);
  });
});
