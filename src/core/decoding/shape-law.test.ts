import { describe, expect, it } from 'vitest';
import {
  type CallPart,
  describeLaw,
  engineRows,
  freeLaw,
  isAllowedCall,
  isFree,
  layOutCalls,
  type ShapeLaw,
} from './shape-law.ts';
import { eights, fours, notAlone, threes } from './shape-laws.fixture.ts';

describe('rows of an item', () => {
  it('are the requested ones where the law is free', () => {
    expect([1, 5, 63, 70].map((count) => engineRows(freeLaw, count))).toEqual([1, 5, 63, 70]);
  });

  it('are stairs where calls are padded', () => {
    expect([1, 3, 4, 5, 8, 9, 60, 61].map((count) => engineRows(fours, count))).toEqual([4, 4, 4, 8, 8, 12, 60, 64]);
    expect([1, 2, 3, 64].map((count) => engineRows(notAlone, count))).toEqual([2, 2, 3, 64]);
    expect([63, 64, 65].map((count) => engineRows({ ...notAlone, most: 63 }, count))).toEqual([63, 65, 65]);
    expect([1, 8, 9].map((count) => engineRows(eights, count))).toEqual([8, 8, 16]);
    expect([1, 3, 4].map((count) => engineRows(threes, count))).toEqual([1, 3, 4]);
  });
});

/** The parts of each call: "item, first and last token, padding". */
function callsOf(law: ShapeLaw, items: readonly number[]): string[][] {
  const shown = (part: CallPart): string =>
    `${part.item}, ${part.from} to ${part.from + part.count - 1}, ${part.padding}`;
  return layOutCalls(law, items).map((call) => call.map(shown));
}

describe('the layout of items', () => {
  it('puts all sequences into one call where the law merges them', () => {
    expect(callsOf(fours, [1, 6])).toEqual([['0, 0 to 0, 3', '1, 0 to 5, 2']]);
  });

  it('gives each sequence calls of its own where the law does not merge', () => {
    expect(callsOf(eights, [9, 1])).toEqual([['0, 0 to 7, 0'], ['0, 8 to 8, 7'], ['1, 0 to 0, 7']]);
  });

  it('puts the n-th parts of long items into the n-th call, and lays out no item without tokens', () => {
    const law = { ...freeLaw, most: 4 };
    const [first, second, third] = [
      ['0, 0 to 3, 0', '1, 0 to 3, 0'],
      ['0, 4 to 7, 0', '1, 4 to 5, 0'],
      ['0, 8 to 8, 0'],
    ];
    expect(callsOf(law, [9, 6])).toEqual([first, second, third]);
    expect(() => layOutCalls(law, [3, 0])).toThrow('without tokens');
  });

  it('never makes a call that the law forbids, and loses no token', () => {
    for (const law of [freeLaw, fours, notAlone, threes, eights]) {
      for (let count = 1; count <= 130; count += 1) {
        const parts = layOutCalls(law, [count]).flat();
        expect(parts.every((part) => isAllowedCall(law, part.count + part.padding))).toBe(true);
        expect(parts.reduce((sum, part) => sum + part.count, 0)).toBe(count);
        expect(parts.reduce((sum, part) => sum + part.count + part.padding, 0)).toBe(engineRows(law, count));
      }
    }
  });
});

it('describes itself in words', () => {
  expect([freeLaw, notAlone, fours, threes, eights, { ...threes, most: 1 }].map(describeLaw)).toEqual([
    'any shape',
    'never one row alone',
    'multiples of 4 rows',
    'at most 3 rows a call',
    'calls of 8 rows, sequences apart',
    'one row a call',
  ]);
});

it('is free where it cuts long prompts only', () => {
  const apart = { ...freeLaw, merges: false };
  for (const most of [freeLaw.most, 63, 16]) expect(isFree({ ...freeLaw, most }), `at most ${most}`).toBe(true);
  for (const law of [{ ...freeLaw, most: 15 }, threes, notAlone, fours, apart]) expect(isFree(law)).toBe(false);
  expect(describeLaw({ ...freeLaw, most: 16 })).toBe('any shape');
  expect(describeLaw({ ...freeLaw, most: 15 })).toBe('at most 15 rows a call');
});

it('allows a call by its size and its multiple, not by one of them', () => {
  const law: ShapeLaw = { multiple: 4, least: 4, most: 8, merges: true };
  expect([3, 4, 6, 8, 12].map((rows) => isAllowedCall(law, rows))).toEqual([false, true, false, true, false]);
});
