// How long a run of "bench felt" is: long enough for readers to get beyond the prompts with which a run begins, all at once.

import type { Scenario } from '../../../simulator/scenario/scenario.ts';
import { findHardware } from '../../../simulator/world/hardware.ts';
import type { UniformRange } from '../../../simulator/world/mobility.ts';
import { meanTokens } from '../../../simulator/world/workload-lengths.ts';
import { findModelShape, flopPerToken } from '../../../simulator/world/workload-models.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { isDrawnWorld } from './drawn-worlds.ts';

/** Simulated seconds of a run for each second that is asked for. Sessions of `modern` are rare. */
const longer: Readonly<Record<string, number>> = { modern: 4, 'street-canyon': 2, crowd: 2, 'city-70b': 2 };
/** The same of a drawn world, by its arrivals: sessions that come at a rate are few, and bring as many tokens under every policy. */
const longerArrivals = { 'one-per-slot': 1, 'duty-cycle': 2, 'poisson-sessions': 12 } as const;
/** The same, at least, for each of {@link readingSeconds}. */
const perReadingSecond = 2.7;

/** @param seconds asked for @returns slots of a run */
export function slotsOfRun(preset: string, scenario: Scenario, seconds: number): number {
  const { slotMs, workload } = scenario;
  const usual = isDrawnWorld(preset) ? longerArrivals[workload.arrivals.kind] : (longer[preset] ?? 1);
  const times = Math.max(usual, Math.round(perReadingSecond * readingSeconds(scenario)));
  return Math.max(2, Math.round((1e3 * seconds * times) / slotMs));
}

/** The time in which all servers together evaluate a prompt of mean length for every device that is at work, s. */
export function readingSeconds({ servers, devices, workload }: Scenario): number {
  const { placement, hardware, reachedComputeShare } = servers;
  const serverCount = placement.kind === 'list' ? placement.sites.length : placement.count;
  const flopPerSecond = weightedMean(hardware, ({ name }) => findHardware(name).peakFp16FlopPerSecond.value);
  const promptTokens = weightedMean(workload.tasks, ({ kind }) => meanTokens(kind, 'prompt'));
  const atWork = workload.arrivals.kind === 'duty-cycle' ? workload.arrivals.share : 1;
  const flop = middle(devices.count) * atWork * promptTokens * flopPerToken(findModelShape(workload.target), 0);
  return flop / (serverCount * reachedComputeShare * flopPerSecond);
}

function weightedMean<One extends { readonly weight: number }>(ones: readonly One[], of: (one: One) => number): number {
  return mean(ones.map((one) => one.weight * of(one))) / mean(ones.map(({ weight }) => weight));
}

function middle(count: number | UniformRange): number {
  return typeof count === 'number' ? count : (count.minimum + count.maximum) / 2;
}
