import { describe, expect, it } from 'vitest';
import { freshGivenBack, type GivenBack, lookAtMemory } from './heap-bounds.ts';

const mebibyte = 1_048_576;

/** Looks at these amounts of resident memory, MiB, each of which would fall to `left`. @returns the looks that gave memory back */
function looks(resident: readonly number[], left: number, used = 0): readonly number[] {
  const given: number[] = [];
  let state: GivenBack = freshGivenBack(200 * mebibyte);
  for (const [index, amount] of resident.entries()) {
    state = lookAtMemory(state, amount * mebibyte, used * mebibyte, () => {
      given.push(index);
      return left * mebibyte;
    });
  }
  return given;
}

describe('memory of an edge', () => {
  it('is given back where much more is resident than after the last time', () => {
    expect(looks([210, 215, 217, 220, 225, 227], 210)).toEqual([2, 5]);
  });

  it('is left alone where the edge needs it: a time that brings little makes the next ones rarer', () => {
    const growing = Array.from({ length: 40 }, (_, index) => 250 + 50 * index);
    let [state, given]: [GivenBack, number[]] = [freshGivenBack(200 * mebibyte), []];
    for (const [index, amount] of growing.entries()) {
      state = lookAtMemory(state, amount * mebibyte, 0, () => {
        given = [...given, index];
        return amount * mebibyte;
      });
    }
    expect(given).toEqual([0, ...Array.from({ length: 13 }, (_, index) => 2 + 3 * index)]);
  });

  it('counts from the least that was resident', () => {
    expect(looks([150, 165, 167], 150)).toEqual([2]);
  });

  it('is given back the more seldom the more objects there are to look at', () => {
    expect(looks([230, 299, 301], 200, 200)).toEqual([2]);
  });
});
