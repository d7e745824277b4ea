// The connections of the device's state machine: attach, commits, roll-back, branches of drafts, handover.
// Pure; device-session.ts calls it, device-state.ts has the data.

import { defined } from '../../basics/defined.ts';
import type { ErrorCode } from '../../basics/errors.ts';
import { unreachable } from '../../basics/invariant.ts';
import { type Alternative, continuationAt, judgeRunnerUps, passAlternatives } from '../wire/hedged-drafts.ts';
import {
  type CommitMessage,
  type EdgeMessage,
  type EndMessage,
  type HelloMessage,
  type PromptScoredMessage,
  protocolVersion,
  type RefusedMessage,
} from '../wire/messages.ts';
import {
  type DeviceEffect,
  type DeviceEvent,
  type DeviceLink,
  type DeviceState,
  type EdgeKnowledge,
  lacksPromptLogprobs,
  type Outcome,
  openedTurn,
} from './device-state.ts';
import { branchEnd, resolveCommit, stillReferable, stillTakeable } from './sent-branches.ts';

// Loops instead of closures below: these run several times in each event.

export function findLink({ links }: DeviceState, id: number | null): DeviceLink | undefined {
  for (const link of links) if (link.id === id) return link;
  return undefined;
}

/** The links, with `link` in place of the one with the same id. */
export function replaceLink(links: readonly DeviceLink[], link: DeviceLink): readonly DeviceLink[] {
  return links.length === 1 ? [link] : links.map((other) => (other.id === link.id ? link : other));
}

/** Counts all attaches of the session: two names may be one edge, which compares their attempts. */
function lastAttempt({ edges }: DeviceState): number {
  return edges.reduce((last, { attempt }) => Math.max(last, attempt), 0);
}

function attemptAt({ edges }: DeviceState, edge: string): number {
  return edges.find((known) => known.edge === edge)?.attempt ?? 0;
}

function know({ edges }: DeviceState, edge: string, attempt: number, held: number | null): readonly EdgeKnowledge[] {
  const news = { edge, attempt, held };
  if (edges.length === 1 && edges[0]?.edge === edge) return [news];
  const isKnown = edges.some((known) => known.edge === edge);
  return isKnown ? edges.map((known) => (known.edge === edge ? news : known)) : [...edges, news];
}

/** The next attach to this edge must be an `open`. */
function forget(state: DeviceState, edge: string): DeviceState {
  return { ...state, edges: know(state, edge, attemptAt(state, edge), null) };
}

/** Attaches a new connection: `resume` if this edge has the session, otherwise `open` with the whole text. */
export function attach(
  state: DeviceState,
  { link: id, edge }: Omit<Extract<DeviceEvent, { kind: 'link-opened' }>, 'kind'>,
  effects: DeviceEffect[],
): DeviceState {
  const held = state.edges.find((known) => known.edge === edge)?.held ?? null;
  const attempt = lastAttempt(state) + 1;
  const length = held ?? state.text.length;
  const { credentials, padding } = state.turn;
  const turn = openingOf(state);
  effects.push({
    kind: 'send',
    link: id,
    message:
      held === null
        ? { kind: 'open', version: protocolVersion, attempt, answer: state.text.slice(turn.prompt.length), ...turn }
        : { kind: 'resume', version: protocolVersion, credentials, padding, session: turn.session, attempt, length },
  });
  const others = state.links.filter((link) => link.id !== id);
  const before = state.links.find((link) => link.id === id);
  const { branchCount, writable, fingerprint } = before ?? { branchCount: 0, writable: true, fingerprint: null };
  const fresh = { received: length, acknowledged: length, branches: [], alternatives: [], isExtendable: false };
  const link = { id, edge, attempt, writable, fingerprint, branchCount, ...fresh };
  const main = state.main ?? id;
  // Frames of the lost connection may not have arrived, so everything is sent again.
  const again = main === id ? { pendingVerifications: [], isFresh: true } : {};
  return { ...state, edges: know(state, edge, attempt, length), ...again, links: [...others, link], main };
}

/** An edge is asked for logprobs of the prompt until the device has them all. */
function openingOf(state: DeviceState): ReturnType<typeof openedTurn> {
  const { promptLogprobs, ...turn } = openedTurn(state.turn);
  const isAsked = lacksPromptLogprobs(state) || turn.maxAnswerTokens === 0;
  const asked = isAsked ? promptLogprobs : undefined;
  return { ...turn, ...defined({ promptLogprobs: asked }) };
}

/** Removes a closed connection. If it was the main one, the oldest remaining one is now; without any, the device connects again. */
export function lose(state: DeviceState, id: number, effects: DeviceEffect[]): DeviceState {
  const lost = state.links.find((link) => link.id === id);
  if (lost === undefined) return state;
  const left = state.links.filter((link) => link.id !== id);
  if (left.length === 0) effects.push({ kind: 'connect', edge: lost.edge });
  const main = state.main === id ? (left[0]?.id ?? null) : state.main;
  return moveTo({ ...state, links: left }, main);
}

/** Drafts go to another link from now on; no verdict is requested from its edge yet. */
function moveTo(state: DeviceState, main: number | null): DeviceState {
  return main === state.main ? state : { ...state, main, pendingVerifications: [], isFresh: true };
}

/** Closes a connection on which the edge violated the protocol; the session is resumed on a new one. */
function drop(state: DeviceState, link: DeviceLink, detail: string, effects: DeviceEffect[]): DeviceState {
  effects.push({ kind: 'close-link', link: link.id, code: 'protocol-error', detail });
  return lose(state, link.id, effects);
}

export function finish(state: DeviceState, outcome: Outcome, effects: DeviceEffect[]): DeviceState {
  for (const link of state.links) {
    effects.push({ kind: 'send', link: link.id, message: { kind: 'bye' } });
    effects.push({ kind: 'close-link', link: link.id, code: 'done', detail: outcome.kind });
  }
  effects.push({ kind: 'finish', outcome });
  return { ...state, links: [], main: null, outcome };
}

/** Ignores messages of a connection that is not (or no longer) the session's. */
export function receive(state: DeviceState, id: number, message: EdgeMessage, effects: DeviceEffect[]): DeviceState {
  const link = findLink(state, id);
  if (link === undefined) return state;
  switch (message.kind) {
    case 'hello':
      return greet(state, link, message, effects);
    case 'gone':
      return attach(forget(state, link.edge), { ...link, link: id }, effects);
    case 'held':
      return { ...state, heldTokens: state.heldTokens ?? Math.min(message.tokens, state.turn.prompt.length) };
    case 'prompt-scored':
      return takeScores(state, link, message, effects);
    case 'commit':
      return takeCommit(state, link, message, effects);
    case 'end':
      return takeEnd(state, link, message, effects);
    case 'refused':
      return takeRefusal(state, link, message, effects);
    case 'queued':
    case 'leaving':
    case 'ping':
    case 'pong':
      return state;
    default:
      return unreachable(message);
  }
}

/**
 * A refusal closes its connection. The turn fails if there is no other connection and the refused attach was the newest. A full edge is
 * not the end of a turn that has text: the device attaches again later.
 */
/** The edge has not taken the text, and may later. */
const fullRefusals: ReadonlySet<ErrorCode> = new Set(['edge-full', 'quota-used', 'target-refused']);

function takeRefusal(
  state: DeviceState,
  link: DeviceLink,
  { code, cause, remedy }: RefusedMessage,
  effects: DeviceEffect[],
): DeviceState {
  const isOutdated = code === 'superseded' && link.attempt < lastAttempt(state);
  // The edge comes back or has a place again, or another takes over; without text a person can choose better than a pause.
  const isFull = fullRefusals.has(code);
  const isPassing = isFull || code === 'edge-draining';
  const mayReturn = isPassing && state.text.length > state.turn.prompt.length;
  if (state.links.length < 2 && !isOutdated && !mayReturn)
    return finish(state, { kind: 'failed', code, cause, remedy }, effects);
  effects.push({ kind: 'close-link', link: link.id, code: 'done', detail: cause });
  return lose(isFull ? forget(state, link.edge) : state, link.id, effects);
}

function greet(state: DeviceState, link: DeviceLink, hello: HelloMessage, effects: DeviceEffect[]): DeviceState {
  if (hello.version !== protocolVersion) {
    const cause = `the edge speaks protocol ${hello.version}, this device ${protocolVersion}`;
    const remedy = 'install the same version of outrider on both';
    return finish(state, { kind: 'failed', code: 'version-mismatch', cause, remedy }, effects);
  }
  if (hello.tokenizerHash !== state.turn.tokenizerHash) {
    const cause = `the edge's model ${hello.model} and this device's draft have different tokenizers`;
    const remedy = 'use a draft made for that model (outrider models list shows the pairs), or "ngram"';
    return finish(state, { kind: 'failed', code: 'tokenizer-mismatch', cause, remedy }, effects);
  }
  return { ...state, links: replaceLink(state.links, { ...link, fingerprint: hello.fingerprint }) };
}

/** An edge that was opened again sends them from the start; the device keeps what it has. */
function takeScores(
  state: DeviceState,
  link: DeviceLink,
  { first, logprobs }: PromptScoredMessage,
  effects: DeviceEffect[],
): DeviceState {
  const { scoredPrompt } = state;
  if (first > scoredPrompt + 1) return drop(state, link, 'logprobs of the prompt leave a gap', effects);
  const fresh = logprobs.slice(scoredPrompt + 1 - first);
  if (fresh.length === 0) return state;
  effects.push({ kind: 'emit-prompt-logprobs', logprobs: fresh });
  return { ...state, scoredPrompt: scoredPrompt + fresh.length };
}

/** The fingerprints of the text after this connection has brought tokens of it. An edge that only greets has written nothing. */
function fingerprintsWith({ fingerprints }: DeviceState, { fingerprint }: DeviceLink): readonly string[] {
  return fingerprint === null || fingerprints.includes(fingerprint) ? fingerprints : [...fingerprints, fingerprint];
}

function takeCommit(state: DeviceState, link: DeviceLink, commit: CommitMessage, effects: DeviceEffect[]): DeviceState {
  if (commit.first > link.received) return drop(state, link, 'a commit leaves a gap', effects);
  const tokens = resolveCommit(link, commit);
  if (tokens === undefined) return drop(state, link, 'a commit accepts drafts that were not sent', effects);
  const overlap = Math.max(0, Math.min(state.text.length - commit.first, tokens.length));
  for (let index = 0; index < overlap; index += 1) {
    // Two engines may differ at a near-tie. The text that the reader has seen is kept: this edge is opened again with it.
    if (state.text.at(commit.first + index) !== tokens[index])
      return drop(forget(state, link.edge), link, 'a commit disagrees with the text', effects);
  }
  const fresh = overlap === 0 ? tokens : tokens.slice(overlap);
  const received = Math.max(link.received, commit.first + tokens.length);
  if (fresh.length > 0) {
    const drafted = fresh.map((_, index) => index + overlap < commit.accepted);
    const logprobs = commit.logprobs?.slice(overlap);
    effects.push({ kind: 'emit-tokens', tokens: fresh, drafted, logprobs });
  }
  const links = replaceLink(state.links, { ...link, received, branches: stillReferable(link, received) });
  const edges = know(state, link.edge, attemptAt(state, link.edge), received);
  const compared = forgetAlternatives(compareTail(state, link, fresh, links, edges), link.id);
  return settleLinks(settleVerifications(compared), link.id, fresh.length > 0, effects);
}

/** Verdicts come from the main link's edge, which may lag behind the text during a handover. */
function settleVerifications(state: DeviceState): DeviceState {
  if (state.pendingVerifications.length === 0) return state;
  const received = findLink(state, state.main)?.received ?? 0;
  return { ...state, pendingVerifications: state.pendingVerifications.filter((position) => position > received) };
}

/** Compares new committed tokens with the tail, and rolls back if they differ. @param links and `edges`: already updated by the commit */
function compareTail(
  state: DeviceState,
  link: DeviceLink,
  fresh: readonly number[],
  links: readonly DeviceLink[],
  edges: readonly EdgeKnowledge[],
): DeviceState {
  const { tail, confidences, runnerUps } = state;
  let matched = 0;
  while (matched < fresh.length && matched < tail.length && tail[matched] === fresh[matched]) matched += 1;
  const text = state.text.append(fresh);
  const fingerprints = fresh.length === 0 ? state.fingerprints : fingerprintsWith(state, link);
  if (matched === fresh.length || matched === tail.length) {
    if (matched === 0) return { ...state, links, edges, text, fingerprints };
    return {
      ...state,
      links,
      edges,
      text,
      fingerprints,
      account: { ...state.account, matched: state.account.matched + matched },
      tail: tail.slice(matched),
      confidences: confidences.slice(matched),
      runnerUps: runnerUps.slice(matched),
      runnerUpRates: judgeRunnerUps(state.runnerUpRates, runnerUps, fresh),
      alternatives: passAlternatives(state.alternatives, text.length),
    };
  }
  const { matched: before, mismatched, alternativesTaken } = state.account;
  const correctedAt = state.text.length + matched;
  const continued = continuationAt(state.alternatives, correctedAt, fresh.slice(matched));
  const { alternative } = continued;
  return {
    ...state,
    links: links.map((one) => correctLink(one, correctedAt, alternative)),
    edges,
    fingerprints,
    account: {
      ...state.account,
      matched: before + matched + continued.matched,
      mismatched: mismatched + 1,
      alternativesTaken: alternativesTaken + (alternative === null ? 0 : 1),
    },
    text,
    tail: continued.tail,
    confidences: continued.confidences,
    runnerUps: continued.runnerUps,
    runnerUpRates: judgeRunnerUps(state.runnerUpRates, runnerUps, fresh.slice(0, matched + 1)),
    alternatives: [],
    tailFrom: alternative?.id ?? null,
    declinedAt: -1,
    pendingVerifications: [],
    isFresh: true,
    generation: state.generation + 1,
  };
}

/**
 * After a mismatch the next draft starts a new branch. But an edge that has the text beyond it, and an alternative with that text, has
 * taken the alternative: the next draft extends that.
 */
function correctLink(link: DeviceLink, correctedAt: number, alternative: Alternative | null): DeviceLink {
  const newest = link.branches.at(-1);
  if (newest === undefined || branchEnd(newest) <= correctedAt) return link;
  const taken = link.alternatives.find(({ base, position, tokens, start }) => {
    if (alternative === null || base !== newest.number || position !== correctedAt) return false;
    return tokens.at(position - start) === alternative.tokens[0];
  });
  if (taken === undefined || !link.isExtendable || link.received <= correctedAt)
    return { ...link, isExtendable: false };
  return { ...link, branches: [...link.branches, taken] };
}

/** On the link of a commit, of which the text is a part by now. */
function forgetAlternatives(state: DeviceState, id: number): DeviceState {
  const link = findLink(state, id);
  if (link === undefined || link.alternatives.length === 0) return state;
  const alternatives = stillTakeable(link, link.received, state.text);
  return { ...state, links: replaceLink(state.links, { ...link, alternatives }) };
}

/**
 * Handover: the first commit of the second edge makes its link the main one. When it has written what no other edge has, the other links
 * are closed: until then they write too, so that the reader never waits longer than for a step.
 * @param isFirst whether its commit has brought new text
 */
function settleLinks(state: DeviceState, id: number, isFirst: boolean, effects: DeviceEffect[]): DeviceState {
  if (state.links.length < 2) return state;
  const newest = state.links.at(-1);
  if (newest === undefined || newest.id !== id) return state;
  const moved = moveTo(state, newest.id);
  if (!isFirst || newest.received < state.text.length) return moved;
  for (const link of state.links) {
    if (link.id === newest.id) continue;
    effects.push({ kind: 'send', link: link.id, message: { kind: 'bye' } });
    effects.push({ kind: 'close-link', link: link.id, code: 'done', detail: 'handed over' });
  }
  return { ...moved, links: [newest] };
}

function takeEnd(state: DeviceState, link: DeviceLink, end: EndMessage, effects: DeviceEffect[]): DeviceState {
  if (end.length !== state.text.length) {
    // During a handover an edge may end behind the text that is already shown; that end is ignored.
    return end.length < state.text.length && state.links.length > 1
      ? state
      : drop(state, link, `the end is at ${end.length}, the text at ${state.text.length}`, effects);
  }
  return finish(state, { kind: 'ended', reason: end.reason, account: end.account }, effects);
}
