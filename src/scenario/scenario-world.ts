// The parts of a scenario that src/world builds from: area, channel, movement. It must not know how.

/** A rectangle; x grows to the east and y to the north. */
export interface Area {
  readonly originXM: number;
  readonly originYM: number;
  readonly widthM: number;
  readonly depthM: number;
}

/** Both ends are possible values; equal ends are a constant. */
export interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

export type FadingSettings =
  | { readonly kind: 'none' }
  /** Rician on links with line of sight, Rayleigh on others; flat over the band, a new draw each `coherenceMs`. */
  | { readonly kind: 'block'; readonly coherenceMs: number };

/** 3GPP TR 38.901, urban micro, street canyon; correlation distances are the report's. */
export interface UmiChannelSettings {
  readonly kind: 'tr38901-umi';
  readonly carrierGHz: number;
  readonly shadowing: boolean;
  readonly fading: FadingSettings;
  /** Of the buildings that indoor devices are in, the share with coated glass and concrete. */
  readonly highLossShare: number;
}

/** A ray-traced map. */
export interface MapChannelSettings {
  readonly kind: 'map';
  /** The name of a shipped map, or a path to its header. */
  readonly map: string;
  /** SHA-256 of the map's body; null: any. */
  readonly sha256: string | null;
}

export type ChannelSettings = UmiChannelSettings | MapChannelSettings;

/** A disc that draws people. */
export interface HotSpot {
  readonly xM: number;
  readonly yM: number;
  readonly radiusM: number;
  /** Of all places, first ones and goals. */
  readonly share: number;
}

export interface MobilitySettings {
  /** `streets`: only where the map has no building. */
  readonly model: 'still' | 'random-waypoint' | 'streets';
  readonly speedMps: { readonly pedestrian: Range; readonly vehicle: Range };
  /** At each goal. */
  readonly pauseS: Range;
  readonly hotSpots: readonly HotSpot[];
}
