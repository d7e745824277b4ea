// The data of Fig. 6: a row for each interpretation, energy model, policy, weight and battery class.

import { type Estimate, estimates, type Within, within } from '../../basics/bootstrap.ts';
import { interquartileMean } from '../../basics/statistics.ts';
import {
  amountOf,
  batteryClasses,
  type ClassFigures,
  type Fig6Case,
  type Fig6Found,
  isSameBut,
} from './fig6-changes.ts';

/** Changes are against the smallest weight, over the same slots, as shares; with 95 % from seeds drawn again. */
export interface Fig6Row extends Within<'latencyChange' | 'transmitChange'> {
  readonly payloadLaw: string;
  readonly lambdaUnit: string;
  readonly energyModel: string;
  readonly policy: string;
  readonly energyWeight: number;
  readonly batteryClass: string;
  /** Over all seeds. */
  readonly devices: number;
  /** Means of a task. */
  readonly latencyMs: number;
  /** E^CP + E^CM. */
  readonly energyJ: number;
  /** E^CM. */
  readonly transmitJ: number;
  /** Interquartile means over seeds of each seed's mean, seeds without such a device left out. */
  readonly latencyMsMiddle: number;
  readonly transmitJMiddle: number;
}

export function fig6Rows(cases: readonly Fig6Case[], found: readonly Fig6Found[]): Fig6Row[] {
  const seeds = found.map((_, seed) => seed);
  const least = Math.min(...cases.map(({ energyWeight }) => energyWeight));
  return cases.flatMap((one, at) => {
    const first = cases.findIndex((other) => isSameBut(one, other) && other.energyWeight === least);
    return batteryClasses.map(({ name }, index): Fig6Row => {
      const classOf = (seed: number, place: number): ClassFigures => found[seed]?.[place]?.[index] as ClassFigures;
      const sum = (pick: readonly number[], place: number, kind: 'latency' | 'energy' | 'transmit'): number =>
        pick.reduce((total, seed) => total + amountOf(classOf(seed, place), kind), 0);
      const devices = seeds.reduce((total, seed) => total + classOf(seed, at).devices, 0);
      const change = (pick: readonly number[]): number[] =>
        (['latency', 'transmit'] as const).map((kind) => sum(pick, at, kind) / sum(pick, first, kind) - 1);
      const [latency, transmit] = estimates(found.length, change) as [Estimate, Estimate];
      const middle = (kind: 'latency' | 'transmit'): number =>
        interquartileMean(
          seeds
            .map((seed) => classOf(seed, at))
            .filter((figures) => figures.devices > 0)
            .map((figures) => amountOf(figures, kind) / figures.devices),
        );
      const { interpretation, energyModel, policy, energyWeight } = one;
      return {
        ...interpretation,
        energyModel,
        policy,
        energyWeight,
        batteryClass: name,
        devices,
        latencyMs: sum(seeds, at, 'latency') / devices,
        energyJ: sum(seeds, at, 'energy') / devices,
        transmitJ: sum(seeds, at, 'transmit') / devices,
        latencyMsMiddle: middle('latency'),
        transmitJMiddle: middle('transmit'),
        ...within('latencyChange', latency),
        ...within('transmitChange', transmit),
      };
    });
  });
}
