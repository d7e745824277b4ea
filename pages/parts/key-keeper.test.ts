import { describe, expect, it } from 'vitest';
import { isFitKey, KeyKeeper, keyInLink } from './key-keeper.ts';
import type { Store } from './storage.ts';

function storeOf(): Store & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
}

describe('a key', () => {
  it('is kept where the user chooses, and nowhere else', () => {
    const [session, device] = [storeOf(), storeOf()];
    const keys = new KeyKeeper(session, device);
    keys.keep('a', 'device');
    expect([session.items.size, device.items.size]).toEqual([0, 1]);
    keys.keep('b', 'session');
    expect([session.items.size, device.items.size]).toEqual([1, 0]);
    expect(new KeyKeeper(session, device).key).toBe('b');
    keys.forget();
    expect([session.items.size, device.items.size, keys.key]).toEqual([0, 0, null]);
  });

  it('lasts as long as the page where nothing keeps it', () => {
    const keys = new KeyKeeper(null, null);
    keys.keep('a', 'device');
    expect(keys.key).toBe('a');
  });

  it('comes from a link, if it is one', () => {
    expect(keyInLink('#key=or_abc')).toBe('or_abc');
    for (const hash of ['', '#', '#key=', '#other=a', '#key=a%20b', '#key=%0Aa']) expect(keyInLink(hash)).toBeNull();
    expect(isFitKey('schlüssel')).toBe(false);
  });
});
