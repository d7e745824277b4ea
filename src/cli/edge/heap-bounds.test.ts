import { describe, expect, it } from 'vitest';
import { freshGivenBack, type GivenBack, lookAtMemory } from './heap-bounds.ts';

const mebibyte = 1_048_576;

/** Looks at these amounts of resident memory, MiB, each of which would fall to `left`. @returns the looks that gave memory back */
function looks(resident: readonly number[], left: number): readonly number[] {
  const given: number[] = [];
  let state: GivenBack = freshGivenBack(200 * mebibyte);
  for (const [index, amount] of resident.entries()) {
    state = lookAtMemory(state, amount * mebibyte, () => {
      given.push(index);
      return left * mebibyte;
    });
  }
  return given;
}

describe('memory of an edge', () => {
  it('is given back where much more is resident than after the last time', () => {
    expect(looks([210, 239, 241, 230, 249, 260], 210)).toEqual([2, 5]);
  });

  it('is left alone where the edge needs it: each time that brings little makes the next one rarer', () => {
    const growing = Array.from({ length: 40 }, (_, index) => 250 + 50 * index);
    let [state, given]: [GivenBack, number[]] = [freshGivenBack(200 * mebibyte), []];
    for (const [index, amount] of growing.entries()) {
      state = lookAtMemory(state, amount * mebibyte, () => {
        given = [...given, index];
        return amount * mebibyte;
      });
    }
    expect(given).toEqual([0, 2, 5, 10, 19, 36]);
  });

  it('counts from the least that was resident', () => {
    expect(looks([150, 185, 191], 150)).toEqual([2]);
  });
});
