import { describe, expect, it } from 'vitest';
import { askAll } from './fleet-view.ts';
import { decodeWatcher, encodeWatch, readLine, watchVersion } from './watch-messages.ts';

const bytesOf = (message: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(message));
const watch = { kind: 'watch', version: watchVersion, credentials: 'key', ...askAll } as const;

describe('a message of a watcher', () => {
  it('is read as it was written', () => {
    const ask = { kind: 'ask', window: [-1, 0, 2.5, 3], edge: 'a', device: null } as const;
    for (const message of [watch, ask]) expect(decodeWatcher(encodeWatch(message))).toEqual(message);
    expect(decodeWatcher(bytesOf({ kind: 'ask' }))).toEqual({ kind: 'ask', ...askAll });
  });

  it.each([
    ['that of a member', { kind: 'join', version: 3 }],
    ['no object', 7],
    ['a long one', { ...watch, more: 'x'.repeat(5000) }],
  ])('is not %s', (_, message) => expect(decodeWatcher(bytesOf(message))).toBeNull());

  it.each([
    ['a window of words', { ...watch, window: ['a', 0, 1, 2] }, 'protocol-error'],
    ['half a window', { ...watch, window: [0, 1] }, 'protocol-error'],
    ['a long id', { ...watch, edge: 'x'.repeat(65) }, 'protocol-error'],
    ['a key that is none', { ...watch, credentials: 7 }, 'protocol-error'],
    ['another version', { ...watch, version: 9 }, 'version-mismatch'],
  ])('is refused with %s', (_, message, code) => {
    expect(() => decodeWatcher(bytesOf(message))).toThrow(expect.objectContaining({ code }));
  });
});

describe('a line of a record', () => {
  const frame = { kind: 'fleet', atMs: 1, isWhole: true, put: [], drop: [] };

  it.each([
    ['nothing', ''],
    ['half of a line', '{"kind":"fle'],
    ['null', 'null'],
    ['a list', '[]'],
    ['another kind', '{"kind":"decided"}'],
    ['a frame without a time', JSON.stringify({ ...frame, atMs: null })],
    ['a row that is none', JSON.stringify({ ...frame, put: [['e:a', 3]] })],
    ['a row without a key', JSON.stringify({ ...frame, put: [[7, {}]] })],
    ['another version', '{"kind":"outrider-fleet","version":9,"began":""}'],
  ])('is not %s', (_, text) => expect(() => readLine(text)).toThrow());

  it('has values only that can be shown', () => {
    const row = { text: 'a', count: 1, none: null, list: [1], object: {}, long: 'x'.repeat(2000) };
    const text = JSON.stringify({ ...frame, put: [['d:a', row]] }).replace('"text"', '"__proto__":{"x":1},"text"');
    expect(readLine(text)).toEqual({ ...frame, put: [['d:a', { text: 'a', count: 1, none: null }]] });
  });
});
