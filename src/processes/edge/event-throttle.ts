// Summarises floods of events: from one address, or from all together, only so many of a kind pass in a window; the others are counted, and
// one event gives their number. So a million wrong keys cost a few lines of a log.

import type { Clock } from '../../core/basics/clock.ts';
import { type EdgeLogEvent, type EventKind, type LogLevel, levelOf } from './edge-events.ts';

/** Times in ms. */
export interface ThrottleSettings {
  readonly windowMs: number;
  /** Events with the same kind, level, code and address that pass in a window. */
  readonly perAddress: number;
  /** Events of one kind, level and code that pass in a window, of all addresses. */
  readonly perKind: number;
}

export const defaultThrottle: ThrottleSettings = { windowMs: 10_000, perAddress: 10, perKind: 200 };

/** Sessions cost their device a place and a key, so they are no flood; each answer has its line. */
const perAddressOfSessions = 2000;

/** Always reported: there are few of them, and each matters. */
const always: ReadonlySet<EventKind> = new Set([
  'fault',
  'key-revoked',
  'engine-stalled',
  'engine-returned',
  'draining',
  'serving',
  'closed',
]);

interface Window {
  readonly of: EventKind;
  readonly level: LogLevel;
  readonly code: string | null;
  readonly address: string | null;
  passed: number;
  held: number;
}

export class EventThrottle {
  readonly #emit: (event: EdgeLogEvent) => void;
  readonly #clock: Clock;
  readonly #settings: ThrottleSettings;
  readonly #windows = new Map<string, Window>();
  #cancel: (() => void) | null = null;
  #isClosed = false;

  constructor(emit: (event: EdgeLogEvent) => void, clock: Clock, settings: ThrottleSettings = defaultThrottle) {
    this.#emit = emit;
    this.#clock = clock;
    this.#settings = settings;
  }

  take(event: EdgeLogEvent): void {
    if (this.#isClosed) return;
    if (always.has(event.kind) || event.kind === 'more') {
      this.#emit(event);
      return;
    }
    this.#cancel ??= this.#clock.after(this.#settings.windowMs, () => this.flush());
    const address = 'address' in event ? event.address : null;
    const code = codeOf(event);
    const isSession = event.kind.startsWith('session-');
    const all = this.#window(event, code, null);
    const mostOfAll = isSession ? perAddressOfSessions : this.#settings.perKind;
    if (all.passed >= mostOfAll) {
      all.held += 1;
      return;
    }
    const own = this.#window(event, code, address ?? 'unknown');
    if (own.passed >= (isSession ? perAddressOfSessions : this.#settings.perAddress)) {
      own.held += 1;
      return;
    }
    all.passed += 1;
    own.passed += 1;
    this.#emit(event);
  }

  /** Says what was held back, then `last`; ignores what comes later, and leaves no timer. */
  close(last: EdgeLogEvent): void {
    this.flush();
    this.take(last);
    this.#isClosed = true;
  }

  /** Ends the window: reports what was held back. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const windows = [...this.#windows.values()];
    this.#windows.clear();
    for (const { held, passed: _, ...what } of windows) {
      if (held > 0) this.#emit({ kind: 'more', ...what, count: held, inMs: this.#settings.windowMs });
    }
  }

  /** The number of windows is bounded by `perKind`: each one passes at least one event. */
  #window(event: EdgeLogEvent, code: string | null, address: string | null): Window {
    const of = event.kind;
    const level = levelOf(event);
    const name = `${of} ${level} ${code} ${address}`;
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = { of, level, code, address, passed: 0, held: 0 };
      this.#windows.set(name, window);
    }
    return window;
  }
}

function codeOf(event: EdgeLogEvent): string | null {
  if ('code' in event) return event.code;
  return event.kind === 'upgrade-refused' ? event.reason : null;
}
