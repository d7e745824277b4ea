// Observes whose sessions an edge serves and who has its places, and throws at the first event that violates an invariant. It reads each
// connection's key from the frames and keeps its own times, because it checks the edge's bookkeeping.

import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import type { VirtualSession } from '../../../simulator/virtual-time/sessions.ts';
import type { PlaceChange } from '../../../src/core/protocol/edge/edge-place-queue.ts';
import { defaultPlaceRules, type PlaceRules } from '../../../src/core/protocol/edge/edge-places.ts';
import { waitsForDevice } from '../../../src/core/protocol/edge/edge-session.ts';
import type { EdgeEffect, EdgeEvent } from '../../../src/core/protocol/edge/edge-state.ts';
import type { DeviceMessage, EdgeMessage } from '../../../src/core/protocol/wire/messages.ts';
import { isTicket, type KeyRing } from './keys.ts';
import { demand } from './violation.ts';

/** What an edge is set to, without planted bugs. */
export interface PlaceSettings {
  readonly capacity: number;
  readonly rules: PlaceRules;
  /** Time that a connection has to attach, ms, and after which an idle one is closed. */
  readonly attachMs: number;
  readonly idleMs: number;
}

export const defaultPlaceSettings: Omit<PlaceSettings, 'capacity'> = {
  rules: defaultPlaceRules,
  attachMs: 15_000,
  idleMs: 15_000,
};

/** How late an edge may be: it checks its waiting sessions this often, ms, and its clock is not exact. */
const slackMs = 260;
const roundingMs = 1e-6;
/** A whole edge is checked this often, ms; each event of a session at once. */
const checkEveryMs = 20;

interface Connection {
  /** The key that it has shown; null: none. */
  owner: string | null;
  /** Since when it is attached to no session; null: it is. */
  idleSinceMs: number | null;
  hasAttached: boolean;
}

/** The record of a session. */
interface Record {
  readonly owner: string;
  /** See {@link nameOf}. */
  readonly name: string;
  secret: string;
  lostSinceMs: number | null;
  /** Since when it has been seen to wait for its device, as far as it is known. */
  stalledSinceMs: number | null;
  /** Its last step, or the time when it got its place. */
  activeAtMs: number;
  attachedAtMs: number;
  waitingSinceMs: number | null;
  link: number | null;
}

export class PlaceWatch {
  readonly #keys: KeyRing;
  readonly #settingsOf: (edge: VirtualEdge) => PlaceSettings;
  readonly #connections = new Map<VirtualLink, Connection>();
  readonly #records = new WeakMap<VirtualSession, Record>();
  readonly #checkedAtMs = new Map<VirtualEdge, number>();
  /** The secret of the attach that is being received. */
  #secret = '';
  /** The id of its key. */
  #owner = '';

  constructor(keys: KeyRing, settingsOf: (edge: VirtualEdge) => PlaceSettings) {
    this.#keys = keys;
    this.#settingsOf = settingsOf;
  }

  /** See {@link nameOf}. */
  nameOf(session: VirtualSession): string {
    return this.#recordOf(session).name;
  }

  accepted(edge: VirtualEdge, link: VirtualLink): void {
    this.#connections.set(link, { owner: null, idleSinceMs: edge.process.nowMs(), hasAttached: false });
  }

  /** All events before this one are settled. */
  edgeReceives(edge: VirtualEdge, link: VirtualLink, message: DeviceMessage): void {
    this.#checkEdge(edge);
    if (message.kind === 'ping') this.#checkIdle(edge, link);
    if (message.kind !== 'open' && message.kind !== 'resume') return;
    const { name } = edge.settings;
    const { credentials } = message;
    const owner = this.#keys.shown(edge, credentials);
    const broken = isTicket(credentials) ? 'tickets' : 'owner';
    demand(owner !== undefined, broken, () => `${name} reads an attach with the key "${credentials}"`);
    this.#secret = credentials;
    this.#owner = owner;
    const connection = this.#connections.get(link);
    if (connection !== undefined) connection.owner = owner;
  }

  edgeSends({ settings }: VirtualEdge, link: VirtualLink, { kind }: EdgeMessage): void {
    if (kind !== 'commit' && kind !== 'end' && kind !== 'queued' && kind !== 'gone') return;
    const connection = this.#connections.get(link);
    demand(connection?.owner !== null, 'owner', () => `${settings.name} sends a ${kind} to a stranger`);
  }

  edgeStepped(
    edge: VirtualEdge,
    session: VirtualSession,
    event: EdgeEvent | null,
    effects: readonly EdgeEffect[],
  ): void {
    const nowMs = edge.process.nowMs();
    const record = this.#recordOf(session);
    if (event?.kind === 'message-received') {
      this.#checkOwner(edge, record, event.link, `a ${event.message.kind} of`);
      if (event.message.kind === 'open' || event.message.kind === 'resume') record.secret = this.#secret;
    }
    for (const effect of effects) {
      if (effect.kind === 'send') this.#checkOwner(edge, record, effect.link, `a ${effect.message.kind} to`);
    }
    if (event?.kind === 'step-done') record.activeAtMs = nowMs;
    if (event?.kind === 'refused') this.#checkRefusal(edge, session, record, event.code);
    this.#follow(edge, session, record, nowMs);
  }

  placeChanged(edge: VirtualEdge, session: VirtualSession, change: PlaceChange, waitedMs: number): void {
    const nowMs = edge.process.nowMs();
    const record = this.#recordOf(session);
    if (change === 'waiting') record.waitingSinceMs = nowMs;
    else if (change === 'given') this.#checkTurn(edge, record, nowMs - waitedMs);
    else this.#checkLoss(edge, session, record, change);
    if (change === 'given') {
      record.waitingSinceMs = null;
      record.activeAtMs = nowMs;
    }
    if (change === 'shared') record.waitingSinceMs = nowMs;
    this.#follow(edge, session, record, nowMs);
  }

  #recordOf(session: VirtualSession): Record {
    const known = this.#records.get(session);
    if (known !== undefined) return known;
    const owner = this.#owner;
    demand(session.key.id === owner, 'owner', () => `${owner} opens a session of ${session.key.id}`);
    const times = { lostSinceMs: null, stalledSinceMs: null, activeAtMs: 0, attachedAtMs: 0, waitingSinceMs: null };
    const record = { owner, name: nameOf(session.id, owner), secret: this.#secret, ...times, link: null };
    this.#records.set(session, record);
    return record;
  }

  #follow(edge: VirtualEdge, { state }: VirtualSession, record: Record, nowMs: number): void {
    const link = state.link?.id ?? null;
    if (link !== record.link) {
      if (record.link !== null) this.#attached(edge, record.link, nowMs);
      if (link !== null) this.#attached(edge, link, null);
      record.link = link;
      record.attachedAtMs = nowMs;
    }
    record.lostSinceMs = link === null ? (record.lostSinceMs ?? nowMs) : null;
  }

  #attached(edge: VirtualEdge, id: number, idleSinceMs: number | null): void {
    const link = edge.link(id);
    const connection = link && this.#connections.get(link);
    if (connection === undefined) return;
    connection.idleSinceMs = idleSinceMs;
    connection.hasAttached = true;
  }

  #checkOwner(edge: VirtualEdge, { owner }: Record, id: number, what: string): void {
    const link = edge.link(id);
    const key = link && this.#connections.get(link)?.owner;
    if (key === undefined) return;
    demand(key === owner, 'owner', () => `${edge.settings.name}: ${what} ${key} in a session of ${owner}`);
  }

  #checkIdle(edge: VirtualEdge, link: VirtualLink): void {
    const connection = this.#connections.get(link);
    if (connection === undefined || connection.idleSinceMs === null) return;
    const { attachMs, idleMs } = this.#settingsOf(edge);
    const mostMs = connection.hasAttached ? attachMs + idleMs : attachMs;
    const idleMsNow = edge.process.nowMs() - Math.max(connection.idleSinceMs, edge.process.resumedAtMs);
    demand(idleMsNow <= mostMs + roundingMs, 'no-stranger', () => `a connection is idle for ${idleMsNow} ms`);
  }

  #checkRefusal(edge: VirtualEdge, session: VirtualSession, record: Record, code: string): void {
    const { name } = edge.settings;
    if (code === 'unauthorized') {
      const isValid = this.#keys.mayContinue(record.secret);
      demand(!isValid, 'owner', () => `${name} ends a session of ${record.owner}, which is valid`);
    }
    if (code !== 'edge-full') return;
    const { rules } = this.#settingsOf(edge);
    const waitedMs = edge.process.nowMs() - (record.waitingSinceMs ?? Number.NEGATIVE_INFINITY);
    const { waiting, tokens } = countsOf(edge);
    const ofKey = waiting.filter(({ key }) => key.id === session.key.id).length;
    const isDue =
      waitedMs >= rules.waitMs - roundingMs ||
      waiting.length > rules.maxWaiting ||
      ofKey > (session.key.maxWaiting ?? Number.POSITIVE_INFINITY) ||
      tokens > rules.keptTokens;
    demand(isDue, 'served', () => `${name} refuses a session after ${waitedMs} ms, ${waiting.length} wait`);
  }

  /** Called when a session has got its place. */
  #checkTurn(edge: VirtualEdge, record: Record, sinceMs: number): void {
    const { name } = edge.settings;
    const { capacity } = this.#settingsOf(edge);
    const { held, heldBy, waiting } = countsOf(edge);
    demand(held <= capacity, 'places', () => `${name} gives ${held} places, and has ${capacity}`);
    const key = this.#keys.data(record.owner, edge);
    const own = heldBy.get(record.owner) ?? 0;
    const most = key.maxSessions ?? Number.POSITIVE_INFINITY;
    const mayHold = own <= most || this.#isChanging(edge);
    demand(mayHold, 'places', () => `${record.owner} has ${own} places, and may have ${most}`);
    const load = (own - 1) / key.share;
    const first = waiting.find((other) => {
      const its = this.#records.get(other);
      if (its === undefined || other.state.link === null || isAtLimit(other, heldBy)) return false;
      const itsLoad = (heldBy.get(its.owner) ?? 0) / this.#keys.data(its.owner, edge).share;
      const isLonger = (its.waitingSinceMs ?? Number.POSITIVE_INFINITY) < sinceMs - roundingMs;
      return its.owner === record.owner ? isLonger : itsLoad < load;
    });
    demand(first === undefined || this.#isChanging(edge), 'turns', () => {
      return `${name} gives a place to ${record.owner}, though ${first?.key.id} comes before it`;
    });
  }

  #checkLoss(edge: VirtualEdge, session: VirtualSession, record: Record, change: PlaceChange): void {
    const { rules } = this.#settingsOf(edge);
    const nowMs = edge.process.nowMs();
    const [sinceMs, mostMs] =
      change === 'lost' ? [record.lostSinceMs, rules.placeGraceMs] : [record.activeAtMs, rules.stallMs];
    const heldMs = nowMs - (sinceMs ?? nowMs);
    const isDue = change === 'shared' || heldMs >= mostMs - roundingMs;
    demand(isDue, 'kept-place', () => `session ${session.number} loses its place as ${change} after ${heldMs} ms`);
    const left = countsOf(edge).heldBy.get(record.owner) ?? 0;
    demand(change !== 'shared' || left > 0, 'kept-place', () => `${record.owner} loses its only place to another key`);
  }

  /** Keys have just changed, or the edge has just come back from a pause. */
  #isChanging(edge: VirtualEdge): boolean {
    const { process } = edge;
    return process.nowMs() - Math.max(this.#keys.changedAtMs(edge), process.resumedAtMs) <= slackMs;
  }

  #checkEdge(edge: VirtualEdge): void {
    const nowMs = edge.process.nowMs();
    if (nowMs - (this.#checkedAtMs.get(edge) ?? 0) < checkEveryMs || this.#isChanging(edge)) return;
    this.#checkedAtMs.set(edge, nowMs);
    const { name } = edge.settings;
    const { rules, capacity } = this.#settingsOf(edge);
    let held = 0;
    let kept = 0;
    let tokens = 0;
    let waiting = 0;
    for (const session of edge.sessions.entries) {
      const { state, hasPlace } = session;
      const record = this.#recordOf(session);
      const isValid = this.#keys.mayContinue(record.secret);
      demand(isValid, 'withdrawn', () => `${name} keeps a session of ${record.owner}, whose key is withdrawn`);
      if (hasPlace) {
        held += 1;
        continue;
      }
      tokens += state.text.length + state.open.prompt.length + state.open.answer.length;
      if (record.waitingSinceMs === null || state.end !== null) {
        kept += 1;
        continue;
      }
      waiting += 1;
      const waitedMs = nowMs - Math.max(record.waitingSinceMs, edge.process.resumedAtMs);
      demand(waitedMs <= rules.waitMs + slackMs, 'served', () => `${name} lets a session wait for ${waitedMs} ms`);
    }
    demand(held <= capacity, 'places', () => `${name} has given ${held} places, and has ${capacity}`);
    demand(kept <= rules.keptSessions, 'kept', () => `${name} keeps ${kept} sessions without a place`);
    demand(tokens <= rules.keptTokens, 'kept', () => `${name} keeps ${tokens} tokens without a place`);
    demand(waiting <= rules.maxWaiting, 'served', () => `${name} lets ${waiting} sessions wait`);
    if (waiting > 0) this.#checkWaiting(edge, nowMs);
  }

  #checkWaiting(edge: VirtualEdge, nowMs: number): void {
    const { name } = edge.settings;
    const { rules } = this.#settingsOf(edge);
    const { heldBy, waiting, holders } = countsOf(edge);
    const { resumedAtMs } = edge.process;
    const waitingBy = countBy(waiting);
    for (const [id, count] of waitingBy) {
      const most = this.#keys.data(id, edge).maxWaiting;
      demand(most === null || count <= most, 'served', () => `${id} lets ${count} sessions wait`);
    }
    for (const session of waiting) {
      const record = this.#recordOf(session);
      if (session.state.link === null || isAtLimit(session, heldBy)) continue;
      const sinceMs = Math.max(record.waitingSinceMs ?? nowMs, record.attachedAtMs, resumedAtMs);
      const isOverdue = (dueMs: number): boolean => nowMs - Math.max(dueMs, sinceMs) > slackMs;
      for (const holder of holders) {
        const { lostSinceMs } = this.#recordOf(holder);
        const lostDueMs = (lostSinceMs ?? Number.POSITIVE_INFINITY) + rules.placeGraceMs;
        const stallDueMs = this.#stalledSince(holder, nowMs) + rules.stallMs;
        const isFree = isOverdue(lostDueMs) || isOverdue(stallDueMs);
        demand(!isFree, 'freed-place', () => `${name} lets a session wait for the place of session ${holder.number}`);
      }
      if (isOverdue(sinceMs + rules.fairWaitMs)) this.#checkShares(edge, record, heldBy);
    }
  }

  /** Never too early. @returns infinity: it does not wait for its device */
  #stalledSince(holder: VirtualSession, nowMs: number): number {
    const record = this.#recordOf(holder);
    const isNew = (record.stalledSinceMs ?? 0) < Math.max(record.activeAtMs, record.attachedAtMs);
    if (!waitsForDevice(holder.state)) record.stalledSinceMs = null;
    else if (isNew || record.stalledSinceMs === null) record.stalledSinceMs = nowMs;
    return record.stalledSinceMs ?? Number.POSITIVE_INFINITY;
  }

  #checkShares(edge: VirtualEdge, { owner }: Record, heldBy: ReadonlyMap<string, number>): void {
    const wanted = ((heldBy.get(owner) ?? 0) + 1) / this.#keys.data(owner, edge).share;
    for (const [id, places] of heldBy) {
      const isGreedy = id !== owner && places >= 2 && (places - 1) / this.#keys.data(id, edge).share >= wanted;
      demand(!isGreedy, 'shared', () => `${edge.settings.name}: ${owner} waits, and ${id} has ${places} places`);
    }
  }
}

/** A name for a session in the watches. */
export function nameOf(session: string, owner: string): string {
  return `${session} ${owner}`;
}

function countsOf(edge: VirtualEdge) {
  const holders: VirtualSession[] = [];
  const waiting: VirtualSession[] = [];
  let tokens = 0;
  for (const session of edge.sessions.entries) {
    const { hasPlace, waitingSinceMs, state } = session;
    if (hasPlace) holders.push(session);
    else tokens += state.text.length + state.open.prompt.length + state.open.answer.length;
    if (waitingSinceMs !== null) waiting.push(session);
  }
  return { held: holders.length, tokens, heldBy: countBy(holders), holders, waiting };
}

function countBy(sessions: readonly VirtualSession[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key } of sessions) counts.set(key.id, (counts.get(key.id) ?? 0) + 1);
  return counts;
}

function isAtLimit({ key }: VirtualSession, heldBy: ReadonlyMap<string, number>): boolean {
  return key.maxSessions !== null && (heldBy.get(key.id) ?? 0) >= key.maxSessions;
}
