// The values that the paper leaves open and preset `paper` fixes, each halved and doubled, and a few other choices. Data only.

import { paperPreset } from '../../../simulator/scenario/preset-paper.ts';
import type { Override } from '../../../simulator/scenario/read-scenario.ts';

export interface Variant {
  /** The changed value: "carrier". */
  readonly value: string;
  /** "1.75 GHz" */
  readonly becomes: string;
  readonly kind: 'halved' | 'doubled' | 'other';
  readonly overrides: readonly Override[];
  /** The claims that it can move: those of slots (Fig. 5, 6), or that of sessions (Fig. 2). */
  readonly moves: 'slots' | 'sessions' | 'both';
}

/** @param sets new values by path, all of the same part of the scenario */
function variant(
  value: string,
  becomes: string,
  kind: Variant['kind'],
  sets: Readonly<Record<string, unknown>>,
): Variant {
  const overrides = Object.entries(sets).map(([path, to]) => ({ path: path.split('.'), value: to }));
  const [path = ''] = Object.keys(sets);
  const alone = path.startsWith('token.') ? 'sessions' : 'slots';
  return { value, becomes, kind, overrides, moves: path.includes('.reached') ? 'both' : alone };
}

/** @param paths of the values that take the same factor */
function factors(value: string, unit: string, ...paths: readonly string[]): Variant[] {
  return ([0.5, 2] as const).map((factor) => {
    const sets = Object.fromEntries(paths.map((path) => [path, factor * valueAt(path)]));
    return variant(value, `${sets[paths[0] as string]} ${unit}`.trim(), factor < 1 ? 'halved' : 'doubled', sets);
  });
}

function valueAt(path: string): number {
  return path
    .split('.')
    .reduce<unknown>((at, step) => (at as Readonly<Record<string, unknown>>)[step], paperPreset) as number;
}

function windows(kind: Variant['kind'], tokens: readonly number[]): Variant {
  const sets = Object.fromEntries(tokens.map((count, index) => [`workload.tasks.${index}.windowTokens`, count]));
  return variant('window of a slot', `${tokens.join(', ')} tokens`, kind, sets);
}

/** Values with a factor of two, which in decibels is 3 dB; then ranges, decibels and choices. */
export const variants: readonly Variant[] = [
  ...factors('carrier', 'GHz', 'channel.carrierGHz'),
  ...factors('side of the area', 'm', 'area.widthM', 'area.depthM'),
  ...factors('height of servers', 'm', 'servers.placement.heightM'),
  ...factors('bandwidth (printed)', 'MHz', 'radio.bandwidthMHz'),
  ...factors('length of a slot and kappa', 'ms', 'slotMs', 'queue.kappaMs'),
  ...factors('effective F of servers, share of peak', '', 'servers.reachedComputeShare'),
  ...factors('effective F of phones, share of memory', '', 'devices.reachedMemoryShare'),
  ...factors('lambda (printed)', '', 'objective.lambda'),
  ...factors('energy weight w', '', 'objective.energyWeight'),
  ...factors('delta_CM (printed)', '', 'energy.transmitFactor'),
  ...factors('delta_CP', 'J/FLOP', 'energy.computeJoulePerFlop'),
  windows('halved', [13, 8, 10]),
  windows('doubled', [50, 30, 40]),
  variant('noise figure', '2 dB (half the noise)', 'halved', { 'radio.noiseFigureDb': 2 }),
  variant('noise figure', '8 dB (twice the noise)', 'doubled', { 'radio.noiseFigureDb': 8 }),
  variant('lowest eligible SNR', '-8 dB', 'halved', { 'radio.minimumSnrDb': -8 }),
  variant('lowest eligible SNR', '-2 dB', 'doubled', { 'radio.minimumSnrDb': -2 }),
  variant('height of devices', '3 m', 'doubled', { 'devices.heightM': 3 }),
  variant('battery B', '0.01 to 0.5', 'halved', { 'devices.battery.initialShare': { minimum: 0.01, maximum: 0.5 } }),
  variant('battery B', '0.02 to 1', 'doubled', { 'devices.battery.initialShare': { minimum: 0.02, maximum: 1 } }),
  variant('round trip', '5 ms', 'halved', { 'token.roundTripMs': 5 }),
  variant('round trip', '20 ms', 'doubled', { 'token.roundTripMs': 20 }),
  variant('memory rate of servers, share', '0.3', 'halved', { 'token.serverMemoryShare': 0.3 }),
  // Twice the value would exceed the limit.
  variant('memory rate of servers, share', '1', 'doubled', { 'token.serverMemoryShare': 1 }),
  variant('queue k', '0 to 2 slots, drawn', 'other', { 'queue.law': { kind: 'uniform', maximumSlots: 2 } }),
  variant('radio model', '`concentrated`', 'other', { 'radio.model': 'concentrated' }),
  variant('fading', 'Rayleigh or Rician', 'other', { 'channel.fading': { kind: 'block', coherenceMs: 30 } }),
];
