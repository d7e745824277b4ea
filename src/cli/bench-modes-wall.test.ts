import { describe, expect, it } from 'vitest';
import { runUntilItCounts } from './bench-modes-wall.ts';
import type { WallPrompt, WallRun } from './bench-modes-wall-run.ts';

const prompt = { name: 'p' } as WallPrompt;
const references = new Map([[prompt, [1, 2, 3]]]);

function runWith(tokens: readonly number[], overranSteps: number): WallRun {
  return { report: { tokens }, steps: 60, overranSteps } as unknown as WallRun;
}

function writing(runs: readonly WallRun[]): () => Promise<WallRun> {
  const left = [...runs];
  return async () => left.shift() as WallRun;
}

describe('runUntilItCounts', () => {
  it('takes the first run that held its pacing', async () => {
    const judged = await runUntilItCounts(references, prompt, writing([runWith([1, 2, 3], 0)]));
    expect(judged).toMatchObject([{ isVoid: false, identical: true, prompt: 'p' }]);
  });

  it('voids a run with more than 1 % of its steps overrun, and repeats it at most twice', async () => {
    const second = [runWith([1, 2, 3], 1), runWith([1, 2, 3], 0), runWith([1, 2, 3], 0)];
    expect((await runUntilItCounts(references, prompt, writing(second))).map(({ isVoid }) => isVoid)).toEqual([
      true,
      false,
    ]);
    const never = Array.from({ length: 5 }, () => runWith([1, 2, 3], 6));
    expect(await runUntilItCounts(references, prompt, writing(never))).toHaveLength(3);
  });

  it('compares the text of void runs as well, length included', async () => {
    const judged = await runUntilItCounts(references, prompt, writing([runWith([1, 2, 4], 9), runWith([1, 2], 0)]));
    expect(judged.map(({ identical }) => identical)).toEqual([false, false]);
  });

  it('does not repeat when there is no time left for it', async () => {
    const judged = await runUntilItCounts(references, prompt, writing([runWith([1, 2, 3], 9)]), () => false);
    expect(judged).toMatchObject([{ isVoid: true }]);
  });
});
