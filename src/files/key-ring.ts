// The keys that a running edge takes: those of the file as it is now, at most two seconds late. A file that can't be read leaves the last
// good keys in force.

import { timingSafeEqual } from 'node:crypto';
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
import { Secret } from '../core/basics/secret.ts';
import type { EdgeKey } from '../core/protocol/edge/edge-key.ts';
import { hashText } from '../models/files/cache.ts';
import { type LoadedFiles, loadFiles } from './follow-files.ts';
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
  /** Called once for each cause why the file can't be read, until it can. */
  readonly onProblem?: (error: unknown) => void;
  /** Period of the checks of the file, ms. */
  readonly everyMs?: number;
  /** ms since 1970. */
  readonly now?: () => number;
}

/** Compared with when there is no such key, so that an unknown id takes as long as a wrong secret. */
const noDigest = '0'.repeat(64);

export class KeyRing implements Disposable {
  readonly #file: LoadedFiles<KeyBook>;
  readonly #now: () => number;
  #entries: ReadonlyMap<string, KeyEntry> = new Map();
  #found = new Map<string, EdgeKey>();
  #accepted: string;
  #following: Disposable | undefined;

  private constructor(file: LoadedFiles<KeyBook>, now: () => number) {
    this.#file = file;
    this.#now = now;
    this.#take(file.first);
    this.#accepted = this.#acceptance();
  }

  /** Reads the file. @throws OutriderError `keys-unreadable`, `version-mismatch` */
  static async load(path: string, now: () => number = Date.now): Promise<KeyRing> {
    return new KeyRing(await loadFiles([path], () => loadKeys(path)), now);
  }

  /** Reads the file, and follows it until it is disposed of. @throws OutriderError `keys-unreadable`, `version-mismatch` */
  static async open(path: string, settings: KeyRingSettings = {}): Promise<KeyRing> {
    const ring = await KeyRing.load(path, settings.now);
    ring.follow(settings);
    return ring;
  }

  /** Follows the file as it has been since it was read, until it is disposed of. */
  follow({ onChange, onProblem = () => {}, everyMs = 1000 }: Omit<KeyRingSettings, 'now'>): void {
    this.#following = this.#file.follow({
      checked: (book) => {
        if (book !== null) this.#take(book);
        const accepted = this.#acceptance();
        if (accepted === this.#accepted) return;
        onChange?.(this);
        this.#accepted = accepted;
      },
      onProblem,
      everyMs,
    });
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

  /** A key that was found before, or a copy of it, as it would be found now by the same secret; null: it would not. */
  renew({ id, proof }: EdgeKey): EdgeKey | null {
    const entry = this.#entries.get(id);
    if (entry === undefined || proof === undefined) return null;
    const [scope, sha256] = proof.reveal().split(' ') as [KeyScope, string];
    return hasScope(entry, scope) && takesDigest(entry, sha256, this.#now()) ? this.#keyOf(entry, sha256, scope) : null;
  }

  [Symbol.dispose](): void {
    this.#following?.[Symbol.dispose]();
  }

  #keyOf(entry: KeyEntry, sha256: string, scope: KeyScope): EdgeKey {
    const proof = `${scope} ${sha256}`;
    const known = this.#found.get(proof);
    if (known !== undefined) return known;
    const { id, name, share, maxSessions, maxWaiting, rowsPerMinute = null, targetMsPerToken = null } = entry;
    const limits = { maxSessions, maxWaiting, rowsPerMinute, targetMsPerToken };
    const key: EdgeKey = { id, name, share, ...limits, proof: new Secret(proof) };
    this.#found.set(proof, key);
    return key;
  }

  #take(book: KeyBook): void {
    this.#entries = new Map(book.map((entry) => [entry.id, entry]));
    this.#found = new Map();
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
