import { expect, it } from 'vitest';
import { RowOutbox } from './row-outbox.ts';

const used = (key: string, rows: number) => ({ key, rows, rowsPerMinute: 600 });

it('keeps a parcel as it is until its own id is confirmed, and what comes meanwhile for the next one', () => {
  const box = new RowOutbox();
  let drawn = 0;
  const parcel = (most = 9) => box.parcel(most, () => `${++drawn}`);
  expect(parcel()).toBeNull();
  for (const [key, rows] of [
    ['ada', 5],
    ['bob', 1],
    ['ada', 2],
  ] as const)
    box.add(used(key, rows));
  expect(parcel(1)).toEqual({ id: '1', rowsUsed: [used('ada', 7)] });
  box.add(used('ada', 20), 9);
  box.confirmed('2');
  expect([parcel()?.id, box.rowsOf('ada'), box.rowsOf('bob'), box.rowsOf('eve')]).toEqual(['1', 16, 1, 0]);
  box.confirmed('1');
  box.confirmed('1');
  // Those that have waited longest come first.
  expect([parcel(1)?.rowsUsed, box.rowsOf('ada')]).toEqual([[used('bob', 1)], 9]);
  box.confirmed('2');
  expect(parcel()).toEqual({ id: '3', rowsUsed: [used('ada', 9)] });
  box.confirmed('3');
  expect([parcel(), box.rowsOf('ada'), drawn]).toEqual([null, 0, 3]);
});
