// Passes of an edge's draft model before a step of many sessions: each drafts one token for every session whose chain is shorter than it
// pays to be. The scheduling rule is in scheduling/drafts-before-step.ts; a live or a virtual engine runs the passes. Pure.

import {
  type CyclePrices,
  chainLengthsBeforeStep,
  type SessionBeforeStep,
} from '../../scheduling/drafts-before-step.ts';
import type { SessionWork } from '../../scheduling/schedule-step.ts';
import { modeOf } from '../wire/mode.ts';
import { chainSize, chainToExtend, draftRoom } from './edge-chain.ts';
import { type EdgeDraftOrder, orderEdgeDraft } from './edge-hedges.ts';
import { type EdgeState, isPaused } from './edge-state.ts';

/** A session of a pass, and the token that the pass drafts for it. */
export interface PassPart<Entry> {
  readonly entry: Entry;
  readonly order: EdgeDraftOrder;
}

export interface PassRules extends CyclePrices {
  /** gamma, in mode edge-sd. */
  readonly draftLength: number;
}

/** How many tokens the draft model has to read before it drafts the token at this position, that before it included; default 1. */
export type UnreadBefore<Entry> = (entry: Entry, position: number) => number;

interface Drafting {
  readonly hasPlace: boolean;
  readonly state: EdgeState;
}

interface Work<Entry> {
  readonly entry: Entry;
  readonly view: SessionWork;
}

/**
 * The passes before a step over these sessions. The caller gives the drafts of a pass to the sessions before it asks for the next one;
 * drafts of devices that arrive meanwhile count.
 */
export function* passesBefore<Entry extends Drafting>(
  works: readonly Work<Entry>[],
  rules: PassRules,
  unreadBefore?: UnreadBefore<Entry>,
): Generator<readonly PassPart<Entry>[], void> {
  const decoding = works.filter(({ view }) => view.prefillTokens === 0);
  const sessions = decoding.map(({ entry, view }): SessionBeforeStep => {
    const unread = unreadBefore?.(entry, entry.state.text.length + view.drafts);
    return { ...view, ...boundsOf(entry.state, rules), unread };
  });
  const wanted = chainLengthsBeforeStep(sessions, rules);
  const lengths = decoding.map(({ entry }) => entry.state.text.length);
  // A session joins as late as it can: until then its device may send drafts. One that loses its chain gets no more passes than the others.
  for (
    let left = Math.max(0, ...wanted.map((length, index) => length - (sessions[index]?.drafts ?? 0)));
    left > 0;
    left -= 1
  ) {
    const parts = decoding.flatMap(({ entry }, index) =>
      partOf(entry, lengths[index] as number, (wanted[index] as number) - left + 1),
    );
    if (parts.length > 0) yield parts;
  }
}

function boundsOf(state: EdgeState, { draftLength }: PassRules): Pick<SessionBeforeStep, 'least' | 'most'> {
  const { edgeDrafts, hasEdgeDraftLength } = modeOf(state.open.mode);
  if (!edgeDrafts || chainSize(state).isComplete) return { least: 0, most: 0 };
  const room = draftRoom(state);
  return hasEdgeDraftLength ? { least: Math.min(draftLength, room), most: 0 } : { least: 0, most: room };
}

function partOf<Entry extends Drafting>(entry: Entry, length: number, wanted: number): PassPart<Entry>[] {
  const { hasPlace, state } = entry;
  if (!hasPlace || state.ticket !== null || isPaused(state) || state.text.length !== length) return [];
  const tokens = chainToExtend(state, wanted, 0);
  return tokens === null ? [] : [{ entry, order: orderEdgeDraft(state, tokens, null).order }];
}
