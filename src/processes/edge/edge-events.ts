// What an edge reports to its operator, as typed events: connections, refusals, sessions, faults. They hold no prompt, text, token ids,
// key or session id; a session has a number instead, a key its name.

import type { ErrorCode } from '../../core/basics/errors.ts';
import type { PlaceLoss } from '../../core/protocol/edge/edge-places.ts';
import type { EndReason } from '../../core/protocol/wire/messages.ts';
import type { ModeName } from '../../core/protocol/wire/mode.ts';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
/** From the gravest to the least. */
export type LogLevel = (typeof logLevels)[number];

interface OfConnection {
  /** Unique in the process, from 1. */
  readonly connection: number;
  /** The peer, as the transport names it; null: unknown. */
  readonly address: string | null;
}

interface OfSession {
  /** Unique in the process, from 1. */
  readonly session: number;
  readonly address: string | null;
}

/** How far a session came. Times in ms. */
export interface SessionFigures {
  /** Name of the key that opened it; null: none is asked for. */
  readonly key: string | null;
  /** Tokens that this edge has written. */
  readonly tokens: number;
  /** From the opening to the first token; null: there was none. */
  readonly firstTokenMs: number | null;
  /** From the first token to the last; null: fewer than two tokens. */
  readonly msPerToken: number | null;
  /** Drafts that were evaluated and accepted, of the device and of the edge together. */
  readonly draftRows: number;
  readonly acceptedRows: number;
}

/** One event of an edge; see {@link levelOf}. */
export type EdgeLogEvent =
  | ({ readonly kind: 'connection-opened' } & OfConnection)
  | ({
      readonly kind: 'connection-closed';
      readonly by: 'edge' | 'device' | 'network';
      readonly code: ErrorCode | 'done';
      /** The edge's own words; empty if the device has closed it. */
      readonly detail: string;
      /** A `refused` event has the same already. */
      readonly wasRefused: boolean;
    } & OfConnection)
  /** The device was sent the reason; `key`: name of the key it showed, if it is known. */
  | ({
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly cause: string;
      readonly key: string | null;
    } & OfConnection)
  /** No connection was opened; `detail` holds words of the peer. */
  | {
      readonly kind: 'upgrade-refused';
      readonly address: string | null;
      readonly reason: string;
      readonly detail: string;
    }
  | ({
      readonly kind: 'session-opened';
      /** Name of the key; null: none is asked for. */
      readonly key: string | null;
      readonly mode: ModeName;
      readonly promptTokens: number;
      /** Tokens that the answer had already. */
      readonly answerTokens: number;
    } & OfSession)
  | ({ readonly kind: 'session-waiting' } & OfSession)
  | ({ readonly kind: 'session-placed'; readonly waitedMs: number } & OfSession)
  /** It had to give up its place for another session; see `PlaceLoss` in core/protocol/edge/edge-places.ts. */
  | ({ readonly kind: 'session-displaced'; readonly why: PlaceLoss } & OfSession)
  | ({ readonly kind: 'session-lost' } & OfSession)
  | ({ readonly kind: 'session-resumed' } & OfSession)
  /** `left`: the device said `bye` before the end. `failed`: it was refused. */
  | ({ readonly kind: 'session-ended'; readonly reason: EndReason | 'left' | 'refused' | 'failed' } & OfSession &
      SessionFigures)
  /** It was dropped before its end: its device stayed away. */
  | ({ readonly kind: 'session-forgotten' } & OfSession & SessionFigures)
  /** `cause` and `stack` may hold paths of this machine. */
  | { readonly kind: 'fault'; readonly cause: string; readonly stack: string | null }
  | { readonly kind: 'key-revoked'; readonly key: string; readonly sessions: number }
  | { readonly kind: 'engine-stalled' }
  | { readonly kind: 'engine-returned' }
  /** `forMs`: time until it closes; null: it drains until that is taken back (`serving`). */
  | { readonly kind: 'draining'; readonly sessions: number; readonly forMs: number | null }
  | { readonly kind: 'serving' }
  | { readonly kind: 'closed' }
  /** Events like one before it that were not reported one by one. */
  | {
      readonly kind: 'more';
      readonly of: EdgeLogEvent['kind'];
      /** That of the events that were held back. */
      readonly level: LogLevel;
      readonly code: string | null;
      /** Null: of several addresses. */
      readonly address: string | null;
      readonly count: number;
      readonly inMs: number;
    };

export type EventKind = EdgeLogEvent['kind'];

const levels: Readonly<Record<Exclude<EventKind, 'more'>, LogLevel>> = {
  'connection-opened': 'debug',
  'connection-closed': 'debug',
  refused: 'warn',
  'upgrade-refused': 'warn',
  'session-opened': 'info',
  'session-waiting': 'info',
  'session-placed': 'debug',
  'session-displaced': 'info',
  'session-lost': 'info',
  'session-resumed': 'info',
  'session-ended': 'info',
  'session-forgotten': 'info',
  fault: 'error',
  'key-revoked': 'warn',
  'engine-stalled': 'error',
  'engine-returned': 'warn',
  draining: 'info',
  serving: 'info',
  closed: 'info',
};

/** How grave an event is. */
export function levelOf(event: EdgeLogEvent): LogLevel {
  if (event.kind === 'more') return event.level;
  // A connection that the edge closes because of an error is a warning; one that the peer closes, or that ends with the edge, is not.
  if (event.kind === 'connection-closed' && event.by === 'edge' && !event.wasRefused && !isUsual(event.code))
    return 'warn';
  return levels[event.kind];
}

function isUsual(code: ErrorCode | 'done'): boolean {
  return code === 'done' || code === 'interrupted';
}

/** Whether events of this level are logged at the level `least`. */
export function isWanted(level: LogLevel, least: LogLevel): boolean {
  return logLevels.indexOf(level) <= logLevels.indexOf(least);
}
