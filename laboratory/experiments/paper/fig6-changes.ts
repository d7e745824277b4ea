// Changes of latency and energy with the energy weight, by battery class, from the sums of each seed.

import { type Estimate, estimate, type Within, within } from '../../../simulator/charts/bootstrap.ts';
import { interquartileMean, mean } from '../../../src/core/basics/statistics.ts';
import { type Interpretation, interpretationName } from './interpretations.ts';

/** Battery B, above < B <= upTo. */
export const batteryClasses = [
  { name: 'B <= 0.2', above: 0, upTo: 0.2 },
  { name: '0.2 < B <= 0.5', above: 0.2, upTo: 0.5 },
  { name: 'B > 0.5', above: 0.5, upTo: 1 },
] as const;

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
}

/** Sums of one seed, by case and class. */
export type Fig6Found = readonly (readonly ClassFigures[])[];

const amounts = {
  latency: ({ latencyMs }: ClassFigures): number => latencyMs,
  energy: ({ computeJ, transmitJ }: ClassFigures): number => computeJ + transmitJ,
  transmit: ({ transmitJ }: ClassFigures): number => transmitJ,
};
type Kind = keyof typeof amounts;

/** The change of the sum over the seeds in `pick` and over the classes. */
type ChangeOf = (kind: Kind, classes: readonly number[], pick: readonly number[]) => number;

/** Changes of the case `at` against the same case with the smallest weight. */
function changesOf(cases: readonly Fig6Case[], found: readonly Fig6Found[], at: number): ChangeOf {
  const nameOf = ({ interpretation, energyModel, policy }: Fig6Case): string =>
    [interpretationName(interpretation), energyModel, policy].join(' ');
  const name = nameOf(cases[at] as Fig6Case);
  const least = Math.min(...cases.map(({ energyWeight }) => energyWeight));
  const first = cases.findIndex((other) => other.energyWeight === least && nameOf(other) === name);
  return (kind, classes, pick) => {
    const ofSeed = (place: number, seed: number): number =>
      sumOf(classes.map((index) => amounts[kind](found[seed]?.[place]?.[index] as ClassFigures)));
    const sum = (place: number): number => sumOf(pick.map((seed) => ofSeed(place, seed)));
    return sum(at) / sum(first) - 1;
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Changes from the smallest to the largest weight, as shares of the value at the smallest; each kind by class. */
export interface Fig6Change extends Omit<Fig6Case, 'energyWeight'>, Readonly<Record<Kind, readonly Estimate[]>> {
  readonly from: number;
  readonly to: number;
  /** All devices. */
  readonly all: Readonly<Record<Kind, Estimate>>;
  /** The change of the class with the least battery, minus the mean change of the others. */
  readonly lowBeyondOthers: Readonly<Record<'latency' | 'energy', Estimate>>;
}

export function fig6Changes(cases: readonly Fig6Case[], found: readonly Fig6Found[]): Fig6Change[] {
  const weights = cases.map(({ energyWeight }) => energyWeight);
  const from = Math.min(...weights);
  const to = Math.max(...weights);
  const classes = [...batteryClasses.keys()];
  return cases.flatMap(({ energyWeight, ...asked }, at) => {
    if (energyWeight !== to) return [];
    const changeOf = changesOf(cases, found, at);
    const change = (kind: Kind, of: readonly number[]): Estimate =>
      estimate(found.length, (pick) => changeOf(kind, of, pick));
    const byClass = (kind: Kind): Estimate[] => classes.map((index) => change(kind, [index]));
    const beyondOthers = (kind: Kind): Estimate =>
      estimate(found.length, (pick) => {
        const [low = 0, ...others] = classes.map((index) => changeOf(kind, [index], pick));
        return low - mean(others);
      });
    const all = mapKinds((kind) => change(kind, classes));
    const lowBeyondOthers = { latency: beyondOthers('latency'), energy: beyondOthers('energy') };
    return { ...asked, from, to, ...mapKinds(byClass), all, lowBeyondOthers };
  });
}

function mapKinds<Value>(of: (kind: Kind) => Value): Readonly<Record<Kind, Value>> {
  return { latency: of('latency'), energy: of('energy'), transmit: of('transmit') };
}

/** Changes are against the smallest weight, over the same slots, as shares; 95 % intervals by bootstrap over seeds. */
export interface Fig6Row
  extends Interpretation,
    Omit<Fig6Case, 'interpretation'>,
    Within<'latencyChange' | 'transmitChange'> {
  readonly batteryClass: string;
  /** Devices over all seeds. */
  readonly devices: number;
  /** Means of a task; energy is E^CP + E^CM, and transmit E^CM. */
  readonly latencyMs: number;
  readonly energyJ: number;
  readonly transmitJ: number;
  /** Interquartile means over seeds of each seed's mean, without seeds that have no such device. */
  readonly latencyMsMiddle: number;
  readonly transmitJMiddle: number;
}

export function fig6Rows(cases: readonly Fig6Case[], found: readonly Fig6Found[]): Fig6Row[] {
  return cases.flatMap(({ interpretation, ...asked }, at) => {
    const changeOf = changesOf(cases, found, at);
    return batteryClasses.map(({ name }, index) => {
      const own = found.map((ofSeed) => ofSeed[at]?.[index] as ClassFigures);
      const devices = sumOf(own.map((figures) => figures.devices));
      const perTask = (kind: Kind): number => sumOf(own.map(amounts[kind])) / devices;
      const present = own.filter((figures) => figures.devices > 0);
      const middle = (kind: Kind): number =>
        interquartileMean(present.map((figures) => amounts[kind](figures) / figures.devices));
      const change = (kind: Kind): Estimate => estimate(found.length, (pick) => changeOf(kind, [index], pick));
      return {
        ...interpretation,
        ...asked,
        batteryClass: name,
        devices,
        latencyMs: perTask('latency'),
        energyJ: perTask('energy'),
        transmitJ: perTask('transmit'),
        latencyMsMiddle: middle('latency'),
        transmitJMiddle: middle('transmit'),
        ...within('latencyChange', change('latency')),
        ...within('transmitChange', change('transmit')),
      };
    });
  });
}
