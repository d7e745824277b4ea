// The settings of a TR 38.901 channel. Values for which the specification has no formula are refused, with the field and its range.

import { badArgument } from '../../src/core/basics/errors.ts';
import type { ServerSite } from './channel.ts';
import type { DeviceKind } from './population.ts';

export interface Tr38901Settings {
  /** 0.5 to 100. */
  readonly carrierGhz: number;
  readonly servers: readonly ServerSite[];
  /** [M]. */
  readonly kinds: readonly DeviceKind[];
  /** Outdoors, 1.5 to 22.5; indoor devices draw a floor. */
  readonly deviceHeightMetres: number;
  /** Share of the indoor devices in a building with coated glass, 0 to 1. */
  readonly highLossShare: number;
  readonly shadowing: boolean;
  /** Rician on LOS links, Rayleigh on NLOS links; null: each slot has the mean over fading. */
  readonly fading: { readonly coherenceMs: number } | null;
}

/** @throws OutriderError `bad-argument` */
export function checkTr38901Settings(settings: Tr38901Settings): void {
  between('carrierGhz', settings.carrierGhz, 0.5, 100);
  between('deviceHeightMetres', settings.deviceHeightMetres, 1.5, 22.5);
  between('highLossShare', settings.highLossShare, 0, 1);
  if (settings.fading !== null) between('fading.coherenceMs', settings.fading.coherenceMs, 1e-3, 1e9);
  if (settings.servers.length === 0) {
    throw badArgument('servers is empty', 'name at least one server');
  }
  for (const [index, { x, y, heightMetres }] of settings.servers.entries()) {
    between(`servers[${index}].x`, x, -1e6, 1e6);
    between(`servers[${index}].y`, y, -1e6, 1e6);
    between(`servers[${index}].heightMetres`, heightMetres, 1.5, 150);
  }
}

function between(field: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  throw badArgument(`${field} is ${value}`, `give a number from ${low} to ${high}`);
}
