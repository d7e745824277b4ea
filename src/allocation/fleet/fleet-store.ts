// What the controllers of a fleet share: small records, each with a revision, and leases on some of them. Only who leads, and addresses, are
// kept here; tokens, prompts, drafts and reports never are. No verb needs a clock of the store. The six verbs fit a key-value bucket whose
// writes have sequence numbers, and a Lease of Kubernetes: `acquire` and `renew` replace one object if its resource version is the given
// one, `release` empties its holder, `get` and `watch` are its own, `put` writes another object.

import type { OutriderError } from '../../core/basics/errors.ts';

export interface FleetRecord {
  /** Empty: the lease is released. */
  readonly value: string;
  /** The number of its last write. A store counts all writes: a later write has a larger revision. */
  readonly revision: number;
}

/** The store was not reached, or could not write: whether the write was done is not known. */
export interface Failed {
  readonly kind: 'failed';
  readonly error: OutriderError;
}

export type Written =
  | { readonly kind: 'done'; readonly revision: number }
  /** The record does not have the given revision; it stays as it is. */
  | { readonly kind: 'refused' }
  | Failed;

/** Null: it was never written. A record may be an older one: a store can answer from a copy. */
export type Found = { readonly kind: 'found'; readonly record: FleetRecord | null } | Failed;

/** Characters of a value at most. */
export const mostValueLength = 4096;

/**
 * Every callback is called after the call has returned, once, or never where an answer is lost. Answers may come in another order than the
 * calls. Keys have 1 to 128 letters, digits, and . _ - ; values have up to {@link mostValueLength} characters.
 */
export interface FleetStore {
  /** Takes a lease. @param over the revision of the record that it replaces; 0: there is none */
  acquire(key: string, value: string, over: number, written: (answer: Written) => void): void;
  /** Confirms a lease. @param revision of the holder's last write */
  renew(key: string, value: string, revision: number, written: (answer: Written) => void): void;
  /** Gives a lease back: the value becomes empty. @param revision of the holder's last write */
  release(key: string, revision: number, written: (answer: Written) => void): void;
  get(key: string, found: (answer: Found) => void): void;
  /** Writes, whatever is there. */
  put(key: string, value: string, written: (answer: Written) => void): void;
  /** Called with the present record, if there is one, and with later ones; some of several quick ones may be left out. @returns ends it */
  watch(key: string, changed: (record: FleetRecord) => void): () => void;
}
