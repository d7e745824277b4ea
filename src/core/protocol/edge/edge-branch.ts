// The device's current branch of drafts on the edge: the drafts that have arrived, and how far they equal the committed text.

import { invariant } from '../../basics/invariant.ts';
import { TokenText } from '../../decoding/token-text.ts';
import type { AlternativeMessage, DraftMessage } from '../wire/messages.ts';

export interface Branch {
  readonly number: number;
  readonly start: number;
  /** Drafts that arrived before the branch was dead; later ones only move `end`. */
  readonly tokens: TokenText;
  /** Position at which the next frame of this branch must start. */
  readonly end: number;
  /** All positions below this were compared and equal the committed text. */
  readonly agreedTo: number;
  readonly dead: boolean;
  /** Matches in comparisons with committed text, and mismatches: one for each alternative that it has become, and one if it is dead. */
  readonly matched: number;
  readonly mismatched: number;
}

export function beginBranch(message: DraftMessage): Branch {
  const { branch: number, first: start } = message;
  const tokens = TokenText.of(message.tokens);
  const end = start + message.tokens.length;
  return { number, start, tokens, end, agreedTo: start, dead: false, matched: 0, mismatched: 0 };
}

export function extendBranch(branch: Branch, message: DraftMessage): Branch {
  invariant(message.first === branch.end, 'a gap in a branch');
  const end = branch.end + message.tokens.length;
  return branch.dead ? { ...branch, end } : { ...branch, end, tokens: branch.tokens.append(message.tokens) };
}

/** Compares all positions that branch and text share and that were not compared yet; the first difference makes the branch dead. */
export function compareBranch(branch: Branch, text: TokenText): Branch {
  if (branch.dead) return branch;
  const until = Math.min(text.length, branch.end);
  let position = branch.agreedTo;
  while (position < until && branch.tokens.at(position - branch.start) === text.at(position)) position += 1;
  const dead = position < until;
  if (position === branch.agreedTo && !dead) return branch;
  const matched = branch.matched + position - branch.agreedTo;
  return { ...branch, agreedTo: position, dead, matched, mismatched: branch.mismatched + (dead ? 1 : 0) };
}

/** A second continuation beside the draft of the current branch at `position`. */
export interface Alternative {
  /** Number of the branch that it becomes when it is taken. */
  readonly number: number;
  readonly position: number;
  readonly tokens: readonly number[];
}

/** The current branch, compared with the text, and the alternatives beside it. */
export interface Drafts {
  readonly branch: Branch | null;
  readonly alternatives: readonly Alternative[];
}

export const noAlternatives: readonly Alternative[] = [];

/** @returns null for an extension that leaves a gap */
export function withAlternative(
  alternatives: readonly Alternative[],
  { branch: number, first, tokens }: AlternativeMessage,
): readonly Alternative[] | null {
  const known = alternatives.find((one) => one.number === number);
  if (known === undefined) return [...alternatives, { number, position: first, tokens }];
  if (first !== known.position + known.tokens.length) return null;
  return alternatives.map((one) => (one === known ? { ...one, tokens: [...one.tokens, ...tokens] } : one));
}

/**
 * Where the text refutes a draft of the branch and has the first token of an alternative there, the alternative becomes the branch. All
 * others, and those that the text has passed, are forgotten.
 * @param sent length of the text that the device has been sent: commits name no draft below it, so these of the old branch are not kept
 */
export function settleAlternatives({ branch, alternatives }: Drafts, text: TokenText, sent: number): Drafts {
  if (branch === null || alternatives.length === 0) return { branch, alternatives: noAlternatives };
  if (!branch.dead) {
    const isAhead = ({ position }: Alternative): boolean => position >= text.length;
    return { branch, alternatives: alternatives.every(isAhead) ? alternatives : alternatives.filter(isAhead) };
  }
  const { agreedTo: position } = branch;
  const chosen = alternatives.find((one) => one.position === position && one.tokens[0] === text.at(position));
  if (chosen === undefined) return { branch, alternatives: noAlternatives };
  const start = Math.max(branch.start, Math.min(sent, position));
  const tokens = TokenText.of(branch.tokens.slice(start - branch.start, position - branch.start)).append(chosen.tokens);
  const end = start + tokens.length;
  // The draft that the alternative replaces stays a mismatch, and its first token is no match.
  const taken = { ...branch, number: chosen.number, start, tokens, end, dead: false, agreedTo: position + 1 };
  return { branch: compareBranch(taken, text), alternatives: noAlternatives };
}

/** Number of drafts beyond the committed text that a step may verify. */
export function draftsReady(branch: Branch | null, textLength: number): number {
  return branch === null || branch.dead || branch.agreedTo < textLength ? 0 : branch.end - textLength;
}

/** Number of tokens from `first` on that equal the device's drafts; a commit sends this count instead of the tokens. */
export function agreedFrom(branch: Branch | null, first: number): number {
  return branch === null || first < branch.start ? 0 : Math.max(0, branch.agreedTo - first);
}
