// A fleet as watchers see it: rows of plain values, by keys. A row of an edge has the key "e:ID", a device "d:ID", what is wrong "p:KIND",
// the fleet as a whole "fleet". What a watcher gets has cells of a grid ("c:X,Y"), the links of one device ("l:EDGE") and "view", too.

export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;
export type Table = ReadonlyMap<string, Row>;

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

/** Devices within a square of the map; its key has the place in units of its side. */
export type CellRow = {
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
  readonly faults: ReadonlyMap<string, FaultRow>;
}

/** All rows, for a file. */
export function tableOf({ fleet, edges, devices, faults }: Fleet): Table {
  const table = new Map<string, Row>([['fleet', fleet]]);
  for (const [id, row] of edges) table.set(`e:${id}`, row);
  for (const [id, row] of devices) table.set(`d:${id}`, row);
  for (const [id, row] of faults) table.set(`p:${id}`, row);
  return table;
}

/** The rows of one kind, by what follows their letter. */
export function rowsOf<Kind extends Row>(table: Table, letter: 'e' | 'd' | 'p' | 'c' | 'l'): Map<string, Kind> {
  const rows = new Map<string, Kind>();
  for (const [key, row] of table) if (key.startsWith(`${letter}:`)) rows.set(key.slice(2), row as Kind);
  return rows;
}

/** The fleet again; null: the table has no row of the whole. */
export function fleetOf(table: Table): Fleet | null {
  const fleet = table.get('fleet') as FleetRow | undefined;
  if (fleet === undefined) return null;
  return { fleet, edges: rowsOf(table, 'e'), devices: rowsOf(table, 'd'), faults: rowsOf(table, 'p') };
}

const plain = /^[\x20-\x7e]*$/;

/** A text of a member, for people: short, and without what could change how the text around it is shown. */
export function cleaned(text: string, mostLength: number): string {
  if (plain.test(text)) return text.slice(0, mostLength);
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ').slice(0, mostLength);
}

/** To one digit behind the point by default, so that frames stay small. @param parts of a whole that stay apart */
export function rounded(value: number, parts = 10): number {
  return Math.round(value * parts) / parts;
}
