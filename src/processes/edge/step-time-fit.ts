// Measures the engine's step times at start-up, so that the scheduler has the cost of a row on this machine.

import type { Clock } from '../../core/basics/clock.ts';
import { engineRows, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import { fitStepTime, type StepTimeModel } from '../../core/scheduling/step-time.ts';
import type { LanguageModel } from '../../models/port/model.ts';

const rowCounts = [1, 2, 3, 4, 6, 8, 12, 16];
const repeats = 3;

/** Runs short batches on a temporary sequence; takes about a second on a slow engine. @param maxRows largest measured batch */
export async function measureStepTime(model: LanguageModel, clock: Clock, maxRows: number): Promise<StepTimeModel> {
  const { law, maxItemTokens } = model.limits;
  const sequence = model.openSequence();
  const samples: { rows: number; ms: number }[] = [];
  const sizes = measuredSizes(law, Math.min(maxRows, maxItemTokens));
  await model.evaluate([{ sequence, tokens: warmUp(16), rows: 1 }]);
  const length = sequence.length;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const rows of sizes) {
      const startMs = clock.nowMs();
      await model.evaluate([{ sequence, tokens: warmUp(rows), rows }]);
      samples.push({ rows, ms: clock.nowMs() - startMs });
      await sequence.truncate(length);
    }
  }
  await sequence.truncate(0);
  await sequence.release();
  return fitStepTime(samples, law);
}

/** Row counts of single calls with different times. If the engine pads calls, these are the largest count of each stair. */
export function measuredSizes(law: ShapeLaw, most: number): number[] {
  const possible = rowCounts.filter((rows) => rows <= Math.min(most, law.most));
  return [...new Map(possible.map((rows) => [engineRows(law, rows), rows])).values()];
}

/** Arbitrary ids; the time of a step does not depend on them. */
function warmUp(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 5 + index);
}
