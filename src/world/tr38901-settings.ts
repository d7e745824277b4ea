// Refuses what TR 38.901 has no formula for, with the field and its range.

import { OutriderError } from '../basics/errors.ts';
import type { Tr38901Settings } from './tr38901-channel.ts';

/** @throws OutriderError `bad-argument` */
export function checkTr38901Settings(settings: Tr38901Settings): void {
  between('carrierGhz', settings.carrierGhz, 0.5, 100);
  between('deviceHeightMetres', settings.deviceHeightMetres, 1.5, 22.5);
  between('highLossShare', settings.highLossShare, 0, 1);
  if (settings.fading !== null) between('fading.coherenceMs', settings.fading.coherenceMs, 1e-3, 1e9);
  if (settings.servers.length === 0) {
    throw new OutriderError('bad-argument', 'servers is empty', 'name at least one server');
  }
  for (const [index, { x, y, heightMetres }] of settings.servers.entries()) {
    between(`servers[${index}].x`, x, -1e6, 1e6);
    between(`servers[${index}].y`, y, -1e6, 1e6);
    between(`servers[${index}].heightMetres`, heightMetres, 1.5, 150);
  }
}

function between(field: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  throw new OutriderError('bad-argument', `${field} is ${value}`, `give a number from ${low} to ${high}`);
}
