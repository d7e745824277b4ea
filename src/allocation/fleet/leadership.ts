// Which controller of a fleet leads a cell, by one lease record of a fleet store. Pure: the time is an argument, by the controller's own
// clock, which never goes back. No two clocks are compared; they may run at rates up to a fifth apart.
//
// - A lease is written only over the revision that was read, so of two writers one is refused.
// - The epoch of a leader is the revision of the write by which it took the lease.
// - A leader leads until 10 s after it sent its last renewal that was confirmed. The store may be out of reach: nothing more is needed.
// - Another one takes over when it has seen the lease unchanged for 15 s, or released. A renewal changes its revision.

import type { FleetRecord, Found, Written } from './fleet-store.ts';

/** Times of a lease, ms. */
export interface LeaseTimes {
  /** Period of renewals, and of reads of a lease that another one has. */
  readonly renewEveryMs: number;
  /** A leader falls silent so long after it sent its last confirmed renewal. */
  readonly silentAfterMs: number;
  /** A lease that has not changed for so long may be taken; at least 1.25 times as long, for clocks that differ. */
  readonly takeOverAfterMs: number;
  /** A request without an answer counts as lost. */
  readonly askAgainMs: number;
  /** After a request that failed or was refused. */
  readonly pauseMs: number;
}

/** Three renewals may be lost within the 5 s in which a store elects a leader. */
export const leaseTimes: LeaseTimes = {
  renewEveryMs: 2000,
  silentAfterMs: 10_000,
  takeOverAfterMs: 15_000,
  askAgainMs: 1500,
  pauseMs: 250,
};

/** What one controller knows of the lease of one cell. */
export interface Leadership {
  /** Its value in the lease, unique for each start of a controller: an earlier run of it may still lead. */
  readonly me: string;
  /** The lease as it was seen last, and since when; null: not yet. Value null: it was there, and has gone. */
  readonly seen: { readonly value: string | null; readonly revision: number; readonly sinceMs: number } | null;
  /** Null: the lease is not its own. */
  readonly held: {
    readonly epoch: number;
    /** The revision of its last known write. */
    readonly revision: number;
    /** It leads before this time. */
    readonly untilMs: number;
  } | null;
  /** A request is not answered. */
  readonly isAsking: boolean;
  /** A write was sent, and whether it was done is not known. */
  readonly isUnsure: boolean;
  /** When to do something next. */
  readonly dueAtMs: number;
}

/** A request for the store. */
export type LeaseAsk =
  | { readonly kind: 'get' }
  | { readonly kind: 'acquire'; readonly over: number }
  | { readonly kind: 'renew' | 'release'; readonly revision: number };

export type LeaseEvent =
  | { readonly kind: 'due'; readonly nowMs: number }
  | { readonly kind: 'changed'; readonly record: FleetRecord; readonly nowMs: number }
  | {
      readonly kind: 'answered';
      readonly ask: LeaseAsk;
      readonly sentAtMs: number;
      readonly answer: Written | Found;
      readonly nowMs: number;
    }
  /** The controller ends in order; it must have fallen silent before. */
  | { readonly kind: 'leaving'; readonly nowMs: number };

export interface LeaseStep {
  readonly state: Leadership;
  /** To be sent now; null: nothing. */
  readonly ask: LeaseAsk | null;
}

export function freshLeadership(me: string): Leadership {
  return { me, seen: null, held: null, isAsking: false, isUnsure: false, dueAtMs: Number.NEGATIVE_INFINITY };
}

/** The epoch in which it may decide now; null: it does not lead. */
export function epochLed({ held }: Leadership, nowMs: number): number | null {
  return held !== null && nowMs < held.untilMs ? held.epoch : null;
}

export function stepLeadership(state: Leadership, event: LeaseEvent, times: LeaseTimes): LeaseStep {
  const { nowMs } = event;
  if (event.kind === 'due') return nowMs < state.dueAtMs ? { state, ask: null } : askNext(state, nowMs, times);
  if (event.kind === 'answered') return { state: answered(state, event, times), ask: null };
  if (event.kind === 'changed') {
    const next = see(state, event.record, nowMs);
    return { state: next.isAsking ? next : { ...next, dueAtMs: soonest(next, nowMs, times) }, ask: null };
  }
  const { held } = state;
  const ask = held && ({ kind: 'release', revision: held.revision } as const);
  return { state: { ...state, held: null, dueAtMs: Number.POSITIVE_INFINITY }, ask };
}

function askNext(state: Leadership, nowMs: number, times: LeaseTimes): LeaseStep {
  const ask = wanted(state, nowMs, times);
  const isUnsure = ask.kind !== 'get' || state.isUnsure;
  return { state: { ...state, isAsking: true, isUnsure, dueAtMs: nowMs + times.askAgainMs }, ask };
}

function wanted(state: Leadership, nowMs: number, times: LeaseTimes): LeaseAsk {
  const { held, seen, isUnsure } = state;
  if (isUnsure) return { kind: 'get' };
  if (held !== null) return { kind: 'renew', revision: held.revision };
  if (seen === null || nowMs < freeAtMs(state, times)) return { kind: 'get' };
  return { kind: 'acquire', over: seen.revision };
}

/** When it may take the lease that it has seen, ms. */
function freeAtMs({ me, seen }: Leadership, { takeOverAfterMs }: LeaseTimes): number {
  if (seen === null) return Number.POSITIVE_INFINITY;
  // Its own: the answer to its write was lost, so it has not led.
  if (seen.value === '' || seen.value === me) return Number.NEGATIVE_INFINITY;
  return seen.sinceMs + takeOverAfterMs;
}

/** When something is to be done, with no request under way. */
function soonest(state: Leadership, nowMs: number, times: LeaseTimes): number {
  if (state.held !== null) return Math.min(state.dueAtMs, nowMs + times.renewEveryMs);
  return Math.max(nowMs, Math.min(nowMs + times.renewEveryMs, freeAtMs(state, times)));
}

function answered(state: Leadership, event: Extract<LeaseEvent, { kind: 'answered' }>, times: LeaseTimes): Leadership {
  const { answer, ask, sentAtMs, nowMs } = event;
  const next = { ...state, isAsking: false };
  if (answer.kind === 'found') {
    const now = { ...see(next, answer.record, nowMs), isUnsure: false };
    return { ...now, dueAtMs: now.held === null ? soonest(now, nowMs, times) : nowMs };
  }
  const later = { ...next, isUnsure: true, dueAtMs: nowMs + times.pauseMs };
  if (answer.kind === 'failed') return later;
  if (answer.kind === 'refused') {
    // An answer to an earlier write says nothing about the last one.
    const isLost = ask.kind === 'renew' && ask.revision === state.held?.revision;
    return isLost ? { ...later, held: null } : later;
  }
  const held = heldAfter(state, ask, answer.revision, sentAtMs + times.silentAfterMs);
  return { ...next, held, isUnsure: false, dueAtMs: Math.max(nowMs, sentAtMs + times.renewEveryMs) };
}

/** @param revision of a write that was done @param untilMs until when it lets it lead: counted from when it was sent, as it may be late */
function heldAfter({ held, seen }: Leadership, ask: LeaseAsk, revision: number, untilMs: number): Leadership['held'] {
  if (ask.kind === 'acquire') {
    const isLate = revision <= (held?.revision ?? 0) || revision < (seen?.revision ?? 0);
    return isLate ? held : { epoch: revision, revision, untilMs };
  }
  if (ask.kind !== 'renew' || held === null || ask.revision < held.epoch) return held;
  return { ...held, revision: Math.max(held.revision, revision), untilMs: Math.max(held.untilMs, untilMs) };
}

/** @param record null: there is none */
function see(state: Leadership, record: FleetRecord | null, nowMs: number): Leadership {
  const { me, held, seen } = state;
  const revision = record?.revision ?? 0;
  if (held !== null && record !== null) {
    if (record.value === me) return { ...state, held: { ...held, revision: Math.max(held.revision, revision) } };
    if (revision <= held.revision) return state;
  }
  // A store that has lost a record may have lost it while another one leads.
  const value = record?.value ?? (seen === null && held === null ? '' : null);
  const isSame = seen !== null && seen.value === value && seen.revision === revision;
  return { ...state, held: null, seen: isSame ? seen : { value, revision, sinceMs: nowMs } };
}
