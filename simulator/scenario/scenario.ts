// A scenario: the whole world of a simulation as data. Every field has a value here; a file may leave out fields with a default
// (schema.ts, schema-world.ts). It does not know how a world is built.

import type { BatteryPlan } from '../world/battery.ts';
import type { UniformRange } from '../world/mobility.ts';
import type { WorkloadPlan } from '../world/workload.ts';

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

/** Weights need not add up to one. */
export interface HardwareWeight {
  /** A name in simulator/world/hardware.ts. */
  readonly name: string;
  readonly weight: number;
}

export type ServerPlacement =
  | {
      readonly kind: 'grid';
      /** E; the grid has as many columns as rows, or one more. */
      readonly count: number;
      readonly heightM: number;
    }
  | {
      readonly kind: 'list';
      readonly sites: readonly { readonly xM: number; readonly yM: number; readonly heightM: number }[];
    }
  | {
      readonly kind: 'map-sites';
      /** The first `count` sites of the map. */
      readonly count: number;
    };

export interface ServerSettings {
  readonly placement: ServerPlacement;
  /** Assigned to the servers in turn, by weight. */
  readonly hardware: readonly HardwareWeight[];
  /** Share of the peak arithmetic that verification reaches: F^ES over the peak. */
  readonly reachedComputeShare: number;
}

export interface DeviceSettings {
  /** M; for a range, each run draws one number from its seed. */
  readonly count: number | UniformRange;
  /** More devices are refused. */
  readonly maximumCount: number;
  readonly hardware: readonly HardwareWeight[];
  /** Share of the peak arithmetic that drafting reaches at most. */
  readonly reachedComputeShare: number;
  /** Share of the memory bandwidth that drafting reaches; each token reads all weights of the draft once. */
  readonly reachedMemoryShare: number;
  /** Uniform in dBm, one value a device. */
  readonly transmitPowerDbm: UniformRange;
  /** Outdoors; indoor devices draw a floor. */
  readonly heightM: number;
  /** The rest are pedestrians. */
  readonly vehicleShare: number;
  /** They stand still; not allowed with a map, which has streets only. */
  readonly indoorShare: number;
  readonly battery: BatterySettings;
}

export interface BatterySettings extends BatteryPlan {
  /** Share of the hardware's battery that may be used here; B is the remaining share of that. */
  readonly usableShare: number;
}

export interface RadioSettings {
  /** W, shared equally: W_j = W / E. */
  readonly bandwidthMHz: number;
  readonly noiseDensityDbmPerHz: number;
  readonly noiseFigureDb: number;
  /** Links below it, over the server's whole band, are not eligible. */
  readonly minimumSnrDb: number;
  /** `fixed-snr`: eq. 5. `concentrated`: all power in the allotted band. */
  readonly model: 'fixed-snr' | 'concentrated';
}

/** Settings of the token fidelity alone. */
export interface TokenSettings {
  /** Round trip of the network between radio and server; the airtime is added. For a range, each server draws one. */
  readonly roundTripMs: number | UniformRange;
  /** Acceptance rate of independent drafts; not used with traces. */
  readonly acceptance: number;
  /** Time from the end of an answer to the next task, with arrivals `one-per-slot`. */
  readonly thinkMs: number;
  /** Draft and step times are uniform within this share, up and down. */
  readonly timeJitter: number;
  /** Share of the memory bandwidth that a server's step reaches; it reads all weights once. */
  readonly serverMemoryShare: number;
  /** Limit of tokens by which a device is ahead of the committed text. */
  readonly maxAhead: number;
}

export interface QueueSettings {
  /** kappa: cost of one queued slot. */
  readonly kappaMs: number;
  /** k. `backlog`: whole slots of unfinished work. `uniform`: 0 .. maximumSlots, each server and slot. */
  readonly law:
    | { readonly kind: 'none' }
    | { readonly kind: 'fixed'; readonly slots: number }
    | { readonly kind: 'uniform'; readonly maximumSlots: number }
    | { readonly kind: 'backlog'; readonly maximumSlots: number };
}

/** The cost of a handover to another server. Texts last over several slots with sessions only. */
export type HandoverSettings =
  | { readonly kind: 'none' }
  | {
      /** The new server evaluates the text again, which delays its other devices too. */
      readonly kind: 'prefill';
      /** Share of the peak arithmetic that evaluating a text reaches. */
      readonly reachedComputeShare: number;
    }
  | {
      /** The old server sends the text's keys and values. */
      readonly kind: 'transfer';
      readonly backhaulMbps: number;
    };

export interface KnowledgeSettings {
  /** Stale CSI: policies see the gains of this many slots ago; costs use the gains of the slot itself. */
  readonly gainAgeSlots: number;
}

export interface EnergySettings {
  /** delta_CP. */
  readonly computeJoulePerFlop: number;
  /** delta_CM: J per (MHz W) in model `band`, J per (W s) in model `airtime`. */
  readonly transmitFactor: number;
  readonly model: 'band' | 'airtime';
}

export interface LambdaSettings {
  /** `paper`: Koh & Yang 2025. `felt`: predicted time per token of an answer, and energy (docs/research/allocation.md). Default: the caller's. */
  readonly kind?: 'paper' | 'felt' | undefined;
  readonly lambda: number;
  readonly lambdaUnit: 'per-ms' | 'per-s';
  /** Under `felt`, how many times a ms until the first token counts; left out: the usual weight (docs/research/allocation.md). */
  readonly firstTokenWeight?: number | undefined;
  /** w, ms per (J / battery share). */
  readonly energyWeight: number;
  /** What a slot costs a device that no server serves, ms; null: the length of the slot. */
  readonly unservedMs: number | null;
}

/** One world, with every default filled in. */
export interface Scenario {
  readonly version: 1;
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  readonly slotMs: number;
  /** Null: the map's own. */
  readonly area: Area | null;
  readonly servers: ServerSettings;
  readonly devices: DeviceSettings;
  readonly radio: RadioSettings;
  readonly channel: ChannelSettings;
  readonly mobility: MobilitySettings;
  readonly workload: WorkloadPlan;
  readonly token: TokenSettings;
  readonly queue: QueueSettings;
  readonly handover: HandoverSettings;
  readonly knowledge: KnowledgeSettings;
  readonly energy: EnergySettings;
  readonly objective: LambdaSettings;
  /** Reasons by path: the source of a value, or why it was chosen. */
  readonly why: Readonly<Record<string, string>>;
}
