// The golden frames with which workers in Python are tested: the same bytes in both languages.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decodeFrame, encodeFrame } from './frames.ts';

interface Golden {
  readonly name: string;
  readonly kind: string;
  readonly hex: string;
  readonly fields: object;
}

const frames = JSON.parse(readFileSync('workers/rows/tests/golden.json', 'utf8')) as Golden[];
const evaluated = frames.find(({ name }) => name === 'evaluate: two items, every ask') as Golden;

it.each(frames)('$name', ({ kind, hex }) => {
  const frame = decodeFrame(Buffer.from(hex, 'hex').subarray(4));
  expect(frame.kind).toBe(kind);
  expect(Buffer.from(encodeFrame(frame)).toString('hex')).toBe(hex);
});

it('are read as the same numbers', () => {
  expect(decodeFrame(Buffer.from(evaluated.hex, 'hex').subarray(4))).toMatchObject({
    step: 4_294_967_295,
    items: [
      {
        sequence: 2,
        keep: 7,
        ids: [5, 6],
        rows: 2,
        asks: [
          { row: 0, allowed: Uint32Array.of(2_147_483_649, 3), beside: [65, 9], normalises: true },
          { row: 1, normalises: true },
        ],
      },
      { sequence: 1, keep: 70_000, ids: [151_935], asks: [{ row: 0, beside: [4], normalises: false }] },
    ],
  });
});
