// The keys that a running edge takes: those of the file as it is now, at most two seconds late. A file that can't be read leaves the last
// good keys in force.

import { timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import {
  hasGrace,
  hasScope,
  type KeyBook,
  type KeyEntry,
  type KeyScope,
  type KeyState,
  keyState,
  takesDigest,
} from '../core/access/key-book.ts';
import { idInKey } from '../core/access/key-text.ts';
import type { Secret } from '../core/basics/secret.ts';
import type { EdgeKey } from '../core/protocol/edge/edge-key.ts';
import { hashText } from '../models/files/cache.ts';
import { loadKeys } from './key-files.ts';

/** Why a key is refused. */
export interface KeyRefusal {
  readonly name: string;
  /** `valid`: it lacks the scope. */
  readonly state: KeyState;
  /** One line. */
  readonly cause: string;
}

export interface KeyRingSettings {
  /** Called when the keys have changed: the file, or one has expired. */
  readonly onChange?: (ring: KeyRing) => void;
  /** Called once for each state of the file that can't be read. */
  readonly onProblem?: (error: unknown) => void;
  /** ms since 1970. */
  readonly now?: () => number;
  /** Period of the checks of the file, ms. */
  readonly everyMs?: number;
}

/** Compared with when there is no such key, so that an unknown id takes as long as a wrong secret. */
const noDigest = '0'.repeat(64);

export class KeyRing implements Disposable {
  readonly #path: string;
  readonly #settings: KeyRingSettings;
  readonly #now: () => number;
  /** By what a key was found, and for what. Not in the key itself, which may be logged. */
  readonly #proofs = new WeakMap<EdgeKey, { readonly sha256: string; readonly scope: KeyScope }>();
  #entries: ReadonlyMap<string, KeyEntry> = new Map();
  #found = new Map<string, EdgeKey>();
  #stamp = '';
  #accepted = '';
  #timer: NodeJS.Timeout | undefined;

  private constructor(path: string, settings: KeyRingSettings) {
    this.#path = path;
    this.#settings = settings;
    this.#now = settings.now ?? Date.now;
  }

  /** Reads the file, and follows it until it is disposed of. @throws OutriderError `keys-unreadable`, `version-mismatch` */
  static async open(path: string, settings: KeyRingSettings = {}): Promise<KeyRing> {
    const ring = new KeyRing(path, settings);
    ring.#stamp = await stampOf(path);
    ring.#take(await loadKeys(path));
    ring.#accepted = ring.#acceptance();
    ring.#scheduleCheck();
    return ring;
  }

  /** Keys that are neither revoked nor expired. */
  get validCount(): number {
    return [...this.#entries.values()].filter((entry) => keyState(entry, this.#now()) === 'valid').length;
  }

  /** The key that these credentials are, if it may be used for this; the same object each time while the file stays as it is. */
  find(credentials: string, scope: KeyScope): EdgeKey | null {
    const sha256 = hashText(credentials);
    const entry = this.#entries.get(idInKey(credentials) ?? '');
    const nowMs = this.#now();
    const former = entry !== undefined && hasGrace(entry, nowMs) ? entry.former : null;
    const isCurrent = isSame(sha256, entry?.sha256 ?? noDigest);
    const isFormer = isSame(sha256, former?.sha256 ?? noDigest);
    if (entry === undefined || !(isCurrent || isFormer)) return null;
    if (keyState(entry, nowMs) !== 'valid' || !hasScope(entry, scope)) return null;
    return this.#keyOf(entry, sha256, scope);
  }

  /** Why a key that is in the file may not be used for this; null: it is not in the file. For its holder only. */
  refusal(credentials: string, scope: KeyScope): KeyRefusal | null {
    const entry = this.#entries.get(idInKey(credentials) ?? '');
    const isRight = isSame(hashText(credentials), entry?.sha256 ?? noDigest);
    if (entry === undefined || !isRight) return null;
    const { name } = entry;
    const state = keyState(entry, this.#now());
    if (state === 'valid') return { name, state, cause: `the key "${name}" does not have the scope ${scope}` };
    return { name, state, cause: `the key "${name}" ${state === 'revoked' ? 'was revoked' : 'has expired'}` };
  }

  /** Name of a key that is in the file, whatever it may be used for; null: it is not. For its holder only. */
  nameOf(credentials: string): string | null {
    return this.refusal(credentials, 'admin')?.name ?? null;
  }

  /** A key that was found before, as it would be found now by the same secret; null: it would not. */
  renew(key: EdgeKey): EdgeKey | null {
    const entry = this.#entries.get(key.id);
    if (entry === undefined) return null;
    const proof = this.#proofs.get(key);
    if (proof === undefined || !hasScope(entry, proof.scope)) return null;
    return takesDigest(entry, proof.sha256, this.#now()) ? this.#keyOf(entry, proof.sha256, proof.scope) : null;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #keyOf(entry: KeyEntry, sha256: string, scope: KeyScope): EdgeKey {
    const known = this.#found.get(`${scope} ${sha256}`);
    if (known !== undefined) return known;
    const { id, name, share, maxSessions, maxWaiting, rowsPerMinute = null, targetMsPerToken = null } = entry;
    const key: EdgeKey = { id, name, share, maxSessions, maxWaiting, rowsPerMinute, targetMsPerToken };
    this.#found.set(`${scope} ${sha256}`, key);
    this.#proofs.set(key, { sha256, scope });
    return key;
  }

  #take(book: KeyBook): void {
    this.#entries = new Map(book.map((entry) => [entry.id, entry]));
    this.#found = new Map();
  }

  #scheduleCheck(): void {
    const check = async (): Promise<void> => {
      await this.#check();
      if (this.#timer !== undefined) this.#scheduleCheck();
    };
    this.#timer = setTimeout(() => void check(), this.#settings.everyMs ?? 1000).unref();
  }

  async #check(): Promise<void> {
    const stamp = await stampOf(this.#path);
    const hasChanged = stamp !== this.#stamp;
    this.#stamp = stamp;
    try {
      if (hasChanged) this.#take(await loadKeys(this.#path));
    } catch (error) {
      this.#settings.onProblem?.(error);
    }
    const accepted = this.#acceptance();
    if (accepted === this.#accepted) return;
    this.#accepted = accepted;
    this.#settings.onChange?.(this);
  }

  /** Who gets in now, and with what. */
  #acceptance(): string {
    const nowMs = this.#now();
    const valid = [...this.#entries.values()].filter((entry) => keyState(entry, nowMs) === 'valid');
    const secrets = valid.map((entry) => [entry.sha256, hasGrace(entry, nowMs) ? entry.former?.sha256 : null]);
    return JSON.stringify(valid.map(({ former: _former, ...entry }, index) => [entry, secrets[index]]));
  }
}

/**
 * Whether the key that was typed, or set in the environment, is shown. Digests have equal lengths, so the time does not depend on the key.
 */
export function isTypedKey(key: Secret, shown: string): boolean {
  return isSame(hashText(key.reveal()), hashText(shown));
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'));
}

/** Another for each state of a file; '' while it is not there. */
async function stampOf(path: string): Promise<string> {
  const status = await stat(path, { bigint: true }).catch(() => null);
  return status === null ? '' : `${status.ino} ${status.size} ${status.mtimeNs} ${status.ctimeNs}`;
}
