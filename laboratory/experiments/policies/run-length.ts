// How long a run of "bench felt" is: long enough for readers to get beyond the prompts with which a run begins, all at once.

import { readPreset } from '../../../simulator/scenario/presets.ts';
import { readScenario } from '../../../simulator/scenario/read-scenario.ts';
import type { Scenario } from '../../../simulator/scenario/scenario.ts';
import { findHardware } from '../../../simulator/world/hardware.ts';
import type { UniformRange } from '../../../simulator/world/mobility.ts';
import { meanTokens } from '../../../simulator/world/workload-lengths.ts';
import { findModelShape, flopPerToken } from '../../../simulator/world/workload-models.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { drawnWorld, isDrawnWorld } from './drawn-worlds.ts';
import type { PayloadLaw } from './felt-cells.ts';

/** Simulated seconds of a run for each second that is asked for. Sessions of `modern` are rare. */
const longer: Readonly<Record<string, number>> = { modern: 4, 'street-canyon': 2, crowd: 2, 'city-70b': 2 };
/** The same of a drawn world, by its arrivals: sessions that come at a rate are few. */
const longerArrivals = { 'one-per-slot': 1, 'duty-cycle': 2, 'poisson-sessions': 4 } as const;
/** The same for each of {@link readingSeconds}, if that is more: long enough for several answers of each device in `coupled`. */
const perReadingSecond = 2.7;

/** The world of a preset or of a drawn name. */
export function worldOf(name: string, payloadLaw: PayloadLaw): Scenario {
  const overrides = [{ path: ['workload', 'payloadLaw'], value: payloadLaw }];
  return isDrawnWorld(name) ? readScenario(drawnWorld(name), name, overrides) : readPreset(name, overrides);
}

/** @param seconds asked for @returns slots of a run in a world of that name */
export function slotsOfRun(name: string, scenario: Scenario, seconds: number): number {
  const { slotMs, workload } = scenario;
  const usual = isDrawnWorld(name) ? longerArrivals[workload.arrivals.kind] : (longer[name] ?? 1);
  const times = Math.max(usual, Math.round(perReadingSecond * readingSeconds(scenario)));
  return Math.max(2, Math.round((1e3 * seconds * times) / slotMs));
}

/** Simulated time of a run, s. @param seconds asked for */
export function simulatedSeconds(name: string, seconds: number): number {
  const scenario = worldOf(name, 'ids');
  return 1e-3 * scenario.slotMs * slotsOfRun(name, scenario, seconds);
}

/**
 * The time in which all servers together evaluate a prompt of mean length for every device, s; with a duty cycle for those that are at work.
 */
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
