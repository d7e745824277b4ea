// What the device says and hears on its connections: attaching, commits, corrections, branches of drafts, hand-over.
// Part of the device's pure machine; device-session.ts is its front, device-state.ts its data.

import { unreachable } from '../basics/invariant.ts';
import type { DeviceEffect, DeviceLink, DeviceState, Outcome, SentBranch } from './device-state.ts';
import {
  type CommitMessage,
  type EdgeMessage,
  type EndMessage,
  type HelloMessage,
  protocolVersion,
  type RefusedMessage,
} from './messages.ts';

export function change(state: DeviceState, id: number, update: (link: DeviceLink) => DeviceLink): DeviceState {
  return { ...state, links: state.links.map((link) => (link.id === id ? update(link) : link)) };
}

function know(state: DeviceState, edge: string, attempt: number, held: number | null): DeviceState {
  return { ...state, edges: { ...state.edges, [edge]: { attempt, held } } };
}

/** A connection is there: resume where this edge holds the session, else open it with the whole text. */
export function attach(state: DeviceState, id: number, edge: string, effects: DeviceEffect[]): DeviceState {
  const knowledge = state.edges[edge] ?? { attempt: 0, held: null };
  const attempt = knowledge.attempt + 1;
  const length = knowledge.held ?? state.text.length;
  const { endIds: _endIds, minChainConfidence: _chain, windowSize: _window, ...turn } = state.turn;
  effects.push({
    kind: 'send',
    link: id,
    message:
      knowledge.held === null
        ? { kind: 'open', version: protocolVersion, attempt, answer: state.text.slice(turn.prompt.length), ...turn }
        : { kind: 'resume', version: protocolVersion, session: turn.session, attempt, length },
  });
  const others = state.links.filter((link) => link.id !== id);
  const before = state.links.find((link) => link.id === id);
  const { branchCount, writable } = before ?? { branchCount: 0, writable: true };
  const fresh = { received: length, acknowledged: length, branches: [], goesOn: false };
  const link = { id, edge, attempt, writable, branchCount, ...fresh };
  const main = state.main ?? id;
  // What was sent on a connection that is gone may never have arrived: all of it goes again.
  const again = main === id ? { asks: [], isFresh: true } : {};
  return { ...know(state, edge, attempt, length), ...again, links: [...others, link], main };
}

/** The connection is gone. Another one to a second edge becomes the main one; without any, connect again. */
export function lose(state: DeviceState, id: number, effects: DeviceEffect[]): DeviceState {
  const lost = state.links.find((link) => link.id === id);
  if (lost === undefined) return state;
  const left = state.links.filter((link) => link.id !== id);
  if (left.length === 0) effects.push({ kind: 'connect', edge: lost.edge });
  const main = state.main === id ? (left[0]?.id ?? null) : state.main;
  return moveTo({ ...state, links: left }, main);
}

/** Drafts go to another link from now on; whom they go to has not been asked for a verdict yet. */
function moveTo(state: DeviceState, main: number | null): DeviceState {
  return main === state.main ? state : { ...state, main, asks: [], isFresh: true };
}

/** Gives up a connection that said something impossible; the session is resumed on a new one. */
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

/** Messages of a connection that is not (or no longer) the session's are ignored. */
export function receive(state: DeviceState, id: number, message: EdgeMessage, effects: DeviceEffect[]): DeviceState {
  const link = state.links.find((candidate) => candidate.id === id);
  if (link === undefined) return state;
  switch (message.kind) {
    case 'hello':
      return greet(state, message, effects);
    case 'gone':
      return attach(know(state, link.edge, state.edges[link.edge]?.attempt ?? 0, null), id, link.edge, effects);
    case 'commit':
      return takeCommit(state, link, message, effects);
    case 'end':
      return takeEnd(state, link, message, effects);
    case 'refused':
      return takeRefusal(state, link, message, effects);
    case 'ping':
    case 'pong':
      return state;
    default:
      return unreachable(message);
  }
}

/** A refused hand-over, or an older connection's refusal, costs that connection; without another one, the turn. */
function takeRefusal(
  state: DeviceState,
  link: DeviceLink,
  { code, cause, remedy }: RefusedMessage,
  effects: DeviceEffect[],
): DeviceState {
  const isOutdated = code === 'superseded' && link.attempt < (state.edges[link.edge]?.attempt ?? 0);
  if (state.links.length < 2 && !isOutdated) return finish(state, { kind: 'failed', code, cause, remedy }, effects);
  effects.push({ kind: 'close-link', link: link.id, code: 'done', detail: cause });
  return lose(state, link.id, effects);
}

function greet(state: DeviceState, hello: HelloMessage, effects: DeviceEffect[]): DeviceState {
  if (hello.version !== protocolVersion) {
    const cause = `the edge speaks protocol ${hello.version}, this device ${protocolVersion}`;
    const remedy = 'install the same version of outrider on both';
    return finish(state, { kind: 'failed', code: 'version-mismatch', cause, remedy }, effects);
  }
  if (hello.tokenizerHash !== state.turn.tokenizerHash) {
    const cause = `the edge's model ${hello.model} has another tokenizer than this device's draft`;
    const remedy = 'use a draft made for that model (outrider models list shows the pairs), or --draft ngram';
    return finish(state, { kind: 'failed', code: 'tokenizer-mismatch', cause, remedy }, effects);
  }
  if (state.fingerprints.includes(hello.fingerprint)) return state;
  return { ...state, fingerprints: [...state.fingerprints, hello.fingerprint] };
}

/** The tokens of a commit, the accepted ones put back from what was sent; undefined when it names what was never sent. */
function resolveCommit(link: DeviceLink, commit: CommitMessage): number[] | undefined {
  if (commit.accepted === 0) return [...commit.tokens];
  const branch = link.branches.find((candidate) => candidate.number === commit.branch);
  if (branch === undefined || commit.first < branch.start) return undefined;
  const from = commit.first - branch.start;
  if (from + commit.accepted > branch.tokens.length) return undefined;
  return [...branch.tokens.slice(from, from + commit.accepted), ...commit.tokens];
}

export function branchEnd(branch: SentBranch): number {
  return branch.start + branch.tokens.length;
}

/** The newest branch stays, so that it can go on; an older one goes once commits have passed its end. */
function stillReferable(link: DeviceLink, received: number): readonly SentBranch[] {
  return link.branches.filter((branch, index) => index === link.branches.length - 1 || branchEnd(branch) > received);
}

function takeCommit(state: DeviceState, link: DeviceLink, commit: CommitMessage, effects: DeviceEffect[]): DeviceState {
  if (commit.first > link.received) return drop(state, link, 'a commit leaves a hole', effects);
  const tokens = resolveCommit(link, commit);
  if (tokens === undefined) return drop(state, link, 'a commit accepts drafts that were not sent', effects);
  const overlap = Math.min(state.text.length - commit.first, tokens.length);
  for (let index = 0; index < overlap; index += 1) {
    if (state.text.at(commit.first + index) !== tokens[index]) {
      // Two engines may differ at a near-tie. What the reader has seen stands: this edge is opened again with it.
      const attempt = state.edges[link.edge]?.attempt ?? 0;
      return drop(know(state, link.edge, attempt, null), link, 'a commit disagrees with the text', effects);
    }
  }
  const fresh = tokens.slice(Math.max(0, overlap));
  const received = Math.max(link.received, commit.first + tokens.length);
  const known = know(state, link.edge, state.edges[link.edge]?.attempt ?? 0, received);
  const heard = change(known, link.id, (current) => ({
    ...current,
    received,
    branches: stillReferable(link, received),
  }));
  if (fresh.length > 0) {
    const drafted = fresh.map((_, index) => index + overlap < commit.accepted);
    effects.push({ kind: 'emit-tokens', tokens: fresh, drafted });
  }
  return settleLinks(settleAsks(compareTail(heard, fresh)), link.id, effects);
}

/** Verdicts come from the main link's edge, which may lag behind the text during a hand-over. */
function settleAsks(state: DeviceState): DeviceState {
  const received = state.links.find((link) => link.id === state.main)?.received ?? 0;
  return { ...state, asks: state.asks.filter((position) => position > received) };
}

/** Compares fresh committed tokens with the tail: equal, carry on; different, roll back. */
function compareTail(state: DeviceState, fresh: readonly number[]): DeviceState {
  let matched = 0;
  while (matched < fresh.length && matched < state.tail.length && state.tail[matched] === fresh[matched]) matched += 1;
  const isMismatch = matched < fresh.length && matched < state.tail.length;
  const account = {
    ...state.account,
    matched: state.account.matched + matched,
    mismatched: state.account.mismatched + (isMismatch ? 1 : 0),
  };
  const text = state.text.append(fresh);
  if (!isMismatch) {
    const [tail, confidences] = [state.tail.slice(matched), state.confidences.slice(matched)];
    return { ...state, account, text, tail, confidences };
  }
  const correctedAt = state.text.length + matched;
  const pruned = state.links.map((link) => {
    const newest = link.branches.at(-1);
    return newest !== undefined && branchEnd(newest) > correctedAt ? { ...link, goesOn: false } : link;
  });
  return {
    ...state,
    account,
    text,
    tail: [],
    confidences: [],
    declinedAt: -1,
    asks: [],
    isFresh: true,
    generation: state.generation + 1,
    links: pruned,
  };
}

/** Hand-over: the second edge's first commit makes it the main one; the first is let go once the second has all the text. */
function settleLinks(state: DeviceState, heardFrom: number, effects: DeviceEffect[]): DeviceState {
  if (state.links.length < 2) return state;
  const newest = state.links.at(-1);
  if (newest === undefined || newest.id !== heardFrom) return state;
  const moved = moveTo(state, newest.id);
  if (newest.received < state.text.length) return moved;
  for (const link of state.links) {
    if (link.id === newest.id) continue;
    effects.push({ kind: 'send', link: link.id, message: { kind: 'bye' } });
    effects.push({ kind: 'close-link', link: link.id, code: 'done', detail: 'handed over' });
  }
  return { ...moved, links: [newest] };
}

function takeEnd(state: DeviceState, link: DeviceLink, end: EndMessage, effects: DeviceEffect[]): DeviceState {
  if (end.length !== state.text.length) {
    // A second edge may be behind what is shown already; only the whole text can end.
    return end.length < state.text.length && state.links.length > 1
      ? state
      : drop(state, link, `the end is at ${end.length}, the text at ${state.text.length}`, effects);
  }
  return finish(state, { kind: 'ended', reason: end.reason, account: end.account }, effects);
}
