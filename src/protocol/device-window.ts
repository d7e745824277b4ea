// When the device's drafts go up, and when it asks for a verdict: the pacing policy decides, this module carries it out. Part of the
// device's pure machine.

import { branchEnd, change } from './device-links.ts';
import { believedLength, type DeviceEffect, type DeviceLink, type DeviceState } from './device-state.ts';
import { type DeviceView, pacingOf } from './pacing.ts';
import { TokenText } from './token-text.ts';

/** The next position can't be drafted: no guess, the end of the text, or too little confidence in the chain. */
export function isExhausted(state: DeviceState): boolean {
  const { turn, tail, minChainConfidence } = state;
  const position = believedLength(state);
  if (state.declinedAt === position || position >= turn.prompt.length + turn.maxAnswerTokens) return true;
  const last = tail.at(-1);
  if (last !== undefined && turn.endIds.has(last)) return true;
  return state.confidences.reduce((product, confidence) => product * confidence, 1) < minChainConfidence;
}

export function viewOf(state: DeviceState): DeviceView {
  const link = mainLink(state);
  const unsent = link === undefined ? state.tail.length : believedLength(state) - nextDraft(link).first;
  return {
    tailLength: state.tail.length,
    unsentLength: Math.max(0, Math.min(unsent, state.tail.length)),
    asksOutstanding: state.asks.length,
    isFresh: state.isFresh,
    isExhausted: state.drafting === null && isExhausted(state),
    // A larger window than the edge keeps could never be complete.
    windowSize: Math.min(state.turn.windowSize, state.turn.maxAhead),
    maxAhead: state.turn.maxAhead,
  };
}

function mainLink(state: DeviceState): DeviceLink | undefined {
  return state.links.find((candidate) => candidate.id === state.main);
}

/** Where the next draft frame starts, and the branch that it goes on with; none: it starts one. */
function nextDraft(link: DeviceLink) {
  const newest = link.branches.at(-1);
  const goesOn = link.goesOn && newest !== undefined && branchEnd(newest) >= link.received;
  return goesOn ? { first: branchEnd(newest), branch: newest } : { first: link.received, branch: undefined };
}

/** Sends what the policy lets go on the main link, or an acknowledgement where nothing else tells of one. */
export function sendDrafts(state: DeviceState, effects: DeviceEffect[]): DeviceState {
  const link = mainLink(state);
  if (link === undefined || !link.writable) return state;
  const sending = pacingOf(state.turn.pacing).send(viewOf(state));
  const sent = sending === 'nothing' ? state : sendTail(state, link, effects);
  const asked = sending === 'drafts-and-ask' ? ask(sent, link.id, effects) : sent;
  return acknowledge(asked, link.id, effects);
}

function sendTail(state: DeviceState, link: DeviceLink, effects: DeviceEffect[]): DeviceState {
  const { first, branch } = nextDraft(link);
  // During a hand-over an edge may lag behind the text, and its limit counts from where it is.
  const end = Math.min(believedLength(state), link.received + state.turn.maxAhead);
  if (state.tail.length === 0 || first >= end) return state;
  const inTail = (position: number): number => Math.max(0, position - state.text.length);
  const tokens = [...state.text.slice(first, end), ...state.tail.slice(inTail(first), inTail(end))];
  const number = branch?.number ?? link.branchCount + 1;
  effects.push({ kind: 'send', link: link.id, message: { kind: 'draft', branch: number, first, tokens } });
  const grown = { number, start: branch?.start ?? first, tokens: (branch?.tokens ?? TokenText.of([])).append(tokens) };
  const older = branch === undefined ? link.branches : link.branches.slice(0, -1);
  const acknowledged = branch === undefined ? Math.max(link.acknowledged, first) : link.acknowledged;
  const sent = { ...link, branchCount: number, acknowledged, branches: [...older, grown], goesOn: true };
  const account = { ...state.account, sent: state.account.sent + tokens.length };
  return { ...change(state, link.id, () => sent), account, isFresh: false };
}

/** A verdict on everything that was sent; on the next token where nothing was drafted. */
function ask(state: DeviceState, id: number, effects: DeviceEffect[]): DeviceState {
  const link = state.links.find((candidate) => candidate.id === id);
  const length = link?.received ?? 0;
  effects.push({ kind: 'send', link: id, message: { kind: 'verify', length } });
  const sentEnd = link === undefined ? 0 : nextDraft(link).first;
  const position = Math.max(sentEnd, length + 1);
  const asked = { ...state, asks: [...state.asks, position], isFresh: false };
  return change(asked, id, (link) => ({ ...link, acknowledged: length }));
}

function acknowledge(state: DeviceState, id: number, effects: DeviceEffect[]): DeviceState {
  const link = state.links.find((candidate) => candidate.id === id);
  if (link === undefined || link.received - link.acknowledged < state.turn.window / 4) return state;
  effects.push({ kind: 'send', link: id, message: { kind: 'ack', length: link.received } });
  return change(state, id, (current) => ({ ...current, acknowledged: link.received }));
}
