import { describe, expect, it } from 'vitest';
import { retrySecondsOf } from '../../basics/retry-time.ts';
import { edgeKey } from './edge-key.ts';
import type { RowsUsed } from './row-outbox.ts';
import { RowQuotas } from './row-quotas.ts';

const key = edgeKey('ada', { rowsPerMinute: 600 });

/** What is to be sent, and counts as confirmed then. */
function take({ unsent }: RowQuotas): readonly RowsUsed[] {
  const parcel = unsent.parcel(10, () => 'id');
  unsent.confirmed('id');
  return parcel?.rowsUsed ?? [];
}

/** Seconds to wait; 0: it may begin. */
function waitOf(quotas: RowQuotas, neededRows: number, promisedRows: number, nowMs: number): number | undefined {
  try {
    quotas.demand(key, neededRows, promisedRows, nowMs);
    return 0;
  } catch (error) {
    expect(error).toMatchObject({ code: 'quota-used' });
    return retrySecondsOf((error as { readonly remedy: string }).remedy);
  }
}

describe('a quota of rows', () => {
  it('lets a key use its rows of a minute at once, and fills evenly', () => {
    const quotas = new RowQuotas();
    expect(waitOf(quotas, 600, 0, 0)).toBe(0);
    quotas.spend(key, 600, 0);
    expect(waitOf(quotas, 100, 0, 0)).toBe(10);
    expect(waitOf(quotas, 100, 0, 9_000)).toBe(1);
    expect(waitOf(quotas, 100, 0, 10_000)).toBe(0);
    expect(waitOf(quotas, 600, 0, 1e9)).toBe(0);
  });

  it('counts what answers that have begun still need: many at once do not get more', () => {
    const quotas = new RowQuotas();
    expect(waitOf(quotas, 100, 500, 0)).toBe(0);
    expect(waitOf(quotas, 101, 500, 0)).toBe(1);
  });

  it('lets a text that is longer than a minute begin where nothing is used, and lets the next one wait for it', () => {
    const quotas = new RowQuotas();
    expect(waitOf(quotas, 5000, 0, 0)).toBe(0);
    quotas.spend(key, 5000, 0);
    expect(waitOf(quotas, 1, 0, 0)).toBe(441);
    quotas.spend(key, 1, 60_000);
    expect(waitOf(quotas, 5000, 0, 60_000)).toBe(441);
  });

  it('counts the rows of other edges, and tells only its own', () => {
    const quotas = new RowQuotas();
    quotas.spentElsewhere({ key: 'ada', rows: 600, rowsPerMinute: 600 }, 0);
    quotas.spend(key, 60, 0);
    expect(waitOf(quotas, 60, 0, 0)).toBe(12);
    // What is sent is kept until it is confirmed.
    quotas.unsent.parcel(1, () => 'id');
    expect(quotas.kept(0)).toMatchObject([{ quota: { unsentRows: 60 } }]);
    expect(take(quotas)).toEqual([{ key: 'ada', rows: 60, rowsPerMinute: 600 }]);
    expect(quotas.kept(0)).toMatchObject([{ quota: { unsentRows: 0 } }]);
    expect(take(quotas)).toEqual([]);
  });

  it('is in debt by a minute at most for what other edges say, and after a restart', () => {
    const quotas = new RowQuotas();
    for (let count = 0; count < 3; count += 1) quotas.spentElsewhere({ key: 'ada', rows: 1e9, rowsPerMinute: 600 }, 0);
    expect([waitOf(quotas, 60, 0, 0), waitOf(quotas, 60, 0, 66_000)]).toEqual([66, 0]);
    // What was evaluated here counts whole until then.
    quotas.spend(key, 6000, 0);
    quotas.spentElsewhere({ key: 'ada', rows: 1, rowsPerMinute: 600 }, 0);
    expect(waitOf(quotas, 60, 0, 0)).toBe(666);
    const kept = quotas.kept(0);
    expect(kept).toMatchObject([{ quota: { leftRows: -600 } }]);
    const large = [{ key: 'ada', rows: 0, quota: { rowsPerMinute: 600, leftRows: -9e15, unsentRows: 0 } }];
    for (const one of [kept, large]) expect(waitOf(new RowQuotas(() => true, one), 60, 0, 0)).toBe(66);
  });

  it('neither comes back sooner, nor later, for what another edge says that it is', () => {
    for (const rowsPerMinute of [1, 1e9]) {
      const quotas = new RowQuotas();
      quotas.spend(key, 600, 0);
      for (const nowMs of [1000, 2000]) quotas.spentElsewhere({ key: 'ada', rows: 0, rowsPerMinute }, nowMs);
      expect(waitOf(quotas, 60, 0, 2000)).toBe(4);
      // A quota of which nothing is used may be another one now.
      quotas.spentElsewhere({ key: 'ada', rows: 0, rowsPerMinute }, 90_000);
      expect(quotas.stillUsed({ key: 'ada', rows: 9, rowsPerMinute }, 90_000).rows).toBe(0);
    }
  });

  it('is of one key, and there is none without one', () => {
    const quotas = new RowQuotas();
    quotas.spend(key, 1e6, 0);
    quotas.demand(edgeKey('bob', { rowsPerMinute: 1 }), 1, 0, 0);
    quotas.spend(edgeKey('free'), 1e9, 0);
    quotas.demand(edgeKey('free'), 1e9, 0, 0);
    expect(take(quotas).map(({ key: id }) => id)).toEqual(['ada']);
  });

  it('is not emptied by a clock that goes backwards', () => {
    const quotas = new RowQuotas();
    quotas.spend(key, 600, 60_000);
    expect(waitOf(quotas, 10, 0, 0)).toBe(1);
  });

  it('goes on after a restart where it was: what is used stays used, and nothing comes back meanwhile', () => {
    const before = new RowQuotas((id) => id !== 'bob');
    before.spend(key, 650, 0);
    before.spend(edgeKey('free'), 7, 0);
    before.spend(edgeKey('bob'), 9, 0);
    take(before);
    before.spend(key, 10, 6000);
    const kept = before.kept(6000);
    expect(kept).toEqual([
      { key: 'ada', rows: 660, quota: { rowsPerMinute: 600, leftRows: 0, unsentRows: 10 } },
      { key: 'free', rows: 7 },
    ]);
    // The clock of the next run may begin anywhere.
    const after = new RowQuotas((id) => id !== 'bob', kept, 1e9);
    expect(waitOf(after, 100, 0, 1e9)).toBe(10);
    expect(waitOf(after, 100, 0, 1e9 + 10_000)).toBe(0);
    expect(take(after)).toEqual([{ key: 'ada', rows: 10, rowsPerMinute: 600 }]);
    after.spend(edgeKey('free'), 1, 1e9);
    expect(after.kept(2e9)).toEqual([
      { key: 'ada', rows: 660 },
      { key: 'free', rows: 8 },
    ]);
  });

  it('has nothing to keep of a key that has used nothing here and whose quota is whole again', () => {
    const quotas = new RowQuotas();
    quotas.spentElsewhere({ key: 'ada', rows: 600, rowsPerMinute: 600 }, 0);
    expect(quotas.kept(59_000)).toHaveLength(1);
    expect(quotas.kept(60_000)).toEqual([]);
  });

  it('has still used only what has not come back', () => {
    const quotas = new RowQuotas();
    quotas.spend(key, 600, 0);
    const [used = { key: '', rows: 0, rowsPerMinute: 1 }] = take(quotas);
    const still = [0, 30_000, 60_000, 90_000].map((nowMs) => quotas.stillUsed(used, nowMs).rows);
    expect(still).toEqual([600, 300, 0, 0]);
    // A part of a row that is missing is a row: 10 come back in a second.
    expect([1, 99, 100, 59_999].map((nowMs) => quotas.stillUsed(used, nowMs).rows)).toEqual([600, 600, 599, 1]);
  });
});
