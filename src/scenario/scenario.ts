// What a scenario says: the whole world of a simulation as data. Every field is filled in here; a file may leave out what has a
// default (schema.ts). It knows nothing of how a world is built from it. The radio's and the movement's parts belong to src/world.

import type { TaskKind } from '../world/workload-lengths.ts';
import type { Area, ChannelSettings, MobilitySettings, Range } from './scenario-world.ts';

/** Weights need not add up to one. */
export interface HardwareWeight {
  /** A name of src/world/hardware.ts. */
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
      /** The first so many sites of the map. */
      readonly count: number;
    };

export interface ServerSettings {
  readonly placement: ServerPlacement;
  /** Dealt out to the servers in turn, by weight. */
  readonly hardware: readonly HardwareWeight[];
  /** Share of the peak arithmetic that verification reaches: F^ES over the peak. */
  readonly reachedComputeShare: number;
}

export interface DeviceSettings {
  /** M; of a range, each run takes one number from its seed. */
  readonly count: number | Range;
  /** More are refused. */
  readonly maximumCount: number;
  readonly hardware: readonly HardwareWeight[];
  /** Share of the peak arithmetic that drafting reaches at most. */
  readonly reachedComputeShare: number;
  /** Share of the memory bandwidth that drafting reaches; each token reads all weights of the draft once. */
  readonly reachedMemoryShare: number;
  /** Uniform in dBm, one value a device. */
  readonly transmitPowerDbm: Range;
  /** Outdoors; devices indoors are on a floor of their own. */
  readonly heightM: number;
  /** The rest walks. */
  readonly vehicleShare: number;
  /** They stand still; not with a map, which is of the streets. */
  readonly indoorShare: number;
  readonly battery: BatterySettings;
}

export interface BatterySettings {
  /** Uniform, one value a device. */
  readonly initialShare: Range;
  /** Whether tasks use it up. */
  readonly drains: boolean;
  /** It goes no lower: such a device is plugged in. Must be positive, since the objective divides by the battery. */
  readonly floorShare: number;
  /** What the rest of the device takes, W. */
  readonly idleW: number;
  /** Of the hardware's battery, what may be used up here; B is the remaining share of that. */
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

export interface TaskSettings {
  readonly kind: TaskKind;
  readonly weight: number;
  /** Tokens that a device drafts in a slot. */
  readonly windowTokens: number;
}

export type ArrivalSettings =
  | { readonly kind: 'one-per-slot' }
  | {
      readonly kind: 'poisson-sessions';
      /** Of a device that is idle. A session lasts until its answer is written: one task a slot. */
      readonly sessionsPerMinute: number;
      /** Tokens that a slot adds to an answer, as a share of the window. */
      readonly keptShare: number;
    }
  | {
      readonly kind: 'duty-cycle';
      /** Of the devices: so many are at work at a time; where one ends, another starts in the next slot. */
      readonly share: number;
      readonly keptShare: number;
    };

export interface WorkloadSettings {
  /** Names of src/world/workload-models.ts. */
  readonly target: string;
  readonly draft: string;
  readonly tasks: readonly TaskSettings[];
  /** `q16`: the draft's whole distribution, 16 bit an entry. `ids`: as many bits as an id needs. */
  readonly payloadLaw: 'q16' | 'ids';
  readonly arrivals: ArrivalSettings;
}

/** What only the token fidelity asks for. */
export interface TokenSettings {
  /** Of the network between radio and server, there and back; airtime comes on top. */
  readonly roundTripMs: number;
  /** Chance that a draft is right, each independently; not used with traces. */
  readonly acceptance: number;
  /** From the end of an answer to the next task, arrivals `one-per-slot`. */
  readonly thinkMs: number;
  /** Draft and step times are uniform within this share, up and down. */
  readonly timeJitter: number;
  /** Share of the memory bandwidth that a server's step reaches; it reads all weights once. */
  readonly serverMemoryShare: number;
  /** Tokens that a device is ahead of the committed text at most. */
  readonly maxAhead: number;
}

export interface QueueSettings {
  /** kappa: what one queued slot costs. */
  readonly kappaMs: number;
  /** k. `backlog`: whole slots of work left over. `uniform`: 0 .. maximumSlots, each server and slot. */
  readonly law:
    | { readonly kind: 'none' }
    | { readonly kind: 'fixed'; readonly slots: number }
    | { readonly kind: 'uniform'; readonly maximumSlots: number }
    | { readonly kind: 'backlog'; readonly maximumSlots: number };
}

/** What a device pays that leaves the server where its text is. Texts last over slots with sessions only. */
export type HandoverSettings =
  | { readonly kind: 'none' }
  | {
      /** The new server evaluates the text anew, which takes its time from others as well. */
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
  /** Policies see gains as they were so many slots ago; costs are of the gains of the slot itself. */
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
  readonly lambda: number;
  readonly lambdaUnit: 'per-ms' | 'per-s';
  /** w, ms per (J / battery share). */
  readonly energyWeight: number;
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
  readonly workload: WorkloadSettings;
  readonly token: TokenSettings;
  readonly queue: QueueSettings;
  readonly handover: HandoverSettings;
  readonly knowledge: KnowledgeSettings;
  readonly energy: EnergySettings;
  readonly objective: LambdaSettings;
  /** Reasons, keyed by path: where a value comes from, or why it was chosen. */
  readonly why: Readonly<Record<string, string>>;
}
