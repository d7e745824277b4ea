// The edge's state machine of one session, a pure function: events in, effects out. It commits the target's own choice at every
// position, so a late, wrong or lying device can only slow down its own session. Rules: docs/internals/protocol.md, "Rules".

import type { ErrorCode } from '../../basics/errors.ts';
import { invariant, unreachable } from '../../basics/invariant.ts';
import type { Candidates } from '../../decoding/candidates.ts';
import { chooseToken } from '../../decoding/choose-token.ts';
import { type Logprobs, logprobsOf } from '../../decoding/logprobs.ts';
import { noRunnerUps } from '../../decoding/runner-up-chance.ts';
import { countsWithDrafts, penaltiesActive } from '../../decoding/token-counts.ts';
import { TokenText } from '../../decoding/token-text.ts';
import { verifyDrafts } from '../../decoding/verify.ts';
import { judgeRunnerUps } from '../wire/hedged-drafts.ts';
import type { OpenMessage, ResumeMessage, TurnAccount } from '../wire/messages.ts';
import { modeOf } from '../wire/mode.ts';
import { agreedFrom, compareBranch, draftsReady, noAlternatives, settleAlternatives } from './edge-branch.ts';
import { chainOf, chainSize, edgeDraftsAt, keptDrafts } from './edge-chain.ts';
import { retireBranch, takeAlternative, takeDrafts, violate } from './edge-drafts.ts';
import { endOfPrompt, flushScores, isScoring, isUnsent, nothingRead, takeScores } from './edge-scores.ts';
import {
  type EdgeEffect,
  type EdgeEvent,
  type EdgeLink,
  type EdgeRules,
  type EdgeState,
  type EdgeStep,
  isPaused,
  type SessionCreated,
  type StepTicket,
  sentLength,
} from './edge-state.ts';

/** Whether the session can take part in a step: its text has not ended, no step of it is running, and flow control allows it. */
export function isWritable(state: EdgeState): boolean {
  return state.end === null && !state.released && state.ticket === null && !isPaused(state) && !isUnsent(state);
}

/** Whether a step would have no drafts to verify, neither the device's nor edge drafts. */
export function lacksEdgeDrafts(state: EdgeState): boolean {
  return isWritable(state) && edgeDraftsAt(state) === null && draftsReady(state.branch, state.text.length) === 0;
}

/**
 * How many drafts a step could take now, the device's or edge drafts; null: this session must not run a step.
 * @param wantedDrafts in modes in which the edge drafts: with a shorter chain it drafts more before it steps
 */
export function readyDrafts(state: EdgeState, wantedDrafts: number = 0): number | null {
  if (!isWritable(state)) return null;
  const { length, deviceDrafts, isComplete } = chainSize(state);
  const view = {
    draftsReady: deviceDrafts,
    isVerificationRequested: state.verifyRequestedAt !== null,
    isDeviceInSync: state.verifyRequestedAt === state.text.length,
    isAfterRejection: state.isAfterRejection,
    isChainReady: isComplete || length >= wantedDrafts,
  };
  if (!modeOf(state.open.mode).mayStep(view)) return null;
  // A step commits one token more than its drafts. The end of a text must not depend on the number of drafts.
  const room = state.rules.contextLength - state.text.length - 1;
  return Math.max(0, Math.min(room, length));
}

/** Whether no step can come before the device asks for one, sends drafts, or acknowledges. */
export function waitsForDevice(state: EdgeState): boolean {
  if (state.end !== null || state.released || state.ticket !== null) return false;
  if (isScoring(state)) return isUnsent(state);
  return isPaused(state) || isUnsent(state) || (!modeOf(state.open.mode).edgeDrafts && readyDrafts(state) === null);
}

/**
 * Creates a session from its first `open`.
 * @param incarnation unique in the process
 * @throws OutriderError `bad-argument` from the end rule
 */
export function createEdgeSession(rules: EdgeRules, incarnation: number, created: SessionCreated): EdgeStep {
  const { open } = created;
  const account = { steps: 0, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
  const blankText = { edgeDrafts: null, logprobs: [], promptScores: null };
  const waiting = { ticket: null, verifyRequestedAt: null, isAfterRejection: true, ...blankText };
  const blank = {
    rules,
    incarnation,
    branch: null,
    alternatives: noAlternatives,
    branchCount: 0,
    matched: 0,
    mismatched: 0,
    released: false,
    edgeDraftsMatched: 0,
    edgeDraftsMismatched: 0,
    runnerUpRates: noRunnerUps,
    ...waiting,
  };
  const ending = rules.endingOf(open);
  const text = TokenText.of(open.prompt);
  const start = { ...blank, generation: 0, open, ending, endState: ending.start, text, attempt: 0, link: null };
  const effects: EdgeEffect[] = [];
  const blankState = { ...start, acknowledged: 0, end: null, account };
  const link = { id: created.link, writable: created.isBlocked !== true };
  const state = replaceText(blankState, link, open, effects);
  // No link: the opening was refused, so no step may run for it.
  return { state: flush({ ...state, released: state.link === null }, effects), effects };
}

/** Applies one event. Pure. @throws OutriderError `bad-argument` when an `open` asks for an impossible end rule. */
export function stepEdge(state: EdgeState, event: EdgeEvent): EdgeStep {
  const effects: EdgeEffect[] = [];
  return { state: flush(handle(state, event, effects), effects), effects };
}

function handle(state: EdgeState, event: EdgeEvent, effects: EdgeEffect[]): EdgeState {
  switch (event.kind) {
    case 'message-received':
      return receive(state, event, effects);
    case 'link-closed':
      return state.link?.id === event.link ? { ...state, link: null } : state;
    case 'link-writable':
      return state.link?.id === event.link ? { ...state, link: { ...state.link, writable: event.writable } } : state;
    case 'edge-drafted':
      return { ...state, edgeDrafts: keptDrafts(event.drafts, state.text) ?? state.edgeDrafts };
    case 'step-started':
      return startStep(state, event.drafts);
    case 'step-done':
      return finishStep(state, event);
    case 'prompt-scored':
      return takeScores(state, event);
    case 'step-missed':
      return missStep(state, event.ticket);
    case 'step-failed':
      return refuse(state, 'internal', event.cause, 'try again; the edge operator finds the cause in its log', effects);
    case 'refused':
      return refuse(state, event.code, event.cause, event.remedy, effects);
    default:
      return unreachable(event);
  }
}

/** Ignores frames of a connection that does not own the session, except an attach, which takes the session over. */
function receive(
  state: EdgeState,
  { link, message, isBlocked }: Extract<EdgeEvent, { kind: 'message-received' }>,
  effects: EdgeEffect[],
): EdgeState {
  if (message.kind === 'open' || message.kind === 'resume') {
    return attach(state, { id: link, writable: isBlocked !== true }, message, effects);
  }
  if (state.link?.id !== link) return state;
  switch (message.kind) {
    case 'draft':
      return takeDrafts(state, message, effects);
    case 'alternative':
      return takeAlternative(state, message, effects);
    case 'ack':
    case 'verify': {
      const { length } = message;
      if (length > state.text.length) {
        return violate(state, `acknowledged ${length} of ${state.text.length} tokens`, effects);
      }
      const verifyRequestedAt = message.kind === 'verify' ? length : state.verifyRequestedAt;
      return { ...state, verifyRequestedAt, acknowledged: Math.max(state.acknowledged, length) };
    }
    case 'bye':
      return { ...state, link: null, released: true };
    case 'ping':
    case 'pong':
      return state;
    default:
      return unreachable(message);
  }
}

type NewLink = Pick<EdgeLink, 'id' | 'writable'>;

function attach(
  state: EdgeState,
  newLink: NewLink,
  message: OpenMessage | ResumeMessage,
  effects: EdgeEffect[],
): EdgeState {
  const link = newLink.id;
  if (message.attempt <= state.attempt) {
    const cause = `attempt ${message.attempt} comes after attempt ${state.attempt}`;
    const remedy = 'use the newer connection of this session';
    effects.push({ kind: 'send', link, message: { kind: 'refused', code: 'superseded', cause, remedy } });
    effects.push({ kind: 'close-link', link, code: 'superseded', detail: cause });
    return state;
  }
  const isUnknown = message.kind === 'resume' && !canResume(state, message.length);
  if (state.link !== null && state.link.id !== link) {
    effects.push({
      kind: 'close-link',
      link: state.link.id,
      code: 'superseded',
      detail: 'a newer connection took over',
    });
  }
  if (isUnknown) {
    effects.push({ kind: 'send', link, message: { kind: 'gone' } });
    return { ...state, link: null, attempt: message.attempt };
  }
  if (message.kind === 'open') return replaceText(state, newLink, message, effects);
  const resumed = attachLink(retireBranch(state), newLink, message.attempt, message.length);
  return { ...resumed, acknowledged: Math.max(state.acknowledged, message.length) };
}

function canResume(state: EdgeState, length: number): boolean {
  const { open, promptScores } = state;
  if (state.released || length > state.text.length || length < open.prompt.length) return false;
  // Only a device that has a commit of this text has the logprobs of its prompt for certain.
  if (promptScores !== null && length <= open.prompt.length + open.answer.length) return false;
  // Logprobs of acknowledged tokens are not kept.
  return open.topLogprobs === undefined || length >= state.text.length - state.logprobs.length;
}

function attachLink(state: EdgeState, link: NewLink, attempt: number, length: number): EdgeState {
  // The device repeats the requests of an older connection.
  const waiting = { verifyRequestedAt: null, isAfterRejection: true, alternatives: noAlternatives, branchCount: 0 };
  return { ...state, ...waiting, attempt, link: { ...link, sent: length, endSent: false } };
}

/** On `open` the device's text replaces the edge's, and the result of a running step will be discarded. A complete text gets no step. */
function replaceText(state: EdgeState, link: NewLink, open: OpenMessage, effects: EdgeEffect[]): EdgeState {
  const ending = state.rules.endingOf(open);
  const text = TokenText.of([...open.prompt, ...open.answer]);
  let endState = ending.start;
  let end: EdgeState['end'] = null;
  for (const [index, id] of open.answer.entries()) {
    const pushed = ending.push(endState, id);
    endState = pushed.state;
    end = pushed.end?.reason ?? null;
    if (end !== null && index < open.answer.length - 1) {
      return violate(
        { ...state, attempt: open.attempt, link: null },
        'the answer has tokens after its end',
        effects,
        link.id,
      );
    }
  }
  if (end === null && text.length >= state.rules.contextLength) end = 'context-full';
  const promptScores = open.promptLogprobs === undefined ? null : nothingRead;
  const fresh = { ticket: null, edgeDrafts: null, logprobs: [], promptScores };
  const renewed = endOfPrompt({ ...retireBranch(state), open, ending, endState, text, end, ...fresh });
  const generation = state.generation + 1;
  const opened = { ...renewed, generation, acknowledged: text.length, released: false };
  return attachLink(opened, link, open.attempt, text.length);
}

function refuse(state: EdgeState, code: ErrorCode, cause: string, remedy: string, effects: EdgeEffect[]): EdgeState {
  if (state.link !== null) {
    effects.push({ kind: 'send', link: state.link.id, message: { kind: 'refused', code, cause, remedy } });
    effects.push({ kind: 'close-link', link: state.link.id, code, detail: cause });
  }
  return { ...state, link: null, ticket: null, released: true };
}

function startStep(state: EdgeState, draftCount: number): EdgeState {
  const ready = readyDrafts(state);
  invariant(ready !== null && draftCount <= ready, () => `a step with ${draftCount} drafts where ${ready} are ready`);
  const { text, branch, incarnation, generation } = state;
  const chain = chainOf(state);
  const deviceDrafts = Math.min(chain.deviceDrafts, draftCount);
  const drafts = draftCount === chain.length ? chain.tokens : chain.tokens.slice(0, draftCount);
  const ticket = { incarnation, generation, length: text.length, drafts, deviceDrafts };
  // A step that takes only some of the drafts is not yet the requested verdict.
  const isAnswered = draftCount >= draftsReady(branch, text.length);
  return { ...state, ticket, verifyRequestedAt: isAnswered ? null : state.verifyRequestedAt, isAfterRejection: false };
}

/** What the step would have answered is still asked for. */
function missStep(state: EdgeState, ticket: StepTicket): EdgeState {
  if (state.ticket !== ticket) return state;
  const verifyRequestedAt = state.verifyRequestedAt ?? ticket.length;
  return { ...state, ticket: null, verifyRequestedAt, isAfterRejection: true };
}

/** Verifies the drafts of the ticket, then compares the current branch, which may have changed during the step. */
function finishStep(state: EdgeState, event: Extract<EdgeEvent, { kind: 'step-done' }>): EdgeState {
  const { ticket, rows } = event;
  if (ticket.incarnation !== state.incarnation || ticket.generation !== state.generation) return state;
  invariant(ticket.length === state.text.length, 'the text has changed under a step');
  const { sampling, prompt } = state.open;
  const counts = penaltiesActive(sampling) ? state.text.countsFrom(prompt.length) : undefined;
  const verified = verifyDrafts({
    rows,
    drafts: ticket.drafts,
    choose: (row, index) => {
      const countsHere = counts === undefined ? undefined : countsWithDrafts(counts, ticket.drafts, index);
      return chooseToken(row, sampling, countsHere, ticket.length + index);
    },
    ending: state.ending,
    endState: state.endState,
  });
  const { accepted } = verified;
  const text = state.text.append(verified.tokens);
  const isFull = text.length >= state.rules.contextLength;
  const compared = state.branch === null ? null : compareBranch(state.branch, text);
  const hasDied = compared?.dead === true && state.branch?.dead !== true;
  const beside = { branch: compared, alternatives: state.alternatives };
  const { branch, alternatives } = settleAlternatives(beside, text, sentLength(state));
  const own = modeOf(state.open.mode).edgeDrafts ? compareEdgeDrafts(ticket, accepted) : nothingCompared;
  return {
    ...state,
    account: countStep(state.account, ticket, accepted),
    edgeDraftsMatched: state.edgeDraftsMatched + own.matched,
    edgeDraftsMismatched: state.edgeDraftsMismatched + own.mismatched,
    ticket: null,
    text,
    logprobs: logprobsWith(state, rows, verified.tokens),
    branch,
    alternatives,
    edgeDrafts: keptDrafts(state.edgeDrafts, text),
    runnerUpRates: judgeRunnerUps(state.runnerUpRates, edgeDraftsAt(state)?.hedged?.runnerUps ?? [], verified.tokens),
    endState: verified.endState,
    end: verified.end?.reason ?? (isFull ? 'context-full' : null),
    isAfterRejection: state.isAfterRejection || accepted < ticket.drafts.length || hasDied,
  };
}

/** Log-probabilities of the tokens that the device may still need, and of the new ones. */
function logprobsWith(
  { open, text, logprobs, acknowledged }: EdgeState,
  rows: readonly Candidates[],
  tokens: readonly number[],
): readonly Logprobs[] {
  const { topLogprobs } = open;
  if (topLogprobs === undefined) return logprobs;
  const kept = logprobs.slice(Math.max(0, logprobs.length - (text.length - acknowledged)));
  return [...kept, ...tokens.map((id, index) => logprobsOf(rows[index] as Candidates, id, topLogprobs))];
}

function countStep(account: TurnAccount, { drafts, deviceDrafts }: StepTicket, accepted: number): TurnAccount {
  return {
    steps: account.steps + 1,
    draftRows: account.draftRows + deviceDrafts,
    acceptedRows: account.acceptedRows + Math.min(accepted, deviceDrafts),
    edgeDraftRows: account.edgeDraftRows + drafts.length - deviceDrafts,
    acceptedEdgeDraftRows: account.acceptedEdgeDraftRows + Math.max(0, accepted - deviceDrafts),
  };
}

const nothingCompared = { matched: 0, mismatched: 0 };

/** Called only in modes in which the edge drafts: the acceptance of looked-up drafts does not predict that of a draft model. */
function compareEdgeDrafts({ drafts, deviceDrafts }: StepTicket, accepted: number): typeof nothingCompared {
  if (accepted < deviceDrafts) return nothingCompared;
  return { matched: accepted - deviceDrafts, mismatched: accepted < drafts.length ? 1 : 0 };
}

/** If the link is writable, sends logprobs of the prompt, then all text that was not sent yet as one commit, then the end. */
function flush(before: EdgeState, effects: EdgeEffect[]): EdgeState {
  const state = flushScores(before, effects);
  const { link, text, branch } = state;
  if (link === null || !link.writable) return state;
  if (link.sent === text.length && (state.end === null || link.endSent)) return state;
  if (link.sent < text.length) {
    const accepted = Math.min(agreedFrom(branch, link.sent), text.length - link.sent);
    const tokens = text.slice(link.sent + accepted);
    const commit = {
      kind: 'commit',
      first: link.sent,
      branch: accepted > 0 ? (branch?.number ?? 0) : 0,
      accepted,
      tokens,
      logprobs: state.open.topLogprobs === undefined ? undefined : state.logprobs.slice(link.sent - text.length),
    } as const;
    effects.push({ kind: 'send', link: link.id, message: commit });
  }
  const isEnding = state.end !== null && !link.endSent;
  if (state.end !== null && !link.endSent) {
    const { end: reason, account } = state;
    effects.push({ kind: 'send', link: link.id, message: { kind: 'end', reason, length: text.length, account } });
  }
  return { ...state, link: { ...link, sent: text.length, endSent: link.endSent || isEnding } };
}
