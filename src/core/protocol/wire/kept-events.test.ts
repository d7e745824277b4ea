// Kept events against a plain list of them.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeptEvents } from './kept-events.ts';

const change = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), length: fc.nat(40) }),
  fc.record({ kind: fc.constant('drop' as const), count: fc.nat(6) }),
);

it('gives what was added and not given up, and where each byte is', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const events = new KeptEvents();
      let kept: Uint8Array[] = [];
      let first = 0;
      for (const [mark, one] of changes.entries()) {
        if (one.kind === 'add') {
          const event = new Uint8Array(one.length).fill(mark);
          events.add(event);
          kept.push(event);
        } else {
          const count = Math.min(one.count, kept.length);
          events.drop(count);
          for (const { length } of kept.slice(0, count)) first += length;
          kept = kept.slice(count);
        }
        expect(Array.from({ length: kept.length + 1 }, (_, index) => events.at(index))).toEqual([...kept, undefined]);
        expect([events.count, events.firstByte]).toEqual([kept.length, first]);
        let byte = first;
        for (const [index, { length }] of kept.entries()) {
          expect(events.startOf(index)).toBe(byte);
          for (let skip = 0; skip < length; skip += 1) expect(events.find(byte + skip)).toEqual({ index, skip });
          byte += length;
        }
        expect(events.endByte).toBe(byte);
        expect(events.find(byte)).toEqual({ index: kept.length, skip: 0 });
      }
    }),
  );
});

it('lets readers hold what they have read, whatever becomes of the rest', () => {
  const events = new KeptEvents();
  events.add(new Uint8Array([1, 2, 3]));
  const read = events.at(0);
  expect(read?.buffer.byteLength).toBe(3);
  events.add(new Uint8Array(1000));
  events.drop(1);
  events.add(new Uint8Array([9]));
  expect(read).toEqual(new Uint8Array([1, 2, 3]));
  expect(events.at(1)).toEqual(new Uint8Array([9]));
});
