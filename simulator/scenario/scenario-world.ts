// The parts of a scenario for simulator/world: area, channel, movement. It does not know how a world is built.

import type { UniformRange } from '../world/mobility.ts';

/** A rectangle; x grows to the east and y to the north. */
export interface Area {
  readonly originXM: number;
  readonly originYM: number;
  readonly widthM: number;
  readonly depthM: number;
}

export type FadingSettings =
  | { readonly kind: 'none' }
  /** Rician on LOS links, Rayleigh on NLOS links; flat over the band, a new draw each `coherenceMs`. */
  | { readonly kind: 'block'; readonly coherenceMs: number };

/** 3GPP TR 38.901, urban micro (UMi), street canyon; correlation distances are the report's. */
export interface UmiChannelSettings {
  readonly kind: 'tr38901-umi';
  readonly carrierGHz: number;
  readonly shadowing: boolean;
  readonly fading: FadingSettings;
  /** Share of buildings with coated glass and concrete, among those of indoor devices. */
  readonly highLossShare: number;
}

/** A ray-traced map. */
export interface MapChannelSettings {
  readonly kind: 'map';
  /** The name of a shipped map, or a path to its header. */
  readonly map: string;
  /** SHA-256 of the map's body; null: any. */
  readonly sha256: string | null;
  /** `umi-nlos`: a pair has at least the median gain of TR 38.901, UMi street canyon, NLOS, at its distance. */
  readonly floor: 'none' | 'umi-nlos';
}

export type ChannelSettings = UmiChannelSettings | MapChannelSettings;

/** A disc that attracts people. */
export interface HotSpot {
  readonly xM: number;
  readonly yM: number;
  readonly radiusM: number;
  /** Share of all places, of starts and goals. */
  readonly share: number;
}

export interface MobilitySettings {
  /** `streets`: only outside the map's buildings. */
  readonly model: 'still' | 'random-waypoint' | 'streets';
  readonly speedMps: { readonly pedestrian: UniformRange; readonly vehicle: UniformRange };
  /** Pause at each goal. */
  readonly pauseS: UniformRange;
  readonly hotSpots: readonly HotSpot[];
}
