// The shares of running sessions: checks what a caller gives, and sets it where steps and the downlink read it. It decides no share.

import { type Checks, listOf, must, optional, record, text } from '../../core/basics/check-options.ts';
import type { EdgeEntry } from '../../core/protocol/edge/edge-core.ts';
import { PacedConnection, PacedDirection } from '../../network/transport/paced-direction.ts';
import type { Connection, ConnectionHandler } from '../../network/transport/transport.ts';

/** An edge whose sessions get shares, live or in virtual time. */
export interface SharedCore {
  readonly sessions: {
    readonly entries: Iterable<EdgeEntry>;
    find(id: string, key: { readonly id: string }): EdgeEntry | undefined;
  };
  readonly connections: { carrier(id: number): object | undefined };
}

/** New shares of one session. Shares are relative, so only their ratios count; one that is left out stays. */
export interface SessionShares {
  /** As its device named it in `open`: 32 hex digits. */
  readonly session: string;
  /** The id of its key. Without it the session is found by its own id alone, unless two keys have a session of that id. */
  readonly key?: string;
  /** z: its part of the rows of full steps and of prompt tokens, relative to the other sessions of its key. Finite, above 0. */
  readonly compute?: number;
  /** y: its part of the edge's downlink, relative to all other connections; it acts where the edge has `downlinkBitsPerSecond`. Finite, above 0. */
  readonly downlink?: number;
  /** Its target, ms a token, within the class of its key; it replaces what the session has asked for. Finite, above 0. */
  readonly targetMsPerToken?: number;
}

/** What became of new shares. */
export interface SharesSet {
  /** Sessions that have them. */
  readonly set: number;
  /** Sessions that the edge does not have: not yet, not any more, under another key, or under two. Nothing is kept for them. */
  readonly unknown: readonly Pick<SessionShares, 'session' | 'key'>[];
}

const share = must('Give a finite number above 0.', (value) => Number.isFinite(value) && (value as number) > 0);
const sessionChecks: Checks<SessionShares> = {
  session: text,
  key: optional(text),
  compute: optional(share),
  downlink: optional(share),
  targetMsPerToken: optional(share),
};
const sharesCheck = listOf('shares, one object for each session', record(sessionChecks));

/** All of them or, where one is wrong, none. @throws OutriderError `bad-argument` */
export function setSessionShares(core: SharedCore, shares: readonly SessionShares[]): SharesSet {
  sharesCheck('setShares', shares);
  const unknown: Pick<SessionShares, 'session' | 'key'>[] = [];
  const byId = entriesById(core);
  for (const { session, key, compute, downlink, targetMsPerToken } of shares) {
    const entry = key === undefined ? byId.get(session) : core.sessions.find(session, { id: key });
    if (entry === undefined || entry === null) unknown.push(key === undefined ? { session } : { session, key });
    else {
      if (compute !== undefined) entry.share = compute;
      if (downlink !== undefined) entry.downlinkShare = downlink;
      if (targetMsPerToken !== undefined) entry.orderedTargetMs = targetMsPerToken;
      applyDownlink(core, entry);
    }
  }
  return { set: shares.length - unknown.length, unknown };
}

/** Null: several keys have a session of this id. */
function entriesById(core: SharedCore): ReadonlyMap<string, EdgeEntry | null> {
  const byId = new Map<string, EdgeEntry | null>();
  for (const entry of core.sessions.entries) byId.set(entry.id, byId.has(entry.id) ? null : entry);
  return byId;
}

/** Gives a session's connection its part of the downlink; without effect where nothing is paced. To be called after each attach. */
export function applyDownlink(core: SharedCore, { state, downlinkShare }: EdgeEntry): void {
  const carrier = state.link === null ? undefined : core.connections.carrier(state.link.id);
  if (carrier instanceof PacedConnection) carrier.setWeight(downlinkShare);
}

/** The downlink of an edge, which all its connections share. */
export class Downlink {
  readonly #line: PacedDirection | null;

  /** @param bitsPerSecond undefined: nothing is paced */
  constructor(bitsPerSecond: number | undefined, clock: ConstructorParameters<typeof PacedDirection>[2]) {
    this.#line = bitsPerSecond === undefined ? null : new PacedDirection('down', bitsPerSecond, clock);
  }

  join(connection: Connection, accept: (connection: Connection) => ConnectionHandler): ConnectionHandler {
    return this.#line === null ? accept(connection) : this.#line.join(connection, accept);
  }
}
