// The keys of the operator of a run's edges: valid, withdrawn, and with secrets that are replaced. Both edges know the same keys.

import type { Random } from '../../../src/core/basics/philox.ts';
import { anyone, type EdgeKey, edgeKey } from '../../../src/core/protocol/edge/edge-key.ts';

interface Secret {
  readonly keyId: string;
  isValid: boolean;
}

/** Limits of a key that may change while it is in use. */
export type KeyData = Partial<Pick<EdgeKey, 'share' | 'maxSessions' | 'maxWaiting'>>;

/** A key as an edge gets it: it remembers by which secret. */
interface ShownKey extends EdgeKey {
  readonly secret: string;
}

export class KeyRing {
  readonly #keys = new Map<string, EdgeKey>();
  readonly #secrets = new Map<string, Secret>();
  /** No key is asked for. */
  readonly isOpen: boolean;
  /** Time of the last change, ms. */
  changedAtMs: number = Number.NEGATIVE_INFINITY;

  /** @param keys data of each key; none: every device is {@link anyone} */
  constructor(keys: readonly KeyData[]) {
    this.isOpen = keys.length === 0;
    for (const [index, data] of keys.entries()) {
      const id = `key-${index}`;
      this.#keys.set(id, edgeKey(id, data));
      this.#issue(id);
    }
  }

  /** Id of the key to which a secret belongs, valid or not; undefined: nobody's. */
  ownerOf(secret: string): string | undefined {
    return this.isOpen ? anyone.id : this.#secrets.get(secret)?.keyId;
  }

  isValid(secret: string): boolean {
    return this.isOpen || this.#secrets.get(secret)?.isValid === true;
  }

  /** Present data of a key. */
  data(id: string): EdgeKey {
    return this.#keys.get(id) ?? anyone;
  }

  /** What an edge is told about credentials. */
  keyOf(secret: string): EdgeKey | null {
    if (this.isOpen) return anyone;
    const found = this.#secrets.get(secret);
    if (found?.isValid !== true) return null;
    const shown: ShownKey = { ...this.data(found.keyId), secret };
    return shown;
  }

  /** What an edge is told when keys have changed. */
  renewed(id: string, shown: EdgeKey): EdgeKey | null {
    const { secret } = shown as Partial<ShownKey>;
    return this.isOpen ? anyone : secret === undefined ? this.data(id) : this.keyOf(secret);
  }

  /** A valid secret of this key; default: of any. */
  secret(random: Random, id?: string): string {
    if (this.isOpen) return '';
    const valid = [...this.#secrets].filter(([, { isValid, keyId }]) => isValid && (id === undefined || id === keyId));
    return valid[random.integer(valid.length)]?.[0] ?? 'none is valid';
  }

  /** Withdraws a key, unless it is the last one. @returns its id; null: nothing was done */
  withdraw(random: Random, nowMs: number): string | null {
    const ids = [...new Set([...this.#secrets.values()].flatMap(({ isValid, keyId }) => (isValid ? [keyId] : [])))];
    if (ids.length < 2) return null;
    const id = ids[random.integer(ids.length)] as string;
    this.#invalidate(id, nowMs);
    return id;
  }

  /** Replaces the secret of a key. @returns its id */
  rotate(random: Random, nowMs: number): string {
    const id = this.ownerOf(this.secret(random)) as string;
    this.#invalidate(id, nowMs);
    this.#issue(id);
    return id;
  }

  /** Changes limits or share of a key. @returns its id */
  change(random: Random, data: KeyData, nowMs: number): string {
    const id = this.ownerOf(this.secret(random)) as string;
    this.#keys.set(id, { ...this.data(id), ...data });
    this.changedAtMs = nowMs;
    return id;
  }

  #issue(keyId: string): void {
    this.#secrets.set(`secret ${this.#secrets.size} of ${keyId}`, { keyId, isValid: true });
  }

  #invalidate(id: string, nowMs: number): void {
    for (const secret of this.#secrets.values()) if (secret.keyId === id) secret.isValid = false;
    this.changedAtMs = nowMs;
  }
}
