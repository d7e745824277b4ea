// A bound under the objective `felt` for a first look: every device as if it were alone.

import type { Problem } from '../search/problem.ts';
import type { FeltProblem } from './felt-problem.ts';
import { promptRoot } from './felt-prompt.ts';

/** Each device alone on its best server: a bound in closed form, for a first look. @returns ms, constants left out */
export function boundFeltAlone({ deviceCount, linkStart, felt }: Problem): number {
  const { gridStart, costMs, bandMs } = felt as FeltProblem;
  let sumMs = 0;
  for (let device = 0; device < deviceCount; device++) {
    let least = Number.POSITIVE_INFINITY;
    for (let link = linkStart[device] as number; link < (linkStart[device + 1] as number); link++) {
      for (let at = gridStart[link] as number; at < (gridStart[link + 1] as number); at++) {
        least = Math.min(
          least,
          (costMs[at] as number) + (bandMs[link] as number) + promptRoot(felt as FeltProblem, link) ** 2,
        );
      }
    }
    if (least < Number.POSITIVE_INFINITY) sumMs += least;
  }
  return sumMs;
}
