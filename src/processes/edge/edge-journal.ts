// Turns what happens to connections and sessions into events for the operator (edge-events.ts), and counts it. It decides nothing.

import type { Clock } from '../../core/basics/clock.ts';
import type { ErrorCode } from '../../core/basics/errors.ts';
import type { EdgeEntry } from '../../core/protocol/edge/edge-core.ts';
import { anyone, type EdgeKey } from '../../core/protocol/edge/edge-key.ts';
import type { PlaceChange } from '../../core/protocol/edge/edge-place-queue.ts';
import type { EdgeEvent, EdgeState, SessionCreated } from '../../core/protocol/edge/edge-state.ts';
import type { EdgeMessage } from '../../core/protocol/wire/messages.ts';
import type { CloseReason, Connection } from '../../network/transport/transport.ts';
import type { EdgeLogEvent, SessionFigures } from './edge-events.ts';
import { type EdgeMeter, type MeteredEnd, noMeter } from './edge-meter.ts';
import { EventThrottle } from './event-throttle.ts';

/** Counts since the start. */
export interface EdgeCounts {
  readonly connectionsOpened: number;
  readonly sessionsOpened: number;
  readonly sessionsEnded: number;
  /** Sessions whose device stayed away. */
  readonly sessionsForgotten: number;
  /** Refusals and closes by the edge, by error code. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Requests for a connection that were refused before there was one, by reason. */
  readonly upgradeRefusals: Readonly<Record<string, number>>;
  readonly faults: number;
}

interface ConnectionRecord {
  readonly number: number;
  readonly address: string | null;
  closing: { readonly code: ErrorCode | 'done'; readonly detail: string } | null;
  wasRefused: boolean;
  /** Name of the key that it has shown. */
  key: string | null;
}

interface SessionRecord {
  readonly openedAtMs: number;
  startLength: number;
  firstAtMs: number | null;
  lastAtMs: number;
  isOver: boolean;
  isWaiting: boolean;
  address: string | null;
}

export class EdgeJournal {
  readonly #clock: Clock;
  readonly #throttle: EventThrottle;
  readonly #meter: EdgeMeter;
  readonly #connections = new Map<object, ConnectionRecord>();
  readonly #sessions = new WeakMap<object, SessionRecord>();
  readonly #counts = { connectionsOpened: 0, sessionsOpened: 0, sessionsEnded: 0, sessionsForgotten: 0 };
  readonly #refusals = new Map<string, number>();
  readonly #upgradeRefusals = new Map<string, number>();
  /** The carrier of a connection of the core. */
  carrierOf: (link: number) => object | undefined = () => undefined;

  /** @param emit must not throw, nor may `meter` */
  constructor(emit: (event: EdgeLogEvent) => void, clock: Clock, meter: EdgeMeter = noMeter) {
    this.#clock = clock;
    this.#meter = meter;
    this.#throttle = new EventThrottle(emit, clock);
  }

  counts(faults: number): EdgeCounts {
    return {
      ...this.#counts,
      refusals: Object.fromEntries(this.#refusals),
      upgradeRefusals: Object.fromEntries(this.#upgradeRefusals),
      faults,
    };
  }

  write(event: EdgeLogEvent): void {
    this.#throttle.take(event);
  }

  /** The last event. */
  close(): void {
    this.#throttle.close({ kind: 'closed' });
  }

  opened(carrier: Connection): void {
    this.#counts.connectionsOpened += 1;
    const record = { number: this.#counts.connectionsOpened, address: carrier.address ?? null };
    this.#connections.set(carrier, { ...record, closing: null, wasRefused: false, key: null });
    this.write({ kind: 'connection-opened', connection: record.number, address: record.address });
  }

  closed(carrier: Connection, reason: CloseReason): void {
    const record = this.#connections.get(carrier);
    if (record === undefined) return;
    this.#connections.delete(carrier);
    const { number: connection, address, closing, wasRefused } = record;
    const by = reason.by === 'peer' ? 'device' : reason.by === 'us' ? 'edge' : 'network';
    const said = closing ?? { code: reason.code, detail: reason.by === 'us' ? reason.detail : '' };
    // The transport has closed it for the peer's fault, as for a frame over the limit.
    if (closing === null && by === 'edge') this.#count(this.#refusals, said.code);
    this.write({
      kind: 'connection-closed',
      connection,
      address,
      by: closing === null ? by : 'edge',
      ...said,
      wasRefused,
    });
  }

  closing(carrier: object, code: ErrorCode | 'done', detail: string): void {
    const record = this.#connections.get(carrier);
    if (record === undefined || record.closing !== null) return;
    record.closing = { code, detail };
    if (code !== 'done' && !record.wasRefused) this.#count(this.#refusals, code);
  }

  sending(carrier: object, message: EdgeMessage): void {
    if (message.kind !== 'refused') return;
    const record = this.#connections.get(carrier);
    if (record === undefined) return;
    record.wasRefused = true;
    this.#count(this.#refusals, message.code);
    const { number: connection, address, key } = record;
    const { code, cause } = message;
    this.write({ kind: 'refused', connection, address, code, cause, key });
  }

  admitted(carrier: object, key: EdgeKey): void {
    const record = this.#connections.get(carrier);
    if (record !== undefined) record.key = nameOf(key);
  }

  fault(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    this.write({ kind: 'fault', cause, stack: error instanceof Error ? (error.stack ?? null) : null });
  }

  /** @param keys of the sessions that have ended with them */
  keysRevoked(keys: readonly EdgeKey[]): void {
    const counts = new Map<string, number>();
    for (const { name } of keys) this.#count(counts, name);
    for (const [key, sessions] of counts) this.write({ kind: 'key-revoked', key, sessions });
  }

  upgradeRefused(address: string | null, reason: string, detail: string): void {
    this.#count(this.#upgradeRefusals, reason);
    this.write({ kind: 'upgrade-refused', address, reason, detail });
  }

  stepped(entry: EdgeEntry, event: EdgeEvent | SessionCreated, before: EdgeState | null): void {
    if (event.kind === 'session-created') this.#sessionOpened(entry, event.link);
    const record = this.#sessions.get(entry);
    if (record === undefined) return;
    const { state } = entry;
    if (before !== null && state.text.length > before.text.length && event.kind === 'step-done') {
      const nowMs = this.#clock.nowMs();
      const tokens = state.text.length - before.text.length;
      const drafts = event.ticket.drafts.length;
      const accepted = acceptedRows(state) - acceptedRows(before);
      const sinceMs = nowMs - record.lastAtMs;
      this.#meter.committed({ tokens, drafts, accepted, sinceMs, isFirst: record.firstAtMs === null });
      record.lastAtMs = nowMs;
      record.firstAtMs ??= nowMs;
    }
    if (before !== null && before.link?.id !== state.link?.id) this.#moved(entry, record);
    if (record.isOver) return;
    if (state.end !== null) this.#ended(entry, record, state.end);
    else if (state.released) this.#ended(entry, record, releaseReason(event));
  }

  placeChanged(entry: EdgeEntry, change: PlaceChange, waitedMs: number): void {
    const record = this.#sessions.get(entry);
    if (record === undefined || record.isOver) return;
    const of = { session: entry.number, address: record.address };
    if (change === 'given') {
      // A place at once is no news.
      if (record.isWaiting) this.write({ kind: 'session-placed', ...of, waitedMs: round(waitedMs) });
    } else if (change === 'waiting') this.write({ kind: 'session-waiting', ...of });
    else this.write({ kind: 'session-displaced', ...of, why: change });
    record.isWaiting = change === 'waiting' || change === 'shared';
  }

  forgotten(entry: EdgeEntry): void {
    const record = this.#sessions.get(entry);
    if (record === undefined || record.isOver) return;
    this.#over(record, 'forgotten');
    this.#counts.sessionsForgotten += 1;
    this.write({
      kind: 'session-forgotten',
      session: entry.number,
      address: record.address,
      ...figuresOf(entry, record),
    });
  }

  #sessionOpened(entry: EdgeEntry, link: number): void {
    this.#counts.sessionsOpened += 1;
    const { open, text } = entry.state;
    const nowMs = this.#clock.nowMs();
    const address = this.#addressOf(link);
    const times = { openedAtMs: nowMs, firstAtMs: null, lastAtMs: nowMs };
    this.#meter.opened({ mode: open.mode, promptTokens: open.prompt.length });
    this.#sessions.set(entry, { ...times, startLength: text.length, isOver: false, isWaiting: false, address });
    this.write({
      kind: 'session-opened',
      session: entry.number,
      address,
      key: nameOf(entry.key),
      mode: open.mode,
      promptTokens: open.prompt.length,
      answerTokens: open.answer.length,
    });
  }

  #moved({ number: session, state }: EdgeEntry, record: SessionRecord): void {
    if (state.link === null) {
      if (!state.released && state.end === null) {
        this.write({ kind: 'session-lost', session, address: record.address });
      }
      return;
    }
    record.address = this.#addressOf(state.link.id);
    this.write({ kind: 'session-resumed', session, address: record.address });
  }

  #ended(entry: EdgeEntry, record: SessionRecord, reason: Extract<EdgeLogEvent, { kind: 'session-ended' }>['reason']) {
    this.#over(record, reason);
    this.#counts.sessionsEnded += 1;
    const { number: session } = entry;
    this.write({ kind: 'session-ended', session, address: record.address, reason, ...figuresOf(entry, record) });
  }

  #over(record: SessionRecord, reason: MeteredEnd['reason']): void {
    record.isOver = true;
    this.#meter.ended({ reason, ms: record.lastAtMs - record.openedAtMs });
  }

  #addressOf(link: number): string | null {
    const carrier = this.carrierOf(link);
    return (carrier === undefined ? undefined : this.#connections.get(carrier)?.address) ?? null;
  }

  #count(counts: Map<string, number>, name: string): void {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

function acceptedRows({ account }: EdgeState): number {
  return account.acceptedRows + account.acceptedEdgeDraftRows;
}

function releaseReason(event: EdgeEvent | SessionCreated): 'left' | 'refused' | 'failed' {
  if (event.kind === 'message-received' && event.message.kind === 'bye') return 'left';
  const isFault = event.kind === 'step-failed' || (event.kind === 'refused' && event.code === 'internal');
  return isFault ? 'failed' : 'refused';
}

function figuresOf({ key, state }: EdgeEntry, record: SessionRecord): SessionFigures {
  const { text, account } = state;
  const tokens = Math.max(0, text.length - record.startLength);
  const { openedAtMs, firstAtMs, lastAtMs } = record;
  return {
    key: nameOf(key),
    tokens,
    firstTokenMs: firstAtMs === null ? null : round(firstAtMs - openedAtMs),
    msPerToken: firstAtMs === null || tokens < 2 ? null : round((lastAtMs - firstAtMs) / (tokens - 1)),
    draftRows: account.draftRows + account.edgeDraftRows,
    acceptedRows: account.acceptedRows + account.acceptedEdgeDraftRows,
  };
}

/** Null: the edge asks for no key. */
function nameOf({ id, name }: EdgeKey): string | null {
  return id === anyone.id ? null : name;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
