// The chain of drafts that the edge's next step could verify: the device's drafts that have arrived, edge drafts, or device drafts followed
// by edge drafts. The scheduler decides how many of them the step takes.

import type { LookUpDraft } from '../../decoding/look-up.ts';
import type { TokenText } from '../../decoding/token-text.ts';
import { chainLengthWorth, type EdgeDraftLengthFigures } from '../../scheduling/edge-draft-length.ts';
import { continuationAt, passAlternatives } from '../wire/hedged-drafts.ts';
import { modeOf } from '../wire/mode.ts';
import { draftsReady } from './edge-branch.ts';
import { type EdgeDrafts, type EdgeState, expectedAcceptance, type StepTicket } from './edge-state.ts';

export interface ChainSize {
  readonly length: number;
  /** The first `deviceDrafts` of its drafts are the device's. */
  readonly deviceDrafts: number;
  /** The edge's drafter can add nothing more. */
  readonly isComplete: boolean;
}

/** Drafts that follow the committed text without a gap. */
export interface Chain extends ChainSize {
  readonly tokens: readonly number[];
}

/** The edge drafts, if they follow the present text. */
export function edgeDraftsAt({ edgeDrafts, text }: EdgeState): EdgeDrafts | null {
  return edgeDrafts !== null && edgeDrafts.length === text.length ? edgeDrafts : null;
}

/** The drafts beyond the text, if the text has continued as drafted since it had this length; null: it has not, or it is longer. */
export function draftsBeyond(text: TokenText, length: number, drafts: readonly number[]): readonly number[] | null {
  const grown = text.length - length;
  if (grown < 0 || grown > drafts.length) return null;
  for (let index = 0; index < grown; index += 1) if (text.at(length + index) !== drafts[index]) return null;
  return grown === 0 ? drafts : drafts.slice(grown);
}

/**
 * What is left of the drafts of the edge's draft model under this text, or of an alternative that the text has in their place; null:
 * nothing. Looked-up drafts are made for one step only.
 */
export function keptDrafts(drafts: EdgeDrafts | null, text: TokenText): EdgeDrafts | null {
  if (drafts === null || drafts.length === text.length) return drafts;
  if (drafts.chances !== undefined || drafts.length > text.length) return null;
  const grown = text.slice(drafts.length);
  const { tokens, hedged, isComplete } = drafts;
  let matched = 0;
  while (matched < grown.length && matched < tokens.length && grown[matched] === tokens[matched]) matched += 1;
  const kept = { length: text.length, isComplete, tokens: tokens.slice(matched) };
  if (matched < grown.length) return matched < tokens.length ? keptAlternative(drafts, matched, text) : null;
  if (kept.tokens.length === 0) return null;
  if (hedged === undefined) return kept;
  const confidences = hedged.confidences.slice(matched);
  const alternatives = passAlternatives(hedged.alternatives, text.length);
  return { ...kept, hedged: { confidences, runnerUps: hedged.runnerUps.slice(matched), alternatives } };
}

/** The text has refuted the draft with this index. */
function keptAlternative({ length, hedged }: EdgeDrafts, index: number, text: TokenText): EdgeDrafts | null {
  const position = length + index;
  const { tail, ...known } = continuationAt(hedged?.alternatives ?? [], position, text.slice(position));
  if (tail.length === 0) return null;
  const { confidences, runnerUps } = known;
  return { length: text.length, tokens: tail, isComplete: false, hedged: { confidences, runnerUps, alternatives: [] } };
}

/** While a step runs: the chain that it verifies, and the drafts of either side that are known to follow it. */
function chainInStep(state: EdgeState, { drafts }: StepTicket): Pick<Chain, 'tokens' | 'isComplete'> {
  const follows = (tokens: readonly number[]): boolean =>
    tokens.length >= drafts.length && drafts.every((token, index) => token === tokens[index]);
  const own = edgeDraftsAt(state);
  const ready = readyTokens(state, draftsReady(state.branch, state.text.length));
  const device = follows(ready) ? ready : drafts;
  // If the device has begun another branch, its drafts don't follow this step.
  return own !== null && own.tokens.length >= device.length && follows(own.tokens)
    ? own
    : { tokens: device, isComplete: false };
}

/** Looked-up tokens as edge drafts; they are complete. */
export function lookedUpDrafts({ text }: EdgeState, found: readonly LookUpDraft[]): EdgeDrafts {
  const tokens = found.map(({ token }) => token);
  return { length: text.length, tokens, isComplete: true, chances: found.map(({ chance }) => chance) };
}

const noChances: readonly number[] = [];

/** If the chain was looked up: for each draft the probability that it is right, given that those before it are. */
export function lookUpChances(state: EdgeState): readonly number[] {
  const chances = edgeDraftsAt(state)?.chances;
  return chances === undefined || draftsReady(state.branch, state.text.length) > 0 ? noChances : chances;
}

/**
 * If device and edge have drafted different chains, the longer one counts; at equal length the device's. A looked-up chain counts only
 * if the device has no drafts.
 */
export function chainOf(state: EdgeState): Chain {
  const size = chainSize(state);
  const ready = draftsReady(state.branch, state.text.length);
  const own = size.length > ready ? edgeDraftsAt(state) : null;
  return { ...size, tokens: own?.tokens ?? readyTokens(state, ready) };
}

/** The chain without its tokens, to avoid a copy. */
export function chainSize(state: EdgeState): ChainSize {
  const ready = draftsReady(state.branch, state.text.length);
  const own = edgeDraftsAt(state);
  const isOutdone = own === null || own.tokens.length <= ready || (ready > 0 && own.chances !== undefined);
  if (isOutdone) {
    const isSame = own !== null && own.tokens.length === ready && (ready === 0 || own.chances === undefined);
    return { length: ready, deviceDrafts: ready, isComplete: isSame && own.isComplete };
  }
  const drafts = readyTokens(state, ready);
  let shared = 0;
  while (shared < ready && drafts[shared] === own.tokens[shared]) shared += 1;
  return { length: own.tokens.length, deviceDrafts: shared, isComplete: own.isComplete };
}

const noTokens: readonly number[] = [];

function readyTokens({ branch, text }: EdgeState, ready: number): readonly number[] {
  if (branch === null || ready === 0) return noTokens;
  const from = text.length - branch.start;
  return branch.tokens.slice(from, from + ready);
}

export interface EdgeDraftSettings
  extends Pick<EdgeDraftLengthFigures, 'draftMs' | 'stepTime' | 'maxDrafts' | 'overlaps' | 'missedMs'> {
  /** gamma in mode edge-sd. */
  readonly draftLength: number;
}

/**
 * The length of the chain at which the edge steps instead of adding another edge draft; 0 in modes in which it does not draft. The
 * caller computes it once for each length of the text.
 */
export function wantedDrafts(state: EdgeState, settings: EdgeDraftSettings): number {
  const { open } = state;
  const { edgeDrafts, hasEdgeDraftLength } = modeOf(open.mode);
  if (!edgeDrafts) return 0;
  const room = draftRoom(state);
  const freeDrafts = chainSize(state).length;
  const worth = hasEdgeDraftLength
    ? settings.draftLength
    : chainLengthWorth({ ...settings, freeDrafts, acceptance: expectedAcceptance(state) });
  return Math.min(worth, room);
}

/** Drafts beyond the text that could still be used: a step writes one token more than it accepts. */
export function draftRoom({ open, text, rules }: EdgeState): number {
  const end = Math.min(rules.contextLength, open.prompt.length + open.maxAnswerTokens);
  return Math.max(0, end - text.length - 1);
}

/**
 * The chain after which the edge's drafter should add a draft now; null: it should not. While a step runs it continues from the chain that
 * is being verified, for the token that the step adds and for the next step; those drafts count if the step accepts the whole chain.
 * @param wanted see {@link wantedDrafts}
 * @param mostInStep drafts beyond the running step's own token
 */
export function chainToExtend(state: EdgeState, wanted: number, mostInStep: number): readonly number[] | null {
  if (!modeOf(state.open.mode).edgeDrafts || state.end !== null || state.released) return null;
  const { ticket } = state;
  const { tokens, isComplete } = ticket === null ? chainOf(state) : chainInStep(state, ticket);
  const most = ticket === null ? wanted : ticket.drafts.length + 1 + mostInStep;
  return isComplete || tokens.length >= Math.min(most, draftRoom(state)) ? null : tokens;
}
