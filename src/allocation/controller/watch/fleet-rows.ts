// A fleet as watchers see it: plain values, as they are sent.

/** Times in ms, places in metres; null: not known. */
export type FleetRow = {
  readonly epoch: number;
  readonly slot: number;
  readonly policy: string;
  readonly edges: number;
  /** Edges that take another session. */
  readonly serving: number;
  readonly devices: number;
  /** Devices that read an answer. */
  readonly reading: number;
  /** Devices that read, and that no edge can serve. */
  readonly unserved: number;
  /** Devices that get another edge by the last decision. */
  readonly moves: number;
  /** Between two tokens: median and 95th percentile of the devices that read, and the median of what was predicted. */
  readonly feltMs: number | null;
  readonly feltMsP95: number | null;
  readonly predictedMs: number | null;
  /** Median of the devices' last answers. */
  readonly firstMs: number | null;
  /** Mean of the devices that read. */
  readonly acceptance: number | null;
  /** Rows of all edges in a step, as predicted. */
  readonly rows: number;
  /** Sessions that wait for a place. */
  readonly waiting: number;
};

export type EdgeState = 'serving' | 'full' | 'draining' | 'away';

export type EdgeRow = {
  readonly model: string;
  readonly x: number | null;
  readonly y: number | null;
  readonly state: EdgeState;
  readonly places: number;
  readonly sessions: number;
  readonly waiting: number;
  /** Part of the time in which its engine ran, 0 to 1. */
  readonly busy: number;
  readonly stepMs: number;
  readonly rowMs: number;
  /** In a step, as predicted. */
  readonly rows: number;
  /** Devices that read from it, and the mean of their times between two tokens. */
  readonly readers: number;
  readonly feltMs: number | null;
};

/** `first`: waits for its first token; `away`: its connection is lost, or it has stopped to report. */
export type DeviceState = 'idle' | 'first' | 'reading' | 'unserved' | 'away';

export type DeviceRow = {
  readonly x: number | null;
  readonly y: number | null;
  readonly state: DeviceState;
  /** The edge that writes. */
  readonly edge: string | null;
  /** The edge that it was sent to. */
  readonly goal: string | null;
  /** Why, in words for people. */
  readonly why: string | null;
  /** Between two tokens. */
  readonly predictedMs: number | null;
  readonly feltMs: number | null;
  /** From its last question to the first token, as its reports show: up to half a second too long. */
  readonly firstMs: number | null;
  readonly acceptance: number | null;
  readonly battery: number;
  readonly written: number;
  readonly limit: number;
  /** What it is to draft, and why. */
  readonly mode: string | null;
  readonly modeWhy: string | null;
};

export type FaultKind =
  | 'unserved'
  | 'edge-away'
  | 'edge-lost'
  | 'policy-failed'
  | 'policy-late'
  | 'refused'
  | 'not-followed'
  | 'model-differs'
  | 'replaced';

/** What is wrong now, or was within the last minute. */
export type FaultRow = {
  readonly kind: FaultKind;
  /** Policy, edge or member that it concerns; null: none. */
  readonly subject: string | null;
  readonly cause: string;
  readonly count: number;
  /** By the controller's clock, the last time. */
  readonly atMs: number;
};

/** Devices within a square of the map, whose corner in the south-west is at x and y. */
export type CellRow = {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly devices: number;
  readonly reading: number;
  readonly unserved: number;
  readonly feltMs: number | null;
  /** The edge that most of them read from. */
  readonly edge: string | null;
};

export type LinkRow = { readonly roundTripMs: number; readonly bitsPerSecond: number | null };

/** How many devices and edges a watcher has asked for, and how many have a row. */
export type ViewRow = {
  readonly devices: number;
  readonly shown: number;
  readonly edges: number;
  readonly edgesShown: number;
};

export interface Fleet {
  readonly fleet: FleetRow;
  readonly edges: ReadonlyMap<string, EdgeRow>;
  readonly devices: ReadonlyMap<string, DeviceRow>;
  readonly faults: readonly FaultRow[];
}

type Rows<Row> = readonly (readonly [id: string, Row])[];

/** What one watcher gets, once a second. */
export interface Snapshot {
  readonly kind: 'fleet';
  readonly fleet: FleetRow;
  readonly view: ViewRow;
  readonly edges: Rows<EdgeRow>;
  readonly devices: Rows<DeviceRow>;
  readonly cells: readonly CellRow[];
  /** Links of the device that was asked for, by edges, the shortest first. */
  readonly links: Rows<LinkRow>;
  readonly faults: readonly FaultRow[];
}

const plain = /^[\x20-\x7e]*$/;

/** A text of a member, for people: short, and without what could change how the text around it is shown. */
export function cleaned(text: string, mostLength: number): string {
  if (plain.test(text)) return text.slice(0, mostLength);
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ').slice(0, mostLength);
}

/** To one digit behind the point by default, so that snapshots stay small. @param parts of a whole that stay apart */
export function rounded(value: number, parts = 10): number {
  return Math.round(value * parts) / parts;
}
