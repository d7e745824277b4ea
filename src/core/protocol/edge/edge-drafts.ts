// Drafts and alternatives of the device as they reach the edge: what is kept, what is too late, and what violates the protocol. Part of the
// edge's pure state machine.

import { limits } from '../wire/limits.ts';
import type { AlternativeMessage, DraftMessage } from '../wire/messages.ts';
import { modeOf } from '../wire/mode.ts';
import {
  beginBranch,
  compareBranch,
  extendBranch,
  noAlternatives,
  settleAlternatives,
  withAlternative,
} from './edge-branch.ts';
import { type EdgeEffect, type EdgeState, sentLength } from './edge-state.ts';

/** Drops the branch and adds its comparisons to the session's. */
export function retireBranch(state: EdgeState): EdgeState {
  if (state.branch === null) return state;
  const matched = state.matched + state.branch.matched;
  return { ...state, branch: null, matched, mismatched: state.mismatched + state.branch.mismatched };
}

export function takeDrafts(state: EdgeState, message: DraftMessage, effects: EdgeEffect[]): EdgeState {
  const { branch, text, rules, open } = state;
  const isNew = branch === null || message.branch > state.branchCount;
  if (!isNew && message.branch < branch.number) return state;
  if (!isNew && message.branch > branch.number) {
    return violate(state, 'drafts after an alternative that the text does not have', effects);
  }
  if (isNew && (message.first > text.length || message.first < open.prompt.length)) {
    return violate(state, `a branch starts at ${message.first}, the text ends at ${text.length}`, effects);
  }
  if (!isNew && message.first !== branch.end) return violate(state, 'a gap between drafts', effects);
  if (message.first + message.tokens.length > text.length + open.maxAhead) {
    return violate(state, `drafts more than ${open.maxAhead} tokens ahead`, effects);
  }
  if (message.tokens.some((id) => id >= rules.vocabularySize))
    return violate(state, 'an id beyond the vocabulary', effects);
  const compared = compareBranch(isNew ? beginBranch(message) : extendBranch(branch, message), text);
  const settled = settleAlternatives(
    { branch: compared, alternatives: isNew ? noAlternatives : state.alternatives },
    text,
    sentLength(state),
  );
  const branchCount = Math.max(state.branchCount, message.branch);
  const hasDied = compared.dead && (isNew || !branch.dead);
  const kept = isNew ? retireBranch(state) : state;
  const acknowledged = isNew ? Math.max(state.acknowledged, message.first) : state.acknowledged;
  return {
    ...kept,
    branch: settled.branch,
    alternatives: settled.alternatives,
    branchCount,
    acknowledged,
    isAfterRejection: state.isAfterRejection || hasDied,
  };
}

export function takeAlternative(state: EdgeState, message: AlternativeMessage, effects: EdgeEffect[]): EdgeState {
  const { branch, text, rules, open } = state;
  // The device does not know yet that it is the branch.
  if (message.branch === branch?.number) return takeDrafts(state, { ...message, kind: 'draft' }, effects);
  const isNew = message.branch > state.branchCount;
  if (!modeOf(open.mode).mayHedge) return violate(state, `an alternative in mode ${open.mode}`, effects);
  if (message.first + message.tokens.length > text.length + open.maxAhead) {
    return violate(state, `an alternative more than ${open.maxAhead} tokens ahead`, effects);
  }
  if (message.tokens.some((id) => id >= rules.vocabularySize))
    return violate(state, 'an id beyond the vocabulary', effects);
  const branchCount = Math.max(state.branchCount, message.branch);
  const counted = { ...state, branchCount };
  // Of a branch that has been replaced meanwhile, or that it never stood beside.
  if (branch === null || message.base !== branch.number) return counted;
  if (isNew && (message.first < branch.start || message.first >= branch.end)) {
    return violate(state, `an alternative at ${message.first} beside a branch that ends at ${branch.end}`, effects);
  }
  const isForgotten = !isNew && !state.alternatives.some(({ number }) => number === message.branch);
  if (isForgotten) return counted;
  const alternatives = withAlternative(state.alternatives, message);
  if (alternatives === null) return violate(state, 'a gap in an alternative', effects);
  if (alternatives.some(({ tokens }) => tokens.length > limits.alternativeTokens)) {
    return violate(state, `an alternative of more than ${limits.alternativeTokens} tokens`, effects);
  }
  const settled = settleAlternatives({ branch, alternatives }, text, sentLength(state));
  if (settled.alternatives.length > limits.alternatives) {
    return violate(state, `more than ${limits.alternatives} alternatives`, effects);
  }
  return { ...counted, ...settled };
}

/** Closes a connection that violates the protocol. The session stays and may be resumed. */
export function violate(state: EdgeState, cause: string, effects: EdgeEffect[], at?: number): EdgeState {
  const link = at ?? state.link?.id;
  if (link === undefined) return state;
  effects.push({ kind: 'close-link', link, code: 'protocol-error', detail: cause });
  return { ...state, link: null };
}
