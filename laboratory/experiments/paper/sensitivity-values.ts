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

interface OpenValue {
  readonly value: string;
  readonly unit: string;
  readonly moves: Variant['moves'];
  /** Paths of the values that take the same factor. */
  readonly paths: readonly string[];
}

/** In decibels a factor of two is 3 dB; those are listed below. */
const factorValues: readonly OpenValue[] = [
  { value: 'carrier', unit: 'GHz', moves: 'slots', paths: ['channel.carrierGHz'] },
  { value: 'side of the area', unit: 'm', moves: 'slots', paths: ['area.widthM', 'area.depthM'] },
  { value: 'height of servers', unit: 'm', moves: 'slots', paths: ['servers.placement.heightM'] },
  { value: 'bandwidth (printed)', unit: 'MHz', moves: 'slots', paths: ['radio.bandwidthMHz'] },
  { value: 'length of a slot and kappa', unit: 'ms', moves: 'slots', paths: ['slotMs', 'queue.kappaMs'] },
  {
    value: 'effective F of servers, share of peak',
    unit: '',
    moves: 'both',
    paths: ['servers.reachedComputeShare'],
  },
  { value: 'effective F of phones, share of memory', unit: '', moves: 'both', paths: ['devices.reachedMemoryShare'] },
  { value: 'lambda (printed)', unit: '', moves: 'slots', paths: ['objective.lambda'] },
  { value: 'energy weight w', unit: '', moves: 'slots', paths: ['objective.energyWeight'] },
  { value: 'delta_CM (printed)', unit: '', moves: 'slots', paths: ['energy.transmitFactor'] },
  { value: 'delta_CP', unit: 'J/FLOP', moves: 'slots', paths: ['energy.computeJoulePerFlop'] },
];

const windows = [25, 15, 20];

function set(path: string, value: unknown): Override {
  return { path: path.split('.'), value };
}

function other(
  value: string,
  becomes: string,
  kind: Variant['kind'],
  sets: Readonly<Record<string, unknown>>,
): Variant {
  const overrides = Object.entries(sets).map(([path, to]) => set(path, to));
  return { value, becomes, kind, overrides, moves: Object.keys(sets)[0]?.startsWith('token.') ? 'sessions' : 'slots' };
}

/** Ranges, decibels and choices. */
const otherVariants: readonly Variant[] = [
  ...([0.5, 2] as const).map((factor) => {
    const scaled = windows.map((tokens) => Math.round(factor * tokens));
    const sets = Object.fromEntries(scaled.map((tokens, index) => [`workload.tasks.${index}.windowTokens`, tokens]));
    return other('window of a slot', `${scaled.join(', ')} tokens`, factor < 1 ? 'halved' : 'doubled', sets);
  }),
  other('noise figure', '2 dB (half the noise)', 'halved', { 'radio.noiseFigureDb': 2 }),
  other('noise figure', '8 dB (twice the noise)', 'doubled', { 'radio.noiseFigureDb': 8 }),
  other('lowest eligible SNR', '-8 dB', 'halved', { 'radio.minimumSnrDb': -8 }),
  other('lowest eligible SNR', '-2 dB', 'doubled', { 'radio.minimumSnrDb': -2 }),
  other('height of devices', '3 m', 'doubled', { 'devices.heightM': 3 }),
  other('battery B', '0.01 to 0.5', 'halved', { 'devices.battery.initialShare': { minimum: 0.01, maximum: 0.5 } }),
  other('battery B', '0.02 to 1', 'doubled', { 'devices.battery.initialShare': { minimum: 0.02, maximum: 1 } }),
  other('round trip', '5 ms', 'halved', { 'token.roundTripMs': 5 }),
  other('round trip', '20 ms', 'doubled', { 'token.roundTripMs': 20 }),
  other('memory rate of servers, share', '0.3', 'halved', { 'token.serverMemoryShare': 0.3 }),
  // Twice the value would exceed the limit.
  other('memory rate of servers, share', '1', 'doubled', { 'token.serverMemoryShare': 1 }),
  other('queue k', '0 to 2 slots, drawn', 'other', { 'queue.law': { kind: 'uniform', maximumSlots: 2 } }),
  other('radio model', '`concentrated`', 'other', { 'radio.model': 'concentrated' }),
  other('fading', 'Rayleigh or Rician', 'other', { 'channel.fading': { kind: 'block', coherenceMs: 30 } }),
];

export const variants: readonly Variant[] = [
  ...factorValues.flatMap((open) =>
    ([0.5, 2] as const).map((factor): Variant => {
      const { value, unit, moves, paths } = open;
      const overrides = paths.map((path) => set(path, factor * valueAt(path)));
      const becomes = `${overrides[0]?.value} ${unit}`.trim();
      return { value, becomes, kind: factor < 1 ? 'halved' : 'doubled', overrides, moves };
    }),
  ),
  ...otherVariants,
];

function valueAt(path: string): number {
  return path
    .split('.')
    .reduce<unknown>((at, step) => (at as Readonly<Record<string, unknown>>)[step], paperPreset) as number;
}
