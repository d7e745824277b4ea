// The branches of drafts that a device has sent to an edge: what commits take of them, and which are still of use. Pure.

import type { TokenText } from '../../decoding/token-text.ts';
import type { CommitMessage } from '../wire/messages.ts';
import type { DeviceLink, SentAlternative, SentBranch } from './device-state.ts';

/** The tokens of a commit, with accepted ones taken from the sent branch; undefined if it refers to drafts that were not sent. */
export function resolveCommit(link: DeviceLink, commit: CommitMessage): readonly number[] | undefined {
  if (commit.accepted === 0) return commit.tokens;
  const branch = branchOf(link.branches, commit.branch) ?? branchOf(link.alternatives, commit.branch);
  if (branch === undefined || commit.first < branch.start) return undefined;
  const from = commit.first - branch.start;
  if (from + commit.accepted > branch.tokens.length) return undefined;
  return branch.tokens.slice(from, from + commit.accepted).concat(commit.tokens);
}

function branchOf(branches: readonly SentBranch[], number: number): SentBranch | undefined {
  return branches.find((branch) => branch.number === number);
}

export function branchEnd(branch: SentBranch): number {
  return branch.start + branch.tokens.length;
}

/** The alternatives that the edge has taken or may take. */
export function stillTakeable(
  { alternatives }: DeviceLink,
  received: number,
  text: TokenText,
): readonly SentAlternative[] {
  if (alternatives.length === 0) return alternatives;
  return alternatives.filter((one) => {
    if (one.position >= received) return true;
    return branchEnd(one) > received && text.at(one.position) === one.tokens.at(one.position - one.start);
  });
}

/** Keeps the newest branch, so that it can be extended, and every older one that commits have not passed yet. */
export function stillReferable({ branches }: DeviceLink, received: number): readonly SentBranch[] {
  if (branches.length < 2) return branches;
  return branches.filter((branch, index) => index === branches.length - 1 || branchEnd(branch) > received);
}
