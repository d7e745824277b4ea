// The messages between a controller and its watchers, and the lines of a recorded fleet: a whole table, then what changes in it. The page
// reads them in a browser, so the checks are by hand and need no package.

import { OutriderError } from '../../../core/basics/errors.ts';
import type { Row, Table, Value } from './fleet-rows.ts';
import { type Ask, askAll, type MapWindow } from './fleet-view.ts';

export const watchVersion = 1;
/** Largest frame to a watcher, bytes. */
export const mostWatchBytes = 131_072;
const mostAskBytes = 4096;

/** First on a connection. */
export interface WatchMessage extends Ask {
  readonly kind: 'watch';
  readonly version: number;
  readonly credentials: string;
}

/** What is wanted from now on. */
export interface AskMessage extends Ask {
  readonly kind: 'ask';
}

/** A step of a table: rows that are new or changed, of these only the changed fields, and keys of rows that are gone. */
export interface FleetFrame {
  readonly kind: 'fleet';
  /** By the clock of the controller. */
  readonly atMs: number;
  /** The table is a new one. */
  readonly isWhole: boolean;
  readonly put: readonly (readonly [string, Row])[];
  readonly drop: readonly string[];
}

/** The first line of a recorded fleet, and of each part of it. */
export interface RecordHead {
  readonly kind: 'outrider-fleet';
  readonly version: number;
  /** ISO 8601: the time of day at `atMs` of the next line. */
  readonly began: string;
}

/** @param before null: the other side has nothing yet */
export function frameOf(before: Table | null, after: Table, atMs: number): FleetFrame {
  const put: [string, Row][] = [];
  for (const [key, row] of after) {
    const changed = changedFields(before?.get(key), row);
    if (changed !== null) put.push([key, changed]);
  }
  const drop = before === null ? [] : [...before.keys()].filter((key) => !after.has(key));
  return { kind: 'fleet', atMs: Math.round(atMs), isWhole: before === null, put, drop };
}

function changedFields(before: Row | undefined, after: Row): Row | null {
  if (before === undefined) return after;
  const changed = Object.entries(after).filter(([name, value]) => before[name] !== value);
  return changed.length === 0 ? null : Object.fromEntries(changed);
}

/** Takes a step. */
export function applyFrame(table: Map<string, Row>, { isWhole, put, drop }: FleetFrame): void {
  if (isWhole) table.clear();
  for (const key of drop) table.delete(key);
  for (const [key, row] of put) table.set(key, { ...table.get(key), ...row });
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true });

export function encodeWatch(message: WatchMessage | AskMessage | FleetFrame): Uint8Array {
  return textEncoder.encode(JSON.stringify(message));
}

/**
 * A message of a watcher.
 * @returns null: of another kind, as that of a member
 * @throws OutriderError `protocol-error`, `version-mismatch`
 */
export function decodeWatcher(bytes: Uint8Array): WatchMessage | AskMessage | null {
  if (bytes.length > mostAskBytes) return null;
  const raw = readObject(bytes);
  if (raw === null || (raw['kind'] !== 'watch' && raw['kind'] !== 'ask')) return null;
  const ask = { window: windowIn(raw['window']), edge: idIn(raw['edge']), device: idIn(raw['device']) };
  if (raw['kind'] === 'ask') return { kind: 'ask', ...ask };
  const { version, credentials } = raw;
  if (version !== watchVersion) {
    const cause = `the controller speaks version ${watchVersion} to watchers, not ${String(version).slice(0, 20)}`;
    throw new OutriderError('version-mismatch', cause, 'load the page again');
  }
  if (typeof credentials !== 'string' || credentials.length > 1024) throw malformed('credentials');
  return { kind: 'watch', version, credentials, ...ask };
}

function readObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const raw: unknown = JSON.parse(textDecoder.decode(bytes));
    return typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function idIn(raw: unknown): string | null {
  if (raw === null || raw === undefined) return askAll.edge;
  if (typeof raw === 'string' && raw.length <= 64) return raw;
  throw malformed('an id');
}

function windowIn(raw: unknown): MapWindow | null {
  if (raw === null || raw === undefined) return askAll.window;
  if (Array.isArray(raw) && raw.length === 4 && raw.every(Number.isFinite)) return raw as unknown as MapWindow;
  throw malformed('the window');
}

function malformed(what: string): OutriderError {
  return new OutriderError('protocol-error', `${what} of a watcher is not understood`, 'load the page again');
}

/** Bounds of what a page takes, whoever sends it. */
const mostRows = 250_000;
const mostFields = 64;
const mostText = 1024;

/** A line of a recorded fleet, or a message to a watcher that is no refusal. @throws Error: it is none */
export function readLine(text: string): FleetFrame | RecordHead {
  const raw = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
  if (raw?.['kind'] === 'outrider-fleet') return headIn(raw);
  const { kind, atMs, isWhole, put, drop } = raw ?? {};
  const isFrame = kind === 'fleet' && Number.isFinite(atMs) && typeof isWhole === 'boolean';
  if (!isFrame || !Array.isArray(put) || !Array.isArray(drop) || put.length > mostRows) throw new Error('no frame');
  const rows = put.map((one): readonly [string, Row] => {
    if (!Array.isArray(one) || !isKey(one[0])) throw new Error('no row');
    return [one[0], rowIn(one[1])];
  });
  return { kind, atMs: atMs as number, isWhole, put: rows, drop: drop.filter(isKey) };
}

function headIn({ version, began }: Readonly<Record<string, unknown>>): RecordHead {
  if (version !== watchVersion || typeof began !== 'string') throw new Error('another version');
  return { kind: 'outrider-fleet', version, began };
}

function isKey(raw: unknown): raw is string {
  return typeof raw === 'string' && raw.length <= 128;
}

/** Fields of another type are left out. */
function rowIn(raw: unknown): Row {
  if (typeof raw !== 'object' || raw === null) throw new Error('no row');
  return Object.fromEntries(Object.entries(raw).slice(0, mostFields).filter(isField));
}

function isField(field: [string, unknown]): field is [string, Value] {
  const [name, value] = field;
  if (name === '__proto__' || name.length > mostText) return false;
  if (typeof value === 'string') return value.length <= mostText;
  return value === null || typeof value === 'boolean' || Number.isFinite(value);
}
