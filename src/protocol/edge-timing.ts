// What an edge's greeting says of its steps, and what a device makes of it: the times of a few rows, from which those of more rows are
// taken at the worst, because an engine that pads its calls takes stairs.

import { type StepTimeModel, stepMs } from '../scheduling/step-time.ts';

/** An edge tells what a step of one session takes over 1 to so many rows. */
export const announcedRowCount = 8;

/** What the edge tells, ms: first a step of one row. */
export function announcedStepMs(stepTime: StepTimeModel): number[] {
  return Array.from({ length: announcedRowCount }, (_, index) => stepMs(stepTime, index + 1));
}

/**
 * The time of a step of any rows, by what was told. Beyond that the last stair is taken to repeat, as long as it was seen and as high:
 * on a straight line, whose stairs are one row long, that is its slope; where all rows cost the same, as many again cost as much again.
 */
export function stepMsAsAnnounced(told: readonly number[]): (rows: number) => number {
  // What falls as rows are added is no engine's.
  const rising = told.map((_, index) => Math.max(...told.slice(0, index + 1)));
  const topMs = rising.at(-1) ?? 0;
  const start = rising.indexOf(topMs);
  const stairMs = topMs - (rising[start - 1] ?? 0);
  return (rows) => {
    const beyond = rows - rising.length;
    return beyond <= 0 ? (rising[rows - 1] ?? 0) : topMs + stairMs * Math.ceil(beyond / (rising.length - start));
  };
}
