import { describe, expect, it } from 'vitest';
import { checkMemory, freshGivenBack, type GivenBack } from './heap-bounds.ts';

const mebibyte = 1_048_576;

/** Checks these amounts of resident memory, MiB, each of which would fall to `left`. @returns the checks that gave memory back */
function checks(resident: readonly number[], left: number | 'as it is', used = 0): readonly number[] {
  const given: number[] = [];
  let state: GivenBack = freshGivenBack(200 * mebibyte);
  for (const [index, amount] of resident.entries()) {
    state = checkMemory(state, amount * mebibyte, used * mebibyte, () => {
      given.push(index);
      return (left === 'as it is' ? amount : left) * mebibyte;
    });
  }
  return given;
}

describe('memory of an edge', () => {
  it('is given back where much more is resident than after the last time', () => {
    expect(checks([210, 215, 217, 220, 225, 227], 210)).toEqual([2, 5]);
  });

  it('is left alone where the edge needs it: after a check that brought little, two are left out', () => {
    const growing = Array.from({ length: 40 }, (_, index) => 250 + 50 * index);
    expect(checks(growing, 'as it is')).toEqual(Array.from({ length: 14 }, (_, index) => 3 * index));
  });

  it('counts from the least that was resident', () => {
    expect(checks([150, 165, 167], 150)).toEqual([2]);
  });

  it('is given back the more seldom the more objects there are to visit', () => {
    expect(checks([230, 299, 301], 200, 200)).toEqual([2]);
  });
});
