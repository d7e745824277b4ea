// The contract of every fleet store, as a test suite; the test file of each store runs it.

import { afterEach, describe, expect, it } from 'vitest';
import type { FleetRecord, FleetStore, Found, Written } from './fleet-store.ts';

export interface FleetStoreHarness {
  /** Two clients of one store. */
  readonly clients: readonly [FleetStore, FleetStore];
  close(): Promise<void>;
}

const written = (ask: (written: (answer: Written) => void) => void): Promise<Written> => new Promise(ask);
const found = (store: FleetStore, key: string): Promise<Found> => new Promise((resolve) => store.get(key, resolve));

/** The revision of a write that must be done. */
async function done(ask: (written: (answer: Written) => void) => void): Promise<number> {
  const answer = await written(ask);
  expect(answer.kind).toBe('done');
  return answer.kind === 'done' ? answer.revision : Number.NaN;
}

/** Resolves when the condition holds; only the time-out of the test limits it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

export function testFleetStore(name: string, open: () => Promise<FleetStoreHarness>): void {
  describe(`the contract of a fleet store: ${name}`, () => {
    let harness: FleetStoreHarness | null = null;
    afterEach(async () => {
      await harness?.close();
      harness = null;
    });

    async function clients(): Promise<readonly [FleetStore, FleetStore]> {
      harness = await open();
      return harness.clients;
    }

    it('has no record that was never written', async () => {
      const [one] = await clients();
      expect(await found(one, 'lease.a')).toEqual({ kind: 'found', record: null });
    });

    it('gives a lease to one of two that take it at the same time, and shows it to the other', async () => {
      const [one, other] = await clients();
      const answers = await Promise.all([
        written((answer) => one.acquire('lease.a', 'one', 0, answer)),
        written((answer) => other.acquire('lease.a', 'other', 0, answer)),
      ]);
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['done', 'refused']);
      const [first] = answers;
      const value = first.kind === 'done' ? 'one' : 'other';
      expect(await found(other, 'lease.a')).toMatchObject({ kind: 'found', record: { value } });
    });

    it('renews only over the last write, and each write has a larger revision', async () => {
      const [one, other] = await clients();
      const first = await done((answer) => one.acquire('lease.a', 'one', 0, answer));
      const second = await done((answer) => one.renew('lease.a', 'one', first, answer));
      const taken = await done((answer) => other.acquire('lease.a', 'other', second, answer));
      expect([0 < first, first < second, second < taken]).toEqual([true, true, true]);
      expect(await written((answer) => one.renew('lease.a', 'one', second, answer))).toEqual({ kind: 'refused' });
      expect(await written((answer) => one.acquire('lease.a', 'one', 0, answer))).toEqual({ kind: 'refused' });
      expect(await found(one, 'lease.a')).toEqual({ kind: 'found', record: { value: 'other', revision: taken } });
    });

    it('keeps a record that is released, so that revisions go on', async () => {
      const [one, other] = await clients();
      const first = await done((answer) => one.acquire('lease.a', 'one', 0, answer));
      expect(await written((answer) => other.release('lease.a', first + 1, answer))).toEqual({ kind: 'refused' });
      const released = await done((answer) => one.release('lease.a', first, answer));
      expect(await found(other, 'lease.a')).toEqual({ kind: 'found', record: { value: '', revision: released } });
      expect(await written((answer) => one.renew('lease.a', 'one', first, answer))).toEqual({ kind: 'refused' });
      expect(await done((answer) => other.acquire('lease.a', 'other', released, answer))).toBeGreaterThan(released);
    });

    it('puts over any record, and keeps records apart', async () => {
      const [one, other] = await clients();
      const first = await done((answer) => one.put('cell.a', 'here', answer));
      await done((answer) => one.put('cell.b', 'elsewhere', answer));
      const second = await done((answer) => other.put('cell.a', 'there', answer));
      expect(second).toBeGreaterThan(first);
      expect(await found(one, 'cell.a')).toEqual({ kind: 'found', record: { value: 'there', revision: second } });
      expect(await found(one, 'cell.b')).toMatchObject({ record: { value: 'elsewhere' } });
    });

    it('watches one record: what is there, and what comes', async () => {
      const [one, other] = await clients();
      const first = await done((answer) => one.put('cell.a', 'here', answer));
      const seen: FleetRecord[] = [];
      const end = other.watch('cell.a', (record) => seen.push(record));
      await until(() => seen.length > 0);
      expect(seen[0]).toEqual({ value: 'here', revision: first });
      await done((answer) => one.put('cell.b', 'elsewhere', answer));
      const last = await done((answer) => one.acquire('cell.a', 'there', first, answer));
      await until(() => seen.at(-1)?.revision === last);
      expect(seen.at(-1)?.value).toBe('there');
      end();
      const { length } = seen;
      await done((answer) => one.put('cell.a', 'late', answer));
      await found(other, 'cell.a');
      expect(seen).toHaveLength(length);
    });

    it('calls nothing before a call has returned', async () => {
      const [one] = await clients();
      const calls: string[] = [];
      const answered = new Promise<void>((resolve) => {
        one.put('cell.a', 'here', () => {
          calls.push('answered');
          resolve();
        });
      });
      calls.push('returned');
      await answered;
      expect(calls).toEqual(['returned', 'answered']);
    });
  });
}
