// Sends the device's drafts, verification requests and acknowledgements. The mode decides when; this module carries it out. Part of the
// device's pure state machine.

import { TokenText } from '../../decoding/token-text.ts';
import { type DeviceView, modeOf } from '../wire/mode.ts';
import { findLink, replaceLink } from './device-links.ts';
import {
  believedLength,
  type DeviceEffect,
  type DeviceLink,
  type DeviceState,
  type SentBranch,
} from './device-state.ts';
import { branchEnd } from './sent-branches.ts';

/** Whether the next position can't be drafted: no proposal, end of the text, or too little confidence in the chain. */
export function isExhausted(state: DeviceState): boolean {
  const { turn, tail, minChainConfidence } = state;
  const position = believedLength(state);
  if (state.declinedAt === position || position >= turn.prompt.length + turn.maxAnswerTokens) return true;
  const last = tail[tail.length - 1];
  if (last !== undefined && turn.endIds.has(last)) return true;
  if (minChainConfidence <= 0) return false;
  return state.confidences.reduce((product, confidence) => product * confidence, 1) < minChainConfidence;
}

/** Whether it is the edge's turn to write: it is connected, and waits for nothing that the device has yet to send. */
export function edgeOwesText({ outcome, links, main, pendingVerifications, turn }: DeviceState): boolean {
  if (outcome !== null || links.length === 0) return false;
  if (!modeOf(turn.mode).waitsForDevice || pendingVerifications.length > 0) return true;
  // What the device has to send can't leave it.
  return links.find(({ id }) => id === main)?.writable === false;
}

export function viewOf(state: DeviceState): DeviceView {
  const link = findLink(state, state.main);
  const unsent = link === undefined ? state.tail.length : believedLength(state) - firstUnsent(link);
  return {
    tailLength: state.tail.length,
    unsentLength: Math.max(0, Math.min(unsent, state.tail.length)),
    verificationsPending: state.pendingVerifications.length,
    isFresh: state.isFresh,
    isExhausted: state.drafting === null && isExhausted(state),
    // The edge accepts no more than `maxAhead` drafts, so a larger window would never be complete.
    draftLength: Math.min(state.turn.draftLength, state.turn.maxAhead),
    isFirstWindow: !state.isFresh && link !== undefined && openBranch(link)?.tokens.length === 1,
    windowsInFlight: state.turn.windowsInFlight ?? 1,
    maxAhead: state.budget.maxAhead,
  };
}

/** The branch that the next draft frame extends; undefined: the frame starts a new branch. */
function openBranch({ branches, isExtendable, received }: DeviceLink): SentBranch | undefined {
  const newest = isExtendable ? branches[branches.length - 1] : undefined;
  return newest !== undefined && branchEnd(newest) >= received ? newest : undefined;
}

/** The position at which the next draft frame starts. */
function firstUnsent(link: DeviceLink): number {
  const branch = openBranch(link);
  return branch === undefined ? link.received : branchEnd(branch);
}

/** Sends on the main link what the mode allows, and an acknowledgement if one is due and no other message contains it. */
export function sendDrafts(state: DeviceState, effects: DeviceEffect[]): DeviceState {
  const link = findLink(state, state.main);
  if (link === undefined || !link.writable) return state;
  const sending = modeOf(state.turn.mode).send(viewOf(state));
  const sent = sending === 'nothing' ? state : sendTail(state, link, effects);
  const asked = sending === 'drafts-and-verify' ? requestVerdict(sent, link.id, effects) : sent;
  return acknowledge(asked, link.id, effects);
}

function sendTail(state: DeviceState, link: DeviceLink, effects: DeviceEffect[]): DeviceState {
  const branch = openBranch(link);
  const first = firstUnsent(link);
  // During a handover an edge may lag behind the text; its limit counts from its own committed length.
  const end = Math.min(believedLength(state), link.received + state.turn.maxAhead);
  if (state.tail.length === 0 || first >= end) return state;
  const inTail = (position: number): number => Math.max(0, position - state.text.length);
  const drafts = state.tail.slice(inTail(first), inTail(end));
  const tokens = first < state.text.length ? [...state.text.slice(first, end), ...drafts] : drafts;
  const number = branch?.number ?? link.branchCount + 1;
  effects.push({ kind: 'send', link: link.id, message: { kind: 'draft', branch: number, first, tokens } });
  const sent = branch === undefined ? TokenText.of(tokens) : branch.tokens.append(tokens);
  const grown = { number, start: branch?.start ?? first, tokens: sent };
  const older = branch === undefined ? link.branches : link.branches.slice(0, -1);
  const acknowledged = branch === undefined ? Math.max(link.acknowledged, first) : link.acknowledged;
  const news = {
    ...link,
    branchCount: Math.max(number, link.branchCount),
    acknowledged,
    branches: older.length === 0 ? [grown] : [...older, grown],
    isExtendable: true,
  };
  const account = { ...state.account, sent: state.account.sent + tokens.length };
  return { ...state, links: replaceLink(state.links, news), account, isFresh: false };
}

/** Requests the verdict on all drafts that were sent; without drafts, on the next token. */
function requestVerdict(state: DeviceState, id: number, effects: DeviceEffect[]): DeviceState {
  const link = findLink(state, id) as DeviceLink;
  const length = link.received;
  effects.push({ kind: 'send', link: id, message: { kind: 'verify', length } });
  const position = Math.max(firstUnsent(link), length + 1);
  const links = replaceLink(state.links, { ...link, acknowledged: length });
  return { ...state, links, pendingVerifications: [...state.pendingVerifications, position], isFresh: false };
}

function acknowledge(state: DeviceState, id: number, effects: DeviceEffect[]): DeviceState {
  const link = findLink(state, id);
  if (link === undefined || link.received - link.acknowledged < state.turn.flowControlWindow / 4) return state;
  effects.push({ kind: 'send', link: id, message: { kind: 'ack', length: link.received } });
  return { ...state, links: replaceLink(state.links, { ...link, acknowledged: link.received }) };
}
