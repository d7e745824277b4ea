// The device's current branch of drafts as the edge sees it: what has arrived, how far it agrees with the committed text.

import { invariant } from '../basics/invariant.ts';
import type { DraftMessage } from './messages.ts';
import { TokenText } from './token-text.ts';

export interface Branch {
  readonly number: number;
  readonly start: number;
  /** Stored only while the branch lives: what follows a mismatch is counted, not kept. */
  readonly tokens: TokenText;
  /** Where the next frame of this branch must start. */
  readonly end: number;
  /** Every position below this has been compared and is equal to the committed text. */
  readonly agreedTo: number;
  readonly dead: boolean;
  /** First mismatches and matches in comparisons with committed text. */
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
  invariant(message.first === branch.end, 'a hole in a branch');
  const end = branch.end + message.tokens.length;
  return branch.dead ? { ...branch, end } : { ...branch, end, tokens: branch.tokens.append(message.tokens) };
}

/** Compares what both have and have not compared yet; the first difference kills the branch. */
export function compareBranch(branch: Branch, text: TokenText): Branch {
  if (branch.dead) return branch;
  const until = Math.min(text.length, branch.end);
  let position = branch.agreedTo;
  while (position < until && branch.tokens.at(position - branch.start) === text.at(position)) position += 1;
  const dead = position < until;
  const matched = branch.matched + position - branch.agreedTo;
  return { ...branch, agreedTo: position, dead, matched, mismatched: dead ? 1 : 0 };
}

/** Drafts beyond the committed text that a step may verify, in order. */
export function draftsReady(branch: Branch | null, textLength: number): number {
  return branch === null || branch.dead || branch.agreedTo < textLength ? 0 : branch.end - textLength;
}

/** Tokens from `first` on that equal the device's own drafts, so that a count can stand for them. */
export function agreedFrom(branch: Branch | null, first: number): number {
  return branch === null || first < branch.start ? 0 : Math.max(0, branch.agreedTo - first);
}
