import { expect, it } from 'vitest';
import { bed, edgeReport } from './controller.fixture.ts';
import { RowLedger } from './row-ledger.ts';

const used = (key: string, rows: number) => ({ key, rows, rowsPerMinute: 600 });

it('tells each edge once what the others have used since', () => {
  const { join, say, slot, told, controller } = bed();
  const links = ['a', 'b', 'c'].map((id) => join('edge', id));
  const [a, b, c] = links as [number, number, number];
  for (const link of links) say(link, edgeReport());
  const heard = (link: number) => told(link).flatMap((one) => (one.kind === 'rows-elsewhere' ? [one.rowsUsed] : []));
  say(a, edgeReport({ seq: 2, rowsUsed: [used('ada', 5), used('bob', 1)] }));
  // The same report again counts once.
  say(a, edgeReport({ seq: 2, rowsUsed: [used('ada', 5), used('bob', 1)] }));
  say(b, edgeReport({ seq: 2, rowsUsed: [used('ada', 7)] }));
  slot();
  expect(heard(a)).toEqual([[used('ada', 7)]]);
  expect(heard(b)).toEqual([[used('ada', 5), used('bob', 1)]]);
  expect(heard(c)).toEqual([[used('ada', 12), used('bob', 1)]]);
  slot();
  expect(heard(c)).toHaveLength(1);
  // One that is away is told when it is back.
  controller.closed(c, 'edge-unreachable');
  say(a, edgeReport({ seq: 3, rowsUsed: [used('ada', 2)] }));
  slot();
  const again = join('edge', 'c');
  slot();
  expect(heard(again)).toEqual([[used('ada', 2)]]);
});

it('tells no more keys at a time than a message holds', () => {
  const ledger = new RowLedger();
  ledger.note(
    Array.from({ length: 1500 }, (_, index) => used(`k${index}`, 1)),
    ['a'],
  );
  expect([ledger.take('a').length, ledger.take('a').length, ledger.take('a').length]).toEqual([1000, 500, 0]);
});
