// Turns the steps of a machine into the lines of its event log. It decides when a line is made, not where it goes.

import type { DeviceEvent, DeviceStep } from './device-state.ts';
import type { EdgeEvent, EdgeStep, SessionCreated } from './edge-state.ts';
import { eventLogFormat, eventLogVersion, type LogHeader, toPlain } from './event-log.ts';
import { describeDevice, describeEdge, type StateLine } from './event-log-state.ts';
import { protocolVersion } from './messages.ts';
import type { TokenText } from './token-text.ts';

/** Where lines go, and what the header says. */
export interface LogOptions {
  /** Takes one line, without line break. */
  readonly write: (line: string) => void;
  /** Of the model's tokenizer; the text can then be read without it. */
  readonly tokenBytes: (id: number) => Uint8Array;
  /** Version of the package. */
  readonly outrider: string;
  /** Now, ISO 8601. */
  readonly date: string;
}

/** @returns what to pass as `onStep` of one turn: it writes the turn's log, header first */
export function createDeviceLog(
  options: LogOptions,
): (step: DeviceStep & { readonly event: DeviceEvent; readonly atMs: number }) => void {
  const lines = new LineWriter(options);
  return ({ state, event, effects, atMs }) => {
    lines.begin(atMs, { side: 'device', turn: state.turn });
    lines.add({ atMs, event, effects, state: describeDevice(state) }, state.text, state.turn.prompt.length);
  };
}

/** @returns what takes the steps of one session (they carry its number), from its creation on */
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

interface Step {
  readonly atMs: number;
  readonly event: object;
  readonly effects: readonly object[];
  readonly state: StateLine;
}

/** A header without what every header has. */
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

  add(step: Step, text: TokenText, promptLength: number): void {
    const atMs = Math.round((step.atMs - (this.#startMs ?? 0)) * 1000) / 1000;
    const tokens = this.#describe(text, promptLength);
    this.#write({ ...step, atMs, ...(Object.keys(tokens).length === 0 ? {} : { tokens }) });
  }

  /** Bytes of ids that the answer has for the first time. */
  #describe(text: TokenText, promptLength: number): Record<string, string> {
    const tokens: Record<string, string> = {};
    // An edge may be opened again with a shorter text: then its answer is gone through again.
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
