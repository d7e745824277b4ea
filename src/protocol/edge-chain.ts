// The drafts that the edge's next step could verify: the device's that have arrived, the edge's own, or the device's with the edge's
// own after them. Which of them are admitted is the scheduler's decision.

import type { LookUpGuess } from '../decoding/look-up.ts';
import { chainLengthWorth, type OwnDraftFigures } from '../decoding/own-drafts-worth.ts';
import { draftsReady } from './edge-branch.ts';
import { type EdgeState, expectedAcceptance, type OwnGuess } from './edge-state.ts';
import { pacingOf } from './pacing.ts';

/** Drafts that follow the committed text, without a gap. */
export interface Chain {
  readonly tokens: readonly number[];
  /** How many of them, from the first, are the device's. */
  readonly deviceDrafts: number;
  /** The edge's own drafter has nothing to add. */
  readonly isComplete: boolean;
}

/** The edge's own guess, if it is one at what follows the text as it is now. */
export function guessAt({ guess, text }: EdgeState): OwnGuess | null {
  return guess !== null && guess.length === text.length ? guess : null;
}

/** What was looked up, as a guess: nothing is added to it. */
export function lookedUpGuess({ text }: EdgeState, guesses: readonly LookUpGuess[]): OwnGuess {
  const tokens = guesses.map(({ token }) => token);
  return { length: text.length, tokens, isComplete: true, chances: guesses.map(({ chance }) => chance) };
}

/** For each draft of the chain, where it was looked up, the chance that it holds if those before it do. */
export function lookUpChances(state: EdgeState): readonly number[] {
  const chances = guessAt(state)?.chances;
  return chances === undefined || draftsReady(state.branch, state.text.length) > 0 ? [] : chances;
}

/**
 * Where the device and the edge have drafted differently the longer chain counts; at equal length the device's. What was only looked
 * up gives way to any draft.
 */
export function chainOf(state: EdgeState): Chain {
  const { branch, text } = state;
  const ready = draftsReady(branch, text.length);
  const guess = ready > 0 && guessAt(state)?.chances !== undefined ? null : guessAt(state);
  const from = text.length - (branch?.start ?? 0);
  const drafts = branch === null || ready === 0 ? [] : branch.tokens.slice(from, from + ready);
  if (guess === null || guess.tokens.length <= ready) {
    const isComplete = guess?.isComplete === true && guess.tokens.length === ready;
    return { tokens: drafts, deviceDrafts: ready, isComplete };
  }
  let shared = 0;
  while (shared < ready && drafts[shared] === guess.tokens[shared]) shared += 1;
  return { tokens: guess.tokens, deviceDrafts: shared, isComplete: guess.isComplete };
}

export interface OwnDraftSettings extends Pick<OwnDraftFigures, 'draftMs' | 'stepTime' | 'maxDrafts'> {
  /** gamma of the edge's own windows. */
  readonly windowSize: number;
}

/**
 * The length of the chain at which the edge, where it drafts itself, steps rather than to draft on. To be asked once for each length
 * of the text, when it has come to be.
 */
export function wantedDrafts(state: EdgeState, settings: OwnDraftSettings): number {
  const { open, text, rules } = state;
  const { edgeDrafts, hasEdgeWindow } = pacingOf(open.pacing);
  if (!edgeDrafts) return 0;
  const end = Math.min(rules.contextLength, open.prompt.length + open.maxAnswerTokens);
  const room = Math.max(0, end - text.length - 1);
  const freeDrafts = draftsReady(state.branch, text.length);
  const worth = hasEdgeWindow
    ? settings.windowSize
    : chainLengthWorth({ ...settings, freeDrafts, acceptance: expectedAcceptance(state) });
  return Math.min(worth, room);
}
