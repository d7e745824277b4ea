// Reads the event log of one turn or session: one JSON object per line, first a header. The format is in docs/use/library.md. Session,
// conversation and credentials are blanked, so that a reader of the log cannot take the session over.

import { OutriderError } from '../../basics/errors.ts';
import type { DeviceEffect, DeviceEvent, TurnRequest } from '../device/device-state.ts';
import type { EdgeEffect, EdgeEvent, EdgeRules, SessionCreated } from '../edge/edge-state.ts';
import { type ProtocolVersion, protocolVersions } from '../wire/messages.ts';
import type { StateLine } from './event-log-state.ts';

export const eventLogFormat = 'outrider-event-log';
export const eventLogVersion = 2;

interface HeaderBase {
  readonly format: typeof eventLogFormat;
  readonly version: number;
  /** The newest protocol version of its writer; a connection may have an older one. */
  readonly protocol: number;
  /** Version of the package that wrote it. */
  readonly outrider: string;
  /** Time of the first event, ISO 8601. */
  readonly date: string;
}

export interface DeviceLogHeader extends HeaderBase {
  readonly side: 'device';
  readonly turn: TurnRequest;
}

export interface EdgeLogHeader extends HeaderBase {
  readonly side: 'edge';
  readonly rules: Omit<EdgeRules, 'endingOf'>;
  readonly endIds: readonly number[];
  readonly incarnation: number;
}

export type LogHeader = DeviceLogHeader | EdgeLogHeader;

export interface LogLine<Event, Effect> {
  /** Time since the first event. */
  readonly atMs: number;
  readonly event: Event;
  readonly effects: readonly Effect[];
  readonly state: StateLine;
  /** Bytes, in hex, of each id that was committed for the first time. */
  readonly tokens?: Readonly<Record<string, string>>;
}

export type DeviceLogLine = LogLine<DeviceEvent, DeviceEffect>;
export type EdgeLogLine = LogLine<EdgeEvent | SessionCreated, EdgeEffect>;

/** A parsed log: the start of a turn or session, and all events. */
export type EventLog = {
  /** Bytes of an id; empty for an id that is not in the log. */
  readonly tokenBytes: (id: number) => Uint8Array;
  /** The last line was incomplete, as after a crash, and is left out. */
  readonly isCut: boolean;
} & (
  | { readonly header: DeviceLogHeader; readonly lines: readonly DeviceLogLine[] }
  | { readonly header: EdgeLogHeader; readonly lines: readonly EdgeLogLine[] }
);

const noId = '0'.repeat(32);
const blanks: Readonly<Record<string, string>> = { session: noId, conversation: noId, namespace: noId };

/** Converts to plain JSON: marks big integers, sets and infinities, omits functions, blanks secrets. */
export function toPlain(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (value instanceof Set) return { $set: [...value].map(toPlain) };
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, part]) => part !== undefined && typeof part !== 'function');
  return Object.fromEntries(kept.map(([key, part]) => [key, blank(key, part) ?? toPlain(part)]));
}

function blank(key: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return key === 'credentials' ? (value === '' ? '' : 'blanked') : blanks[key];
}

/** The inverse of {@link toPlain}, except for omitted and blanked values. */
export function fromPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value !== 'object' || value === null) return value;
  const { $bigint, $number, $set } = value as Record<string, unknown>;
  if (typeof $bigint === 'string') return BigInt($bigint);
  if (typeof $number === 'string') return Number($number);
  if (Array.isArray($set)) return new Set($set.map(fromPlain));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fromPlain(part)]));
}

/** @throws OutriderError `version-mismatch` for a log of another version, `bad-argument` if the text is not an event log */
export function parseEventLog(text: string): EventLog {
  const rows = text.split('\n');
  // Every complete line ends with a line break.
  const isCut = rows.pop() !== '';
  const [first, ...rest] = rows.map((row, index) => parseRow(row, index + 1));
  const header = checkHeader(first);
  for (const [index, line] of rest.entries()) checkLine(line, index + 2);
  const lines = rest.map(fromPlain).map((line) => withVersion(line, header)) as DeviceLogLine[] & EdgeLogLine[];
  const bytes = new Map<number, Uint8Array>();
  for (const { tokens = {} } of lines)
    for (const [id, hex] of Object.entries(tokens)) bytes.set(Number(id), fromHex(hex));
  const tokenBytes = (id: number): Uint8Array => bytes.get(id) ?? new Uint8Array();
  return { header: fromPlain(header), lines, tokenBytes, isCut } as EventLog;
}

function parseRow(row: string, number: number): unknown {
  try {
    return JSON.parse(row);
  } catch {
    throw noLog(`line ${number} is not JSON`);
  }
}

/** A writer that spoke one version alone did not name it for each connection. */
function withVersion(line: unknown, { protocol }: { readonly protocol?: unknown }): unknown {
  const { event } = line as DeviceLogLine;
  if (event.kind !== 'link-opened' || event.version !== undefined || protocol !== 2) return line;
  return { ...(line as DeviceLogLine), event: { ...event, version: protocol } };
}

function checkHeader(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value) || value['format'] !== eventLogFormat) throw noLog('its first line is not the header of one');
  const { version, protocol, outrider, side } = value;
  const remedy = `replay it with the outrider that wrote it (${String(outrider)})`;
  if (version !== eventLogVersion) {
    const cause = `the log has format version ${String(version)}, this outrider reads version ${eventLogVersion}`;
    throw new OutriderError('version-mismatch', cause, remedy);
  }
  if (!protocolVersions.includes(protocol as ProtocolVersion)) {
    const cause = `the log is of protocol ${String(protocol)}, this outrider speaks ${protocolVersions.join(' and ')}`;
    throw new OutriderError('version-mismatch', cause, remedy);
  }
  const start = side === 'device' ? value['turn'] : side === 'edge' ? value['rules'] : undefined;
  if (!isRecord(start) || (side === 'edge' && !Array.isArray(value['endIds']))) {
    throw noLog('its header does not say how the session began');
  }
  return value;
}

function checkLine(value: unknown, number: number): void {
  const isLine =
    isRecord(value) &&
    typeof value['atMs'] === 'number' &&
    isRecord(value['event']) &&
    typeof value['event']['kind'] === 'string' &&
    Array.isArray(value['effects']) &&
    isRecord(value['state']);
  if (!isLine) throw noLog(`line ${number} is not an event`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function noLog(detail: string): OutriderError {
  return new OutriderError('bad-argument', `this is not an event log: ${detail}`, 'give a file written with --log');
}
