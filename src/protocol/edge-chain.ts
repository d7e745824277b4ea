// The chain of drafts that the edge's next step could verify: the device's drafts that have arrived, edge drafts, or device drafts followed
// by edge drafts. The scheduler decides how many of them the step takes.

import type { LookUpDraft } from '../decoding/look-up.ts';
import { chainLengthWorth, type EdgeDraftLengthFigures } from '../scheduling/edge-draft-length.ts';
import { draftsReady } from './edge-branch.ts';
import { type EdgeDrafts, type EdgeState, expectedAcceptance } from './edge-state.ts';
import { modeOf } from './mode.ts';

export interface ChainSize {
  readonly length: number;
  /** The first `deviceDrafts` of its drafts are the device's. */
  readonly deviceDrafts: number;
  /** The edge's drafter has nothing to add. */
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

export interface EdgeDraftSettings extends Pick<EdgeDraftLengthFigures, 'draftMs' | 'stepTime' | 'maxDrafts'> {
  /** gamma in mode edge-sd. */
  readonly draftLength: number;
}

/**
 * The length of the chain at which the edge steps instead of adding another edge draft; 0 in modes in which it does not draft. The
 * caller computes it once for each length of the text.
 */
export function wantedDrafts(state: EdgeState, settings: EdgeDraftSettings): number {
  const { open, text, rules } = state;
  const { edgeDrafts, hasEdgeDraftLength } = modeOf(open.mode);
  if (!edgeDrafts) return 0;
  const end = Math.min(rules.contextLength, open.prompt.length + open.maxAnswerTokens);
  const room = Math.max(0, end - text.length - 1);
  const freeDrafts = draftsReady(state.branch, text.length);
  const worth = hasEdgeDraftLength
    ? settings.draftLength
    : chainLengthWorth({ ...settings, freeDrafts, acceptance: expectedAcceptance(state) });
  return Math.min(worth, room);
}
