import { describe, expect, it } from 'vitest';
import { askAll, watchVersion } from './fleet-view.ts';
import { decodeWatcher } from './watch-messages.ts';

const bytesOf = (message: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(message));
const watch = { kind: 'watch', version: watchVersion, credentials: 'key', ...askAll } as const;

describe('a message of a watcher', () => {
  it('is read as it was written', () => {
    const ask = { kind: 'ask', window: [-1, 0, 2.5, 3], edge: 'a', device: null } as const;
    for (const message of [watch, ask]) expect(decodeWatcher(bytesOf(message))).toEqual(message);
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
