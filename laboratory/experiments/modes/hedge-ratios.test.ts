import { expect, it } from 'vitest';
import { hedgeRatios } from './hedge-ratios.ts';
import type { WallRun, WallText } from './wall-runs.ts';

function run(mode: WallRun['mode'], repeat: number, decodeMs: number, changes: Partial<WallRun> = {}): WallRun {
  const texts = [{ decodeMs, decodedTokens: 10, tokens: 11 } as WallText];
  const window = { machine: 'stream', windowsInFlight: 1, gamma: 0 } as const;
  return { mode, roundTripMs: 10, repeat, ...window, texts, pacedSteps: 100, overranSteps: 0, ...changes };
}

it('compares the runs of each repeat, void runs and single ones left out', () => {
  const runs = [
    run('stream', 0, 400),
    run('stream-hedged', 0, 400),
    // A disturbance that both runs of a repeat meet says nothing.
    run('stream', 1, 800),
    run('stream-hedged', 1, 800),
    run('stream', 2, 400),
    run('stream-hedged', 2, 9000, { overranSteps: 50 }),
    run('stream-hedged', 3, 100),
    run('ar', 0, 1),
  ];
  expect(hedgeRatios(runs)).toEqual({
    hedgedOverPlainRtt10: 1,
    hedgedOverPlainRtt10Low: 1,
    hedgedOverPlainRtt10High: 1,
  });
  expect(hedgeRatios(runs.slice(0, 2))).toEqual({});
  const slower = [run('stream', 4, 400), run('stream-hedged', 4, 500)];
  const ratios = hedgeRatios([...runs, ...slower]);
  expect(ratios['hedgedOverPlainRtt10']).toBeCloseTo(1700 / 1600, 12);
  expect(ratios['hedgedOverPlainRtt10Low']).toBeLessThan(ratios['hedgedOverPlainRtt10High'] ?? 0);
});
