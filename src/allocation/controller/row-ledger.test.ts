import { expect, it } from 'vitest';
import { bed, edgeReport } from './controller.fixture.ts';
import { RowLedger } from './row-ledger.ts';

/** What an edge gets that confirms nothing. */
const take = (ledger: RowLedger, edge: string) => ledger.next(edge, null)?.rowsUsed ?? [];
const used = (key: string, rows: number) => ({ key, rows, rowsPerMinute: 600 });

it('sends each edge once what the others have used since', () => {
  const { join, say, slot, sentTo, controller } = bed();
  const links = ['a', 'b', 'c'].map((id) => join('edge', id));
  const [a, b, c] = links as [number, number, number];
  for (const link of links) say(link, edgeReport());
  const received = (link: number) =>
    sentTo(link).flatMap((one) => (one.kind === 'rows-elsewhere' ? [one.rowsUsed] : []));
  say(a, edgeReport({ seq: 2, rowsUsed: [used('ada', 5), used('bob', 1)] }));
  // The same report again counts once.
  say(a, edgeReport({ seq: 2, rowsUsed: [used('ada', 5), used('bob', 1)] }));
  say(b, edgeReport({ seq: 2, rowsUsed: [used('ada', 7)] }));
  slot();
  expect(received(a)).toEqual([[used('ada', 7)]]);
  expect(received(b)).toEqual([[used('ada', 5), used('bob', 1)]]);
  expect(received(c)).toEqual([[used('ada', 12), used('bob', 1)]]);
  slot();
  expect(received(c)).toHaveLength(1);
  // One that is away gets them when it is back.
  controller.closed(c, 'edge-unreachable');
  say(a, edgeReport({ seq: 3, rowsUsed: [used('ada', 2)] }));
  slot();
  const again = join('edge', 'c');
  slot();
  expect(received(again)).toEqual([[used('ada', 2)]]);
});

it('sends no more keys at a time than a message holds', () => {
  const ledger = new RowLedger();
  ledger.note(
    'b',
    Array.from({ length: 1500 }, (_, index) => used(`k${index}`, 1)),
    ['a'],
    0,
  );
  expect([take(ledger, 'a').length, take(ledger, 'a').length, take(ledger, 'a').length]).toEqual([1000, 500, 0]);
});

it('keeps for a minute what an edge that has left is to get, and never what it has evaluated itself', () => {
  const ledger = new RowLedger();
  ledger.note('b', [used('ada', 0)], [], 0);
  ledger.leave('b', 0);
  ledger.note('a', [used('ada', 5)], ['a'], 30_000);
  ledger.note('b', [used('ada', 3)], ['a', 'b'], 30_000);
  expect([take(ledger, 'a'), take(ledger, 'b')]).toEqual([[used('ada', 3)], [used('ada', 5)]]);
  ledger.leave('b', 40_000);
  ledger.note('a', [used('ada', 7)], ['a'], 99_999);
  ledger.note('a', [used('ada', 1)], ['a'], 100_000);
  expect(take(ledger, 'b')).toEqual([]);
});

it('gives an edge that comes later what the others have used and counts still, a minute at most', () => {
  const ledger = new RowLedger();
  ledger.join('a', 0);
  ledger.note('a', [used('ada', 300), used('bob', 2000)], ['a'], 0);
  ledger.join('b', 15_000);
  expect(take(ledger, 'b')).toEqual([used('ada', 150), used('bob', 600)]);
  expect(take(ledger, 'b')).toEqual([]);
  ledger.leave('b', 20_000);
  ledger.join('b', 21_000);
  expect(take(ledger, 'b')).toEqual([]);
  ledger.join('c', 1e9);
  expect(take(ledger, 'c')).toEqual([]);
});

it('keeps no more than a minute of a key for an edge: what it sends is always a message', () => {
  const ledger = new RowLedger();
  for (let count = 0; count < 3; count += 1) ledger.note('b', [used('ada', 1e9)], ['a'], 0);
  expect(take(ledger, 'a')).toEqual([used('ada', 600)]);
});

it('remembers the last thousand edges that have left, for a minute, and none before there is anything to count', () => {
  const ledger = new RowLedger();
  ledger.leave('early', 0);
  ledger.note('x', [used('ada', 600)], ['x'], 0);
  expect(take(ledger, 'early')).toEqual([]);
  for (let index = 0; index <= 1000; index += 1) ledger.leave(`e${index}`, 0);
  ledger.note('x', [used('bob', 5)], ['x'], 1000);
  expect([take(ledger, 'e0'), take(ledger, 'e1')]).toEqual([[], [used('bob', 5)]]);
  // One that leaves ends the minute of others, without a report.
  ledger.leave('late', 61_000);
  expect(take(ledger, 'e2')).toEqual([]);
});

it('keeps what an edge is to get that came back within the minute, however long it then waits', () => {
  const ledger = new RowLedger();
  ledger.note('b', [used('ada', 1)], ['a', 'b'], 0);
  ledger.leave('a', 0);
  ledger.join('a', 59_999);
  ledger.note('b', [used('ada', 2)], ['a', 'b'], 60_000);
  ledger.leave('c', 200_000);
  expect(take(ledger, 'a')).toEqual([used('ada', 3)]);
});

it('sends a parcel again over the next connection until it is confirmed, under an id that no other run has', () => {
  const ledger = new RowLedger(3);
  const parcel = (id: string, rows: number) => ({ id, rowsUsed: [used('ada', rows)] });
  ledger.note('b', [used('ada', 5)], ['a'], 0);
  expect([ledger.next('a', 1), ledger.next('a', 1)]).toEqual([parcel('3.1', 5), null]);
  ledger.note('b', [used('ada', 7)], ['a'], 0);
  expect([ledger.next('a', 1), ledger.next('a', 2)]).toEqual([null, parcel('3.1', 5)]);
  for (const id of ['2.1', null, undefined]) ledger.confirmed('a', id);
  expect(ledger.next('a', 3)).toEqual(parcel('3.1', 5));
  ledger.confirmed('a', '3.1');
  expect(ledger.next('a', 3)).toEqual(parcel('3.2', 7));
});

it('counts the rows of one id once, also of an edge that was away, and those of another id or of none', () => {
  const ledger = new RowLedger();
  const note = (id?: string) => ledger.note('b', [used('ada', 1)], ['a'], 0, id);
  for (const id of ['x', 'x', 'y', undefined, undefined]) note(id);
  ledger.leave('b', 0);
  ledger.join('b', 1);
  note('y');
  expect(take(ledger, 'a')).toEqual([used('ada', 4)]);
});
