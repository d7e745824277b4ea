// The alternatives of a device: which of them a draft extends, and what a draft has brought for them. Part of the device's pure state
// machine; the rules that an edge with its own draft model shares are in hedged-drafts.ts. docs/internals/protocol.md, "Alternatives".

import type { AlternativeDraft, AlternativeOrder } from '../../decoding/alternative.ts';
import { extendAlternatives, likeliestAlternatives } from '../wire/hedged-drafts.ts';
import { limits } from '../wire/limits.ts';
import { modeOf } from '../wire/mode.ts';
import { believedLength, type DeviceState } from './device-state.ts';

const noOrders: readonly AlternativeOrder[] = [];

/** Whether the device may send alternatives in this turn. */
export function mayHedge({ hedges = 0, mode }: DeviceState['turn']): boolean {
  return hedges > 0 && modeOf(mode).mayHedge;
}

/**
 * The alternatives that the next draft extends, most likely first: kept ones, and runner-ups of the tail that have none yet. A new one
 * is kept from now on.
 */
export function orderAlternatives(state: DeviceState): { state: DeviceState; orders: readonly AlternativeOrder[] } {
  if (!mayHedge(state.turn) || state.tail.length === 0) return { state, orders: noOrders };
  const { text, turn, confidences, runnerUps } = state;
  const drafts = { length: text.length, confidences, runnerUps, alternatives: state.alternatives };
  const chosen = likeliestAlternatives(drafts, {
    rates: state.runnerUpRates,
    most: state.budget.hedges,
    minChance: state.minHedgeChance,
    minStart: state.minStartChance,
    end: Math.min(text.length + turn.maxAhead, turn.prompt.length + turn.maxAnswerTokens),
    endIds: turn.endIds,
  });
  let { alternatives, alternativeCount } = state;
  const orders: AlternativeOrder[] = [];
  for (const { alternative: one } of chosen) {
    let { id } = one;
    if (id === 0) {
      if (alternatives.length >= limits.alternatives) continue;
      alternativeCount += 1;
      id = alternativeCount;
      alternatives = [...alternatives, { ...one, id }];
    }
    orders.push({ id, position: one.position, tokens: one.tokens });
  }
  return { state: { ...state, alternatives, alternativeCount }, orders };
}

/**
 * Adds what a draft has brought for alternatives. One that has become the tail meanwhile gets its token there; one that is gone gets
 * nothing.
 */
export function takeAlternativeDrafts(state: DeviceState, drafts: readonly AlternativeDraft[]): DeviceState {
  let next = state;
  for (const draft of drafts) next = takeAlternativeDraft(next, draft);
  return next;
}

function takeAlternativeDraft(state: DeviceState, draft: AlternativeDraft): DeviceState {
  const { id, position, token, confidence, runnerUp = null } = draft;
  const account = { ...state.account, alternativeTokens: state.account.alternativeTokens + 1 };
  if (id === state.tailFrom && position === believedLength(state)) {
    const grown = { tail: [...state.tail, token], confidences: [...state.confidences, confidence] };
    return { ...state, account, ...grown, runnerUps: [...state.runnerUps, runnerUp] };
  }
  return { ...state, account, alternatives: extendAlternatives(state.alternatives, draft) };
}
