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
  type Kind,
  sumOf,
} from './fig6-changes.ts';
import type { Interpretation } from './interpretations.ts';

/** Changes are against the smallest weight, over the same slots, as shares; with 95 % from seeds drawn again. */
export interface Fig6Row
  extends Interpretation,
    Omit<Fig6Case, 'interpretation'>,
    Within<'latencyChange' | 'transmitChange'> {
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
  const seeds: readonly number[] = [...found.keys()];
  const least = Math.min(...cases.map(({ energyWeight }) => energyWeight));
  return cases.flatMap((one, at) => {
    const first = cases.findIndex((other) => isSameBut(one, other) && other.energyWeight === least);
    return batteryClasses.map(({ name }, index): Fig6Row => {
      const own = seeds.map((seed) => found[seed]?.[at]?.[index] as ClassFigures);
      const sum = (kind: Kind, pick = seeds, place = at): number => sumOf(found, pick, place, [index], kind);
      const devices = own.reduce((total, figures) => total + figures.devices, 0);
      const change = (pick: readonly number[]): number[] =>
        (['latency', 'transmit'] as const).map((kind) => sum(kind, pick) / sum(kind, pick, first) - 1);
      const [latency, transmit] = estimates(found.length, change) as [Estimate, Estimate];
      const present = own.filter((figures) => figures.devices > 0);
      const middle = (kind: Kind): number =>
        interquartileMean(present.map((figures) => amountOf(figures, kind) / figures.devices));
      const { interpretation, ...asked } = one;
      return {
        ...interpretation,
        ...asked,
        batteryClass: name,
        devices,
        latencyMs: sum('latency') / devices,
        energyJ: sum('energy') / devices,
        transmitJ: sum('transmit') / devices,
        latencyMsMiddle: middle('latency'),
        transmitJMiddle: middle('transmit'),
        ...within('latencyChange', latency),
        ...within('transmitChange', transmit),
      };
    });
  });
}
