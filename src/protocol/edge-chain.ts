// The drafts that the edge's next step could verify: the device's that have arrived, the edge's own, or the device's with the edge's
// own after them. Which of them are admitted is the scheduler's decision.

import type { LookUpDraft } from '../decoding/look-up.ts';
import { chainLengthWorth, type EdgeDraftLengthFigures } from '../scheduling/edge-draft-length.ts';
import { draftsReady } from './edge-branch.ts';
import { type EdgeDrafts, type EdgeState, expectedAcceptance } from './edge-state.ts';
import { modeOf } from './mode.ts';

export interface ChainSize {
  readonly length: number;
  /** How many of its drafts, from the first, are the device's. */
  readonly deviceDrafts: number;
  /** The edge's own drafter has nothing to add. */
  readonly isComplete: boolean;
}

/** Drafts that follow the committed text, without a gap. */
export interface Chain extends ChainSize {
  readonly tokens: readonly number[];
}

/** The edge's own drafts, if they follow the text as it is now. */
export function edgeDraftsAt({ edgeDrafts, text }: EdgeState): EdgeDrafts | null {
  return edgeDrafts !== null && edgeDrafts.length === text.length ? edgeDrafts : null;
}

/** What was looked up, as drafts: nothing is added to it. */
export function lookedUpDrafts({ text }: EdgeState, found: readonly LookUpDraft[]): EdgeDrafts {
  const tokens = found.map(({ token }) => token);
  return { length: text.length, tokens, isComplete: true, chances: found.map(({ chance }) => chance) };
}

const noChances: readonly number[] = [];

/** For each draft of the chain, where it was looked up, the chance that it holds if those before it do. */
export function lookUpChances(state: EdgeState): readonly number[] {
  const chances = edgeDraftsAt(state)?.chances;
  return chances === undefined || draftsReady(state.branch, state.text.length) > 0 ? noChances : chances;
}

/**
 * Where the device and the edge have drafted differently the longer chain counts; at equal length the device's. What was only looked
 * up gives way to any draft.
 */
export function chainOf(state: EdgeState): Chain {
  const size = chainSize(state);
  const ready = draftsReady(state.branch, state.text.length);
  const own = size.length > ready ? edgeDraftsAt(state) : null;
  return { ...size, tokens: own?.tokens ?? readyTokens(state, ready) };
}

/** The chain without its tokens, which would have to be copied. */
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
  /** gamma of the edge's own windows. */
  readonly draftLength: number;
}

/**
 * The length of the chain at which the edge, where it drafts itself, steps rather than to draft on. To be asked once for each length
 * of the text, when it has come to be.
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
