// For tests: a registry of an edge with a number of places and a clock by hand; it keeps what was sent.

import { type OpenMessage, protocolVersion } from '../wire/messages.ts';
import type { EdgeKey } from './edge-key.ts';
import { defaultPlaceRules, type PlaceRules } from './edge-places.ts';
import { EdgeRegistry, type RegistryEntry } from './edge-registry.ts';
import { testOpening, testRules } from './edge-session.fixture.ts';
import { createEdgeSession, stepEdge } from './edge-session.ts';

interface Timer {
  readonly atMs: number;
  readonly action: () => void;
}

export const keepLostMs = 60_000;

/** A registry with this many places; it keeps the messages that were sent on each link. */
export class RegistryBed {
  /** Kinds of the messages, with their content: "queued 3", "commit"; "closed done". */
  readonly said: [link: number, what: string][] = [];
  readonly forgotten: string[] = [];
  /** Changes of places, with the time of waiting: "a given 1000". */
  readonly changes: string[] = [];
  /** What the registry reported to its owner of each session: "a link-closed", "a settled". */
  readonly events: string[] = [];
  /** Causes of the refusals that were sent. */
  readonly causes: string[] = [];
  /** Their remedies. */
  readonly remedies: string[] = [];
  clearedCount = 0;
  /** The owner fails where a place is taken. */
  placeFailure: Error | null = null;
  readonly registry: EdgeRegistry<RegistryEntry>;
  #timers: Timer[] = [];
  #nowMs = 0;
  #freePlaces: number;

  constructor(placeCount = 2, places: Partial<PlaceRules> = {}) {
    this.#freePlaces = placeCount;
    const clock = {
      nowMs: () => this.#nowMs,
      after: (ms: number, action: () => void) => {
        const timer = { atMs: this.#nowMs + ms, action };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
    };
    const machines = { stepEdge, createEdgeSession };
    const rules = { ...defaultPlaceRules, ...places };
    const settings = { machines, rules: testRules, keepLostMs, places: rules, shareOf: () => 1 };
    this.registry = new EdgeRegistry(settings, clock, {
      placeCount,
      send: (link, message) => {
        this.said.push([link, message.kind === 'queued' ? `queued ${message.ahead}` : message.kind]);
        if (message.kind === 'refused') {
          this.causes.push(message.cause);
          this.remedies.push(message.remedy);
        }
      },
      close: (link, code) => {
        this.said.push([link, `closed ${code}`]);
        this.registry.linkClosed(link);
      },
      enter: (entry) => entry,
      takePlace: () => {
        if (this.placeFailure !== null) throw this.placeFailure;
        if (this.#freePlaces === 0) return false;
        this.#freePlaces -= 1;
        return true;
      },
      leavePlace: () => {
        this.#freePlaces += 1;
      },
      placeChanged: ({ id }, change, waitedMs) => this.changes.push(`${id} ${change} ${waitedMs}`),
      stepped: ({ id }, { kind }) => this.events.push(`${id} ${kind}`),
      settled: ({ id }) => this.events.push(`${id} settled`),
      cleared: () => {
        this.clearedCount += 1;
      },
      forgotten: ({ id }) => this.forgotten.push(id),
    });
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  /** Sessions with a place, oldest first. */
  get placed(): string[] {
    return [...this.registry.entries].filter(({ hasPlace }) => hasPlace).map(({ id }) => id);
  }

  open(link: number, session: string, changes: Partial<OpenMessage> = {}, key?: EdgeKey): void {
    this.registry.receive(link, testOpening({ session, ...changes }), key);
  }

  /** Sessions with one-letter names on the links from `first` on. */
  openEach(sessions: string, key?: EdgeKey, first = 1): this {
    for (const [index, session] of [...sessions].entries()) this.open(first + index, session, {}, key);
    return this;
  }

  bye(link: number): void {
    this.registry.receive(link, { kind: 'bye' });
  }

  lose(link: number): void {
    this.registry.linkClosed(link);
  }

  resume(link: number, session: string, attempt: number, length: number, key?: EdgeKey): void {
    const first = { kind: 'resume', version: protocolVersion, credentials: '', padding: 0 } as const;
    this.registry.receive(link, { ...first, session, attempt, length }, key);
  }

  received(link: number): string[] {
    return this.said.flatMap(([at, what]) => (at === link ? [what] : []));
  }

  entry(session: string, key?: EdgeKey): RegistryEntry {
    const entry = this.registry.find(session, key);
    if (entry === undefined) throw new Error('no such session');
    return entry;
  }

  /** The target writes one token; `meanwhile` comes before its step ends. */
  write(session: string, key?: EdgeKey, meanwhile: () => void = () => {}): void {
    const entry = this.entry(session, key);
    this.registry.step(entry, { kind: 'step-started', drafts: 0 });
    meanwhile();
    const { ticket } = entry.state;
    if (ticket === null) throw new Error('no step');
    this.registry.step(entry, { kind: 'step-done', ticket, rows: [{ ids: [9], logits: [1] }] });
  }

  passTime(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = next.atMs;
      next.action();
    }
    this.#nowMs = untilMs;
  }
}
