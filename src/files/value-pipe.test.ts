import { expect, it } from 'vitest';
import { ValueReader, valueBytes } from './value-pipe.ts';

const values = [{ list: Float64Array.of(1.5, Number.NaN), no: undefined }, 'text', Int32Array.of(-1, 7), null];
const bytes = Buffer.concat(values.flatMap(valueBytes));

it.each([1, 3, 4, 7, 64, bytes.length])('reads what was written, in parts of %i bytes', (size) => {
  const reader = new ValueReader();
  const read: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size) read.push(...reader.take(bytes.subarray(at, at + size)));
  expect(read).toEqual(values);
});

it('refuses a value by its length, before it is there, and bytes that are no value', () => {
  let most = 100;
  const reader = new ValueReader(() => most);
  const [head, body] = valueBytes('x'.repeat(100));
  expect(() => [...reader.take(head)]).toThrow(`a message has ${body.length} bytes. Allowed: 100`);
  most = body.length;
  expect([...reader.take(body)]).toEqual(['x'.repeat(100)]);
  expect(() => [...reader.take(Buffer.from([2, 0, 0, 0, 1, 2]))]).toThrow();
});
