// Formats the steps of a machine as the lines of its event log. The caller writes the lines to a file.

import type { TokenText } from '../../decoding/token-text.ts';
import type { DeviceEvent, DeviceStep } from '../device/device-state.ts';
import type { EdgeEvent, EdgeStep, SessionCreated } from '../edge/edge-state.ts';
import { protocolVersion } from '../wire/messages.ts';
import { eventLogFormat, eventLogVersion, type LogHeader, type LogLine, toPlain } from './event-log.ts';
import { describeDevice, describeEdge } from './event-log-state.ts';

/** Destination of the lines, and values of the header. */
export interface LogOptions {
  /** Takes one line, without line break. */
  readonly write: (line: string) => void;
  /** From the tokenizer; the log stores these bytes, so that its text is readable without the tokenizer. */
  readonly tokenBytes: (id: number) => Uint8Array;
  /** Version of the package. */
  readonly outrider: string;
  /** Present time, ISO 8601. */
  readonly date: string;
}

/** @returns the `onStep` callback for one turn; it writes the turn's log, first the header */
export function createDeviceLog(
  options: LogOptions,
): (step: DeviceStep & { readonly event: DeviceEvent; readonly atMs: number }) => void {
  const lines = new LineWriter(options);
  return ({ state, event, effects, atMs }) => {
    lines.begin(atMs, { side: 'device', turn: state.turn });
    lines.add({ atMs, event, effects, state: describeDevice(state) }, state.text, state.turn.prompt.length);
  };
}

/** @returns a callback for all steps of one session, from its creation on */
export function createEdgeLog(
  options: LogOptions & { readonly endIds: ReadonlySet<number> },
): (step: EdgeStep & { readonly event: EdgeEvent | SessionCreated; readonly atMs: number }) => void {
  const lines = new LineWriter(options);
  return ({ state, event, effects, atMs }) => {
    const { endingOf: _endingOf, ...rules } = state.rules;
    lines.begin(atMs, { side: 'edge', rules, endIds: [...options.endIds], incarnation: state.incarnation });
    lines.add({ atMs, event, effects, state: describeEdge(state) }, state.text, state.open.prompt.length);
  };
}

/** A header without the fields that all headers share. */
type Start = LogHeader extends infer Header
  ? Header extends LogHeader
    ? Omit<Header, 'format' | 'version' | 'protocol' | 'outrider' | 'date'>
    : never
  : never;

class LineWriter {
  readonly #options: LogOptions;
  readonly #knownIds = new Set<number>();
  #startMs: number | undefined;
  #describedTo = 0;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  begin(atMs: number, start: Start): void {
    if (this.#startMs !== undefined) return;
    this.#startMs = atMs;
    const { outrider, date } = this.#options;
    const header = { format: eventLogFormat, version: eventLogVersion, protocol: protocolVersion, outrider, date };
    this.#write({ ...header, ...start });
  }

  add(step: LogLine<object, object>, text: TokenText, promptLength: number): void {
    const atMs = Math.round((step.atMs - (this.#startMs ?? 0)) * 1000) / 1000;
    const tokens = this.#describe(text, promptLength);
    this.#write({ ...step, atMs, ...(Object.keys(tokens).length === 0 ? {} : { tokens }) });
  }

  /** Bytes, in hex, of each id that occurs in the answer for the first time. */
  #describe(text: TokenText, promptLength: number): Record<string, string> {
    const tokens: Record<string, string> = {};
    // A second `open` may have a shorter text; then the whole answer is read again.
    const from = this.#describedTo > text.length ? promptLength : Math.max(promptLength, this.#describedTo);
    for (const id of text.slice(from)) {
      if (this.#knownIds.has(id)) continue;
      this.#knownIds.add(id);
      tokens[id] = toHex(this.#options.tokenBytes(id));
    }
    this.#describedTo = text.length;
    return tokens;
  }

  #write(value: object): void {
    this.#options.write(JSON.stringify(toPlain(value)));
  }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
