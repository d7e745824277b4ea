// The sessions of an edge in virtual time: the registry of every edge, without an engine's rows behind its places.

import type { Clock } from '../basics/clock.ts';
import type { ErrorCode } from '../basics/errors.ts';
import { EdgeRegistry, type RegistryEntry, type RegistrySettings } from '../protocol/edge-registry.ts';
import type { EdgeEffect, EdgeEvent } from '../protocol/edge-state.ts';
import type { EdgeMessage } from '../protocol/messages.ts';
import type { TokenText } from '../protocol/token-text.ts';

export interface VirtualSession extends RegistryEntry {
  /** Set at the opening; a simulation may change it. */
  share: number;
  /** Tokens of the text that the engine has evaluated. */
  evaluatedTokens: number;
  /** The edge's own draft is being made. */
  isDrafting: boolean;
  /** Drafts that a step should have in modes in which the edge drafts, at this length of the text. */
  wanted: { readonly length: number; readonly drafts: number };
}

export type VirtualSessions = EdgeRegistry<VirtualSession>;

/** What sessions do to connections, and whom they tell. */
export interface SessionPort {
  send(link: number, message: EdgeMessage): void;
  close(link: number, code: ErrorCode | 'done', detail: string): void;
  /** `event` is null for the session's opening. */
  stepped(session: VirtualSession, event: EdgeEvent | null, effects: readonly EdgeEffect[]): void;
}

/** @param capacity sessions that may be written at the same time */
export function createVirtualSessions(
  settings: RegistrySettings,
  capacity: number,
  clock: Clock,
  port: SessionPort,
): VirtualSessions {
  let takenPlaces = 0;
  return new EdgeRegistry<VirtualSession>(settings, clock, {
    placeCount: capacity,
    send: (link, message) => port.send(link, message),
    close: (link, code, detail) => port.close(link, code, detail),
    enter: (entry) => ({ ...entry, evaluatedTokens: 0, isDrafting: false, wanted: { length: -1, drafts: 0 } }),
    takePlace() {
      if (takenPlaces >= capacity) return false;
      takenPlaces += 1;
      return true;
    },
    leavePlace() {
      takenPlaces -= 1;
    },
    cleared() {
      takenPlaces = 0;
    },
    stepped(session, event, effects, before) {
      if (before !== null && session.state.generation !== before.generation) {
        session.evaluatedTokens = Math.min(session.evaluatedTokens, commonLength(before.text, session.state.text));
      }
      port.stepped(session, event.kind === 'session-created' ? null : event, effects);
    },
  });
}

function commonLength(left: TokenText, right: TokenText): number {
  const until = Math.min(left.length, right.length);
  let length = 0;
  while (length < until && left.at(length) === right.at(length)) length += 1;
  return length;
}
