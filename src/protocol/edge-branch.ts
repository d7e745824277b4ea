// The device's current branch of drafts on the edge: the drafts that have arrived, and how far they equal the committed text.

import { invariant } from '../basics/invariant.ts';
import { TokenText } from '../decoding/token-text.ts';
import type { DraftMessage } from './messages.ts';

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
  /** Matches in comparisons with committed text, and first mismatches (0 or 1). */
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
  const matched = branch.matched + position - branch.agreedTo;
  return { ...branch, agreedTo: position, dead, matched, mismatched: dead ? 1 : 0 };
}

/** Number of drafts beyond the committed text that a step may verify. */
export function draftsReady(branch: Branch | null, textLength: number): number {
  return branch === null || branch.dead || branch.agreedTo < textLength ? 0 : branch.end - textLength;
}

/** Number of tokens from `first` on that equal the device's drafts; a commit sends this count instead of the tokens. */
export function agreedFrom(branch: Branch | null, first: number): number {
  return branch === null || first < branch.start ? 0 : Math.max(0, branch.agreedTo - first);
}
