// The key of an endpoint: asked once, and kept as the user chooses.

import { type Store, tryToKeep } from './storage.ts';

const name = 'outrider.key';

export type KeyPlace = 'session' | 'device';

/** A key that a header can carry. */
export function isFitKey(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

export class KeyKeeper {
  readonly #session: Store | null;
  readonly #device: Store | null;
  #key: string | null;

  constructor(session: Store | null, device: Store | null) {
    this.#session = session;
    this.#device = device;
    this.#key = session?.getItem(name) ?? device?.getItem(name) ?? null;
  }

  /** Null: none was given. */
  get key(): string | null {
    return this.#key;
  }

  keep(key: string, place: KeyPlace): void {
    this.forget();
    this.#key = key;
    tryToKeep(place === 'session' ? this.#session : this.#device, name, key);
  }

  forget(): void {
    this.#key = null;
    this.#session?.removeItem(name);
    this.#device?.removeItem(name);
  }
}

/** The key of a link that ends with "#key=KEY". @returns null: there is none */
export function keyInLink(hash: string): string | null {
  const key = new URLSearchParams(hash.replace(/^#/, '')).get('key');
  return key !== null && isFitKey(key) ? key : null;
}

/** @returns the header that shows a key; none without one */
export function bearer(key: string | null | undefined): Readonly<Record<string, string>> {
  return key === null || key === undefined ? {} : { authorization: `Bearer ${key}` };
}
