// The results of Fig. 2 from the times of answers: time per token by draft length and uplink, the best draft length, the useful uplink.

import type { TaskKind } from '../../../simulator/world/workload-lengths.ts';
import { type Estimate, estimate } from '../../../src/core/basics/bootstrap.ts';
import { quickest } from '../best-draft-length.ts';
import type { Fig2Hardware, PlayedCase } from './fig2-sessions.ts';
import type { PayloadLaw } from './interpretations.ts';

/** All draft lengths and uplinks of one kind of answers. */
export interface PlayedTask {
  readonly kind: TaskKind;
  readonly hardware: Fig2Hardware['name'];
  readonly law: PayloadLaw;
  readonly description: string;
  readonly cases: readonly PlayedCase[];
  /** Set where each draft is drawn to be right with this chance. */
  readonly acceptance?: number | null;
}

/** ms per token of the answers in `pick`; default: all answers. */
export function msPerToken(
  { ms, tokens }: Pick<PlayedCase, 'ms' | 'tokens'>,
  pick: readonly number[] = [...ms.keys()],
): number {
  const sum = (values: readonly number[]): number =>
    pick.reduce((total, answer) => total + (values[answer] as number), 0);
  return sum(ms) / sum(tokens);
}

/** PSD with each draft length at one uplink. */
export function windowedCases({ cases }: PlayedTask, uplinkMbps: number): PlayedCase[] {
  return cases.filter((one) => one.mode === 'psd' && one.uplinkMbps === uplinkMbps);
}

export function uplinksOf(tasks: readonly PlayedTask[]): number[] {
  return [...new Set(tasks.flatMap(({ cases }) => cases.map(({ uplinkMbps }) => uplinkMbps)))];
}

/** The quickest draft length for the answers in `pick`; default: all answers. */
export function quickestCase(cases: readonly PlayedCase[], pick?: readonly number[]): PlayedCase {
  return quickest(cases, (one) => msPerToken(one, pick));
}

/** The best draft length, with a 95 % bootstrap interval over answers. */
export function bestWindow(task: PlayedTask, uplinkMbps: number): Estimate {
  const cases = windowedCases(task, uplinkMbps);
  return estimate(cases[0]?.ms.length ?? 0, (pick) => quickestCase(cases, pick).window);
}

/** The difference between the best draft lengths of two kinds. */
export function windowDifference(larger: PlayedTask, smaller: PlayedTask, uplinkMbps: number): Estimate {
  const one = windowedCases(larger, uplinkMbps);
  const other = windowedCases(smaller, uplinkMbps);
  const count = Math.min(one[0]?.ms.length ?? 0, other[0]?.ms.length ?? 0);
  return estimate(count, (pick) => quickestCase(one, pick).window - quickestCase(other, pick).window);
}

/** A gain of latency below this share is little. */
const littleGain = 0.05;

/**
 * The uplink from which latency, at the best draft length for each uplink and over all kinds of answers, is within {@link littleGain} of that at the
 * fastest uplink; between two uplinks by a straight line over the logarithm.
 */
export function rateThatSuffices(tasks: readonly PlayedTask[]): Estimate {
  const uplinks = uplinksOf(tasks).toSorted((one, other) => one - other);
  const count = Math.min(...tasks.map(({ cases }) => cases[0]?.ms.length ?? 0));
  const cases = uplinks.map((uplink) => tasks.map((task) => windowedCases(task, uplink)));
  return estimate(count, (pick) => {
    const quickestMs = (own: readonly PlayedCase[]): number => msPerToken(quickestCase(own, pick), pick);
    const times = cases.map((byTask) => byTask.reduce((sum, own) => sum + quickestMs(own), 0));
    return crossing(uplinks, times);
  });
}

/** @param uplinks ascending */
export function crossing(uplinks: readonly number[], times: readonly number[]): number {
  const limit = (times.at(-1) as number) * (1 + littleGain);
  let index = times.length - 1;
  while (index > 0 && (times[index - 1] as number) <= limit) index--;
  const high = uplinks[index] as number;
  const low = uplinks[index - 1];
  const slowMs = times[index - 1];
  if (low === undefined || slowMs === undefined) return high;
  const share = (slowMs - limit) / (slowMs - (times[index] as number));
  return Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low)));
}
