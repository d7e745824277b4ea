import { describe, expect, it } from 'vitest';
import { isVoid, nextRun, type PacedRun, type PlannedRun, planRuns, tryLimits } from './wall-plan.ts';

const plan = planRuns({ modes: ['ar', 'sd', 'stream'], roundTripsMs: [0, 60], repeats: 3 });

function made(planned: PlannedRun, overranSteps = 0): PacedRun {
  return { ...planned, pacedSteps: 200, overranSteps };
}

describe('the plan of a wall bench', () => {
  it('has every cell once in each repeat, with modes in another order', () => {
    expect(plan).toHaveLength(18);
    const orders = [0, 1, 2].map((repeat) =>
      plan.filter((run) => run.repeat === repeat && run.roundTripMs === 60).map(({ mode }) => mode),
    );
    expect(orders).toEqual([
      ['ar', 'sd', 'stream'],
      ['sd', 'stream', 'ar'],
      ['stream', 'ar', 'sd'],
    ]);
    expect(plan.slice(0, 6).every(({ repeat }) => repeat === 0)).toBe(true);
  });

  it('goes through in order and comes to an end', () => {
    const runs: PacedRun[] = [];
    for (let next = nextRun(plan, runs); next !== undefined; next = nextRun(plan, runs)) runs.push(made(next));
    expect(runs).toEqual(plan.map((planned) => made(planned)));
  });

  it('repeats a void run at once, at most twice', () => {
    const [first, second] = plan as [PlannedRun, PlannedRun];
    expect(nextRun(plan, [made(first, 3)])).toEqual(first);
    expect(nextRun(plan, [made(first, 3), made(first)])).toEqual(second);
    expect(nextRun(plan, [made(first, 3), made(first, 3), made(first, 3)])).toEqual(second);
  });

  it('repeats no more than a third of the plan on a machine that never holds the pace', () => {
    const runs: PacedRun[] = [];
    for (let next = nextRun(plan, runs); next !== undefined; next = nextRun(plan, runs)) runs.push(made(next, 9));
    expect(runs).toHaveLength(18 + 6);
  });

  it('tries every run as often as it is told to', () => {
    const runs: PacedRun[] = [];
    const next = (): PlannedRun | undefined => nextRun(plan, runs, tryLimits(4));
    for (let planned = next(); planned !== undefined; planned = next()) runs.push(made(planned, 9));
    expect(runs).toHaveLength(18 * 4);
    expect(tryLimits(null)).toEqual({ perRun: 3, repeatShare: 1 / 3 });
  });
});

describe('a void run', () => {
  it('has more than one step in a hundred that overran', () => {
    expect(isVoid({ pacedSteps: 200, overranSteps: 2 })).toBe(false);
    expect(isVoid({ pacedSteps: 200, overranSteps: 3 })).toBe(true);
    expect(isVoid({ pacedSteps: 60, overranSteps: 1 })).toBe(true);
    expect(isVoid({ pacedSteps: 0, overranSteps: 0 })).toBe(false);
  });
});
