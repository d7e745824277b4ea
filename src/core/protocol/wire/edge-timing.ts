// The step times that an edge announces in `hello`, and the device's extrapolation to more rows. The extrapolation is an upper estimate,
// because the step time of an engine that pads its calls rises in stairs.

import { type StepTimeModel, stepMs } from '../../scheduling/step-time.ts';

/** An edge announces the time of a step with 1 to this many rows of one session. */
export const announcedRowCount = 8;

/** The announced times, ms; first a step with one row. */
export function announcedStepMs(stepTime: StepTimeModel): number[] {
  return Array.from({ length: announcedRowCount }, (_, index) => stepMs(stepTime, index + 1));
}

/**
 * The time, ms, of a step with any number of rows. Beyond the announced rows, the last stair repeats with its announced length and height.
 * On a straight line a stair has one row, so this continues its slope. If all announced rows cost the same, each further group of as many
 * rows costs the same again.
 */
export function stepMsAsAnnounced(announced: readonly number[]): (rows: number) => number {
  // More rows never take less time.
  const rising = announced.map((_, index) => Math.max(...announced.slice(0, index + 1)));
  const topMs = rising.at(-1) ?? 0;
  const start = rising.indexOf(topMs);
  const stairMs = topMs - (rising[start - 1] ?? 0);
  return (rows) => {
    const beyond = rows - rising.length;
    return beyond <= 0 ? (rising[rows - 1] ?? 0) : topMs + stairMs * Math.ceil(beyond / (rising.length - start));
  };
}
