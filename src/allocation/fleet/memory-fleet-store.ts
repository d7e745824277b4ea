// A fleet store in memory, for one process and for virtual time. Each client has its own way to it, which can be slow, one-way or cut, so that
// tests and trials see late answers, lost renewals and partitions.

import type { OutriderError } from '../../core/basics/errors.ts';
import { invariant } from '../../core/basics/invariant.ts';
import {
  type Failed,
  type FleetRecord,
  type FleetStore,
  type Found,
  mostValueLength,
  type Written,
} from './fleet-store.ts';

/** Runs an action later, once, or never: a request, an answer, or a change that is watched. */
export type Carry = (action: () => void, what: 'request' | 'answer' | 'change') => void;

export class MemoryFleetStore {
  readonly #records = new Map<string, FleetRecord>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #revision = 0;
  /** Not null: every request fails with it, as while a cluster has no leader. */
  failure: OutriderError | null = null;

  /** @param carry must not run an action before it returns */
  open(carry: Carry): FleetStore {
    const ask = <Answer>(answer: () => Answer, answered: (answer: Answer | Failed) => void): void =>
      carry(() => {
        const given = this.failure === null ? answer() : ({ kind: 'failed', error: this.failure } as const);
        carry(() => answered(given), 'answer');
      }, 'request');
    const replace = (key: string, value: string, over: number, written: (answer: Written) => void): void =>
      ask(() => (over === this.#revisionOf(key) ? this.#write(key, value) : refused), written);
    return {
      acquire: replace,
      renew: replace,
      release: (key, revision, written) => replace(key, '', revision, written),
      get: (key, found) =>
        ask((): Exclude<Found, Failed> => ({ kind: 'found', record: this.#records.get(key) ?? null }), found),
      put: (key, value, written) => ask(() => this.#write(key, value), written),
      watch: (key, changed) => this.#watch(key, carry, changed),
    };
  }

  #revisionOf(key: string): number {
    return this.#records.get(key)?.revision ?? 0;
  }

  #write(key: string, value: string): Exclude<Written, Failed> {
    invariant(value.length <= mostValueLength, `a value of ${value.length} characters`);
    this.#revision += 1;
    this.#records.set(key, { value, revision: this.#revision });
    for (const tell of this.#watchers.get(key) ?? []) tell();
    return { kind: 'done', revision: this.#revision };
  }

  #watch(key: string, carry: Carry, changed: (record: FleetRecord) => void): () => void {
    let isEnded = false;
    const send = (): void => {
      const record = this.#records.get(key);
      if (record === undefined) return;
      carry(() => {
        if (!isEnded) changed(record);
      }, 'change');
    };
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(send));
    send();
    return () => {
      isEnded = true;
      watchers.delete(send);
    };
  }
}

const refused: Exclude<Written, Failed> = { kind: 'refused' };
