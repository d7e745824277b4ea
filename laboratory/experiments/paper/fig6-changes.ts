// The effect of a larger energy weight on the devices of each battery class: changes between the smallest and the largest weight, over the same
// slots; and the data of Fig. 6, a row for each interpretation, energy model, policy, weight and class.

import { type Estimate, estimates, type Within, within } from '../../../src/core/basics/bootstrap.ts';
import { interquartileMean } from '../../../src/core/basics/statistics.ts';
import { type Interpretation, interpretationName } from './interpretations.ts';

export interface BatteryClass {
  readonly name: string;
  /** Battery B, above < B <= upTo. */
  readonly above: number;
  readonly upTo: number;
}

export const batteryClasses: readonly BatteryClass[] = [
  { name: 'B <= 0.2', above: 0, upTo: 0.2 },
  { name: '0.2 < B <= 0.5', above: 0.2, upTo: 0.5 },
  { name: 'B > 0.5', above: 0.5, upTo: 1 },
];

/** Sums over the devices of a class. */
export interface ClassFigures {
  readonly devices: number;
  readonly latencyMs: number;
  /** E^CP, which no decision changes, and E^CM. */
  readonly computeJ: number;
  readonly transmitJ: number;
}

export interface Fig6Case {
  readonly interpretation: Interpretation;
  readonly energyModel: 'band' | 'airtime';
  readonly policy: string;
  readonly energyWeight: number;
  /** Factors on delta_CM and on lambda of the interpretation: other units of them; 1 by default. */
  readonly transmitScale?: number;
  readonly lambdaScale?: number;
}

/** Sums of one seed, by case and class. */
export type Fig6Found = readonly (readonly ClassFigures[])[];

/** Changes from the smallest to the largest weight, as shares of the value at the smallest. */
export interface Fig6Change extends Omit<Fig6Case, 'energyWeight'>, Readonly<Record<Kind, readonly Estimate[]>> {
  readonly from: number;
  readonly to: number;
  /** All devices; `latency`, `energy` (E^CP + E^CM) and `transmit` beside it are by class. */
  readonly all: Readonly<Record<Kind, Estimate>>;
  /** The change of the class with the least battery, minus the mean change of the others. */
  readonly lowBeyondOthers: Readonly<Record<'latency' | 'energy', Estimate>>;
}

type Kind = 'latency' | 'energy' | 'transmit';
const kinds: readonly Kind[] = ['latency', 'energy', 'transmit'];

/** Sums over the seeds in `pick` and over the classes, of the case with the index `at`. */
function sumOf(
  found: readonly Fig6Found[],
  pick: readonly number[],
  at: number,
  classes: readonly number[],
  kind: Kind,
): number {
  const ofSeed = (seed: number): number =>
    classes.reduce((sum, index) => sum + amountOf(found[seed]?.[at]?.[index] as ClassFigures, kind), 0);
  return pick.reduce((total, seed) => total + ofSeed(seed), 0);
}

function amountOf({ latencyMs, computeJ, transmitJ }: ClassFigures, kind: Kind): number {
  if (kind === 'latency') return latencyMs;
  return kind === 'energy' ? computeJ + transmitJ : transmitJ;
}

export function fig6Changes(cases: readonly Fig6Case[], found: readonly Fig6Found[]): Fig6Change[] {
  const weights = cases.map(({ energyWeight }) => energyWeight);
  const [from, to] = [Math.min(...weights), Math.max(...weights)];
  return cases.flatMap((one, index) => {
    if (one.energyWeight !== from) return [];
    const last = cases.findIndex((other) => isSameBut(one, other) && other.energyWeight === to);
    return [changeOf(one, { from, to, first: index, last }, found)];
  });
}

/** A case without its weight. */
function isSameBut(one: Fig6Case, other: Fig6Case): boolean {
  const nameOf = ({ interpretation, energyModel, policy, transmitScale = 1, lambdaScale = 1 }: Fig6Case): string =>
    [interpretationName(interpretation), energyModel, policy, transmitScale, lambdaScale].join(' ');
  return nameOf(one) === nameOf(other);
}

interface Ends {
  readonly from: number;
  readonly to: number;
  /** Indices of cases. */
  readonly first: number;
  readonly last: number;
}

function changeOf(one: Fig6Case, { from, to, first, last }: Ends, found: readonly Fig6Found[]): Fig6Change {
  const classCount = batteryClasses.length;
  const statistic = (pick: readonly number[]): number[] => {
    const change = (kind: Kind, of: readonly number[]): number =>
      sumOf(found, pick, last, of, kind) / sumOf(found, pick, first, of, kind) - 1;
    const classes = batteryClasses.map((_, index) => index);
    const byClass = kinds.map((kind) => classes.map((index) => change(kind, [index])));
    const beyond = byClass.map(([low = 0, ...others]) => low - others.reduce((a, b) => a + b, 0) / others.length);
    return [...byClass.flat(), ...kinds.map((kind) => change(kind, classes)), ...beyond.slice(0, 2)];
  };
  const changes = estimates(found.length, statistic);
  const part = (start: number): Estimate[] => changes.slice(start, start + classCount);
  const [latency, energy, transmit] = part(3 * classCount) as [Estimate, Estimate, Estimate];
  const [beyondLatency, beyondEnergy] = changes.slice(-2) as [Estimate, Estimate];
  const { energyWeight: _weight, ...asked } = one;
  return {
    ...asked,
    from,
    to,
    latency: part(0),
    energy: part(classCount),
    transmit: part(2 * classCount),
    all: { latency, energy, transmit },
    lowBeyondOthers: { latency: beyondLatency, energy: beyondEnergy },
  };
}

/** Changes are against the smallest weight, over the same slots, as shares; 95 % intervals by bootstrap over seeds. */
export interface Fig6Row
  extends Interpretation,
    Omit<Fig6Case, 'interpretation'>,
    Within<'latencyChange' | 'transmitChange'> {
  readonly batteryClass: string;
  /** Devices over all seeds. */
  readonly devices: number;
  /** Means of a task. */
  readonly latencyMs: number;
  /** E^CP + E^CM. */
  readonly energyJ: number;
  /** E^CM. */
  readonly transmitJ: number;
  /** Interquartile means over seeds of each seed's mean, without seeds that have no such device. */
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
