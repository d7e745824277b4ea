// Draws the fleets of runs: controllers that are alike, the cells, and the clocks.

import { defaultCell } from '../../../src/allocation/controller/cell-epoch.ts';
import { type LeaseTimes, leaseTimes } from '../../../src/allocation/fleet/leadership.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { between, pick, streams } from './scene.ts';

export interface FleetScene {
  readonly cells: readonly string[];
  /** Those for which a controller may decide; default: all. */
  readonly cellsOf?: (controller: number) => readonly string[];
  /** The cell of each edge and device, by its name. */
  readonly cellOf: ReadonlyMap<string, string>;
  /** How fast the clock of each controller runs. */
  readonly rates: readonly number[];
  /** A controller without a fleet leads first, until this time, ms; null: there was none. */
  readonly beganPlainUntilMs: number | null;
  /** Scaled down, so that answers are still being written as leaders change. */
  readonly times: LeaseTimes;
}

const scale = 0.1;
const times: LeaseTimes = {
  renewEveryMs: scale * leaseTimes.renewEveryMs,
  silentAfterMs: scale * leaseTimes.silentAfterMs,
  takeOverAfterMs: scale * leaseTimes.takeOverAfterMs,
  askAgainMs: scale * leaseTimes.askAgainMs,
  pauseMs: scale * leaseTimes.pauseMs,
};

/** Null: every second run has none. */
export function createFleetScene(
  seed: number,
  edges: readonly string[],
  devices: readonly string[],
): FleetScene | null {
  const random = createRandom(seed, streams.fleet);
  if (random.uniform() < 0.5) return null;
  const cells = pick(random, [[defaultCell], [defaultCell, 'north']]);
  const cellOf = new Map([
    ...edges.map((edge, index) => [edge, cells[index % cells.length] as string] as const),
    ...devices.map((device) => [device, pick(random, cells)] as const),
  ]);
  const rates = Array.from({ length: pick(random, [2, 3]) }, () => pick(random, [0.95, 0.95, 1, 1.05, 1.05]));
  const isPlainFirst = cells.length === 1 && random.uniform() < 0.5;
  return { cells, cellOf, rates, beganPlainUntilMs: isPlainFirst ? between(random, 500, 3000) : null, times };
}
