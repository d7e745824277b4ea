// The alternatives of a device: which of them a draft extends, what a draft has brought for them, and how one becomes the tail when the
// text refutes a draft. Part of the device's pure state machine; docs/protocol.md, "Alternatives".

import { noteRunnerUp, runnerUpChance } from '../decoding/runner-up-chance.ts';
import {
  type Alternative,
  type AlternativeDraft,
  type AlternativeOrder,
  believedLength,
  type DeviceState,
} from './device-state.ts';
import { limits } from './limits.ts';
import { modeOf } from './mode.ts';

/** Whether the device may send alternatives in this turn. */
export function mayHedge({ hedges = 0, mode }: DeviceState['turn']): boolean {
  return hedges > 0 && modeOf(mode).mayHedge;
}

interface Candidate {
  readonly alternative: Alternative;
  /** The chance that the text goes on as the alternative, up to its last token. */
  readonly chance: number;
}

/**
 * The alternatives that the next draft extends, most likely first: kept ones, and runner-ups of the tail that have none yet. A new one
 * is kept from now on.
 */
export function orderAlternatives(state: DeviceState): { state: DeviceState; orders: readonly AlternativeOrder[] } {
  if (!mayHedge(state.turn) || state.tail.length === 0) return { state, orders: [] };
  const chosen = candidatesOf(state)
    .filter(({ chance }) => chance >= state.minHedgeChance)
    .sort((one, other) => other.chance - one.chance || one.alternative.position - other.alternative.position)
    .slice(0, state.budget.hedges)
    .map(({ alternative }) => alternative);
  let { alternatives, alternativeCount } = state;
  const orders: AlternativeOrder[] = [];
  for (const one of chosen) {
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

/** A candidate that is not kept yet has the id 0. */
function candidatesOf(state: DeviceState): Candidate[] {
  const { text, tail, confidences, runnerUps, alternatives, runnerUpRates, turn } = state;
  const byPosition = new Map(alternatives.map((one) => [one.position, one]));
  const end = Math.min(text.length + turn.maxAhead, turn.prompt.length + turn.maxAnswerTokens);
  const found: Candidate[] = [];
  let reached = 1;
  for (let index = 0; index < tail.length; index += 1) {
    const confidence = confidences[index] ?? 1;
    const position = text.length + index;
    const runnerUp = runnerUps[index] ?? null;
    const fresh =
      runnerUp === null ? undefined : { id: 0, position, tokens: [runnerUp.token], confidences: [], runnerUps: [] };
    const alternative = byPosition.get(position) ?? fresh;
    if (alternative !== undefined && mayGrow(alternative, end, turn.endIds)) {
      const right = alternative.confidences.reduce((product, one) => product * one, 1);
      const chance = reached * runnerUpChance(runnerUpRates, runnerUp?.confidence ?? 0) * right;
      found.push({ alternative, chance });
    }
    reached *= confidence;
  }
  return found;
}

function mayGrow({ position, tokens }: Alternative, end: number, endIds: ReadonlySet<number>): boolean {
  if (tokens.length >= limits.alternativeTokens || position + tokens.length >= end) return false;
  return !endIds.has(tokens.at(-1) as number);
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
  const alternatives = state.alternatives.map((one) => {
    if (one.id !== id || position !== one.position + one.tokens.length) return one;
    const grown = { tokens: [...one.tokens, token], confidences: [...one.confidences, confidence] };
    return { ...one, ...grown, runnerUps: [...one.runnerUps, runnerUp] };
  });
  return { ...state, account, alternatives };
}

/** Forgets the alternatives whose position the text has passed. */
export function passAlternatives(alternatives: readonly Alternative[], textLength: number): readonly Alternative[] {
  return alternatives.some(({ position }) => position < textLength)
    ? alternatives.filter(({ position }) => position >= textLength)
    : alternatives;
}

/** How the tail goes on after a mismatch. */
export interface Continuation {
  /** Null: with nothing. */
  readonly alternative: Alternative | null;
  /** How many tokens after the runner-up the text has already. */
  readonly matched: number;
  readonly tail: readonly number[];
  readonly confidences: readonly number[];
  readonly runnerUps: DeviceState['runnerUps'];
}

const nothing: Continuation = { alternative: null, matched: 0, tail: [], confidences: [], runnerUps: [] };

/** The alternative that agrees with the tokens from `position` on, the first of which has refuted the draft there. */
export function continuationAt(state: DeviceState, position: number, committed: readonly number[]): Continuation {
  const alternative = state.alternatives.find((one) => one.position === position && one.tokens[0] === committed[0]);
  if (alternative === undefined) return nothing;
  const { tokens, confidences, runnerUps } = alternative;
  const shared = Math.min(tokens.length, committed.length);
  for (let index = 1; index < shared; index += 1) if (tokens[index] !== committed[index]) return nothing;
  const rest = { confidences: confidences.slice(shared - 1), runnerUps: runnerUps.slice(shared - 1) };
  return { alternative, matched: shared - 1, tail: tokens.slice(shared), ...rest };
}

/** Counts in which of the first drafts of the tail the text has the runner-up: not where it agrees with the draft. */
export function judgeRunnerUps(state: DeviceState, committed: readonly number[]): DeviceState['runnerUpRates'] {
  let rates = state.runnerUpRates;
  for (let index = 0; index < Math.min(committed.length, state.tail.length); index += 1) {
    const runnerUp = state.runnerUps[index] ?? null;
    if (runnerUp !== null) rates = noteRunnerUp(rates, runnerUp.confidence, runnerUp.token === committed[index]);
  }
  return rates;
}
