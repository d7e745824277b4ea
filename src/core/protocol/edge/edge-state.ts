// The edge's state of one session, its events and its effects: plain immutable data. edge-session.ts changes it.

import type { ErrorCode } from '../../basics/errors.ts';
import type { Candidates } from '../../decoding/candidates.ts';
import type { Ending, EndState } from '../../decoding/ending.ts';
import type { Logprobs } from '../../decoding/logprobs.ts';
import type { RunnerUpRates } from '../../decoding/runner-up-chance.ts';
import type { TokenText } from '../../decoding/token-text.ts';
import { type AcceptancePrior, acceptanceRate, type DraftComparisons } from '../../scheduling/acceptance-prior.ts';
import type { DraftHedges } from '../wire/hedged-drafts.ts';
import type { DeviceMessage, EdgeMessage, EndReason, OpenMessage, TurnAccount } from '../wire/messages.ts';
import type { Alternative, Branch } from './edge-branch.ts';

/** Rules for all sessions of an edge. */
export interface EdgeRules {
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** Creates the end rule of a turn. @throws OutriderError `bad-argument` */
  readonly endingOf: (open: OpenMessage) => Ending;
}

export interface EdgeLink {
  readonly id: number;
  readonly writable: boolean;
  /** Length of the text that has been sent. This pointer replaces a queue of commits. */
  readonly sent: number;
  readonly endSent: boolean;
}

/** A running step, with the drafts that it verifies. */
export interface StepTicket {
  /** Number of the session object. A session that was forgotten and created again has another one. */
  readonly incarnation: number;
  /** Each `open` increases it. */
  readonly generation: number;
  /** Length of the text when the step began: the position of the first row's choice. */
  readonly length: number;
  readonly drafts: readonly number[];
  /** The first `deviceDrafts` of them are the device's, the others are edge drafts. */
  readonly deviceDrafts: number;
}

/** The logprobs of a prompt, which the edge finds as it reads the prompt. */
export interface PromptScores {
  /** Leading tokens of the prompt that were evaluated for it: the logprobs of positions 1 to this one are known. */
  readonly readTokens: number;
  /** The last of them, as far as they were not sent. */
  readonly unsent: readonly Logprobs[];
}

/** A chain of the edge's drafter. It may begin with drafts of the device, which the drafter then extends. */
export interface EdgeDrafts {
  /** Length of the text that it follows. */
  readonly length: number;
  readonly tokens: readonly number[];
  /** No token will be added. */
  readonly isComplete: boolean;
  /** Only of a lookup: the probability of each token, given that the tokens before it are right. */
  readonly chances?: readonly number[];
  /** Only of a draft model that hedges. */
  readonly hedged?: DraftHedges;
}

export interface EdgeState {
  readonly rules: EdgeRules;
  readonly incarnation: number;
  readonly generation: number;
  readonly open: OpenMessage;
  readonly ending: Ending;
  readonly endState: EndState;
  readonly text: TokenText;
  readonly branch: Branch | null;
  readonly alternatives: readonly Alternative[];
  /** The largest number of a branch or an alternative on this connection; 0: none came yet. */
  readonly branchCount: number;
  /** Comparisons in branches that have been replaced. */
  readonly matched: number;
  readonly mismatched: number;
  /** Comparisons of edge drafts, made in steps. */
  readonly edgeDraftsMatched: number;
  readonly edgeDraftsMismatched: number;
  readonly attempt: number;
  readonly link: EdgeLink | null;
  /** Committed length that the device is known to have. */
  readonly acknowledged: number;
  /** Log-probabilities of the last tokens of the text, without the acknowledged ones; empty where `open` asks for none. */
  readonly logprobs: readonly Logprobs[];
  /** Null: `open` asks for none. */
  readonly promptScores: PromptScores | null;
  readonly ticket: StepTicket | null;
  /** Committed length that the device had when it requested a verdict; null: no request since the last step. */
  readonly verifyRequestedAt: number | null;
  /** The text was opened, or a draft was rejected, since the last step. */
  readonly isAfterRejection: boolean;
  readonly edgeDrafts: EdgeDrafts | null;
  /** How often the text had the runner-up of an edge draft. */
  readonly runnerUpRates: RunnerUpRates;
  readonly end: EndReason | null;
  /** The session can be forgotten: the device sent `bye` or was refused. */
  readonly released: boolean;
  readonly account: TurnAccount;
}

export type EdgeEvent =
  | {
      readonly kind: 'message-received';
      readonly link: number;
      readonly message: DeviceMessage;
      /** With an attach: the send queue of the connection is full. */
      readonly isBlocked?: true;
    }
  | { readonly kind: 'link-closed'; readonly link: number }
  | { readonly kind: 'link-writable'; readonly link: number; readonly writable: boolean }
  /** Edge drafts. Steps ignore them if the text has another length by then. */
  | { readonly kind: 'edge-drafted'; readonly drafts: EdgeDrafts }
  /** A step begins; the scheduler has admitted this many of the ready drafts. */
  | { readonly kind: 'step-started'; readonly drafts: number }
  /** The step is complete: one row of candidates after the last committed token, and one after each draft of the ticket. */
  | { readonly kind: 'step-done'; readonly ticket: StepTicket; readonly rows: readonly Candidates[] }
  /** A step has evaluated a part of the prompt for its logprobs: of the token at `first` and those after it. */
  | ({ readonly kind: 'prompt-scored'; readonly logprobs: readonly Logprobs[] } & Omit<PromptPart, 'ids' | 'topCount'>)
  /** The step ran without this session, whose drafts are kept for another one. */
  | { readonly kind: 'step-missed'; readonly ticket: StepTicket }
  /** The engine failed: the edge refuses the session and forgets it. */
  | { readonly kind: 'step-failed'; readonly cause: string }
  /** The edge cannot keep the session: it refuses it and forgets it. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly cause: string; readonly remedy: string };

/** A part of a prompt whose logprobs a step finds; the numbers are as in {@link StepTicket}. */
export interface PromptPart {
  readonly incarnation: number;
  readonly generation: number;
  /** Position of the first token whose logprobs it finds. */
  readonly first: number;
  /** The tokens of the prompt from there on, as far as it finds their logprobs. */
  readonly ids: readonly number[];
  /** How many of the likeliest tokens each of them is given with. */
  readonly topCount: number;
}

/** The start of a session: the first line of its log, not an event of the machine. */
export interface SessionCreated {
  readonly kind: 'session-created';
  readonly link: number;
  readonly open: OpenMessage;
  readonly isBlocked?: true;
}

export type EdgeEffect =
  | { readonly kind: 'send'; readonly link: number; readonly message: EdgeMessage }
  | { readonly kind: 'close-link'; readonly link: number; readonly code: ErrorCode | 'done'; readonly detail: string };

export interface EdgeStep {
  readonly state: EdgeState;
  readonly effects: readonly EdgeEffect[];
}

/** Length of the text that the connection has carried; without one the next attach begins at 0. */
export function sentLength({ link, text }: EdgeState): number {
  return link?.sent ?? text.length;
}

export function isPaused(state: EdgeState): boolean {
  return state.text.length - state.acknowledged >= state.open.flowControlWindow;
}

/** Comparisons of the device's drafts up to the first mismatch of each branch, including drafts that arrived late. */
export function draftComparisons(state: EdgeState): { readonly matched: number; readonly mismatched: number } {
  return {
    matched: state.matched + (state.branch?.matched ?? 0),
    mismatched: state.mismatched + (state.branch?.mismatched ?? 0),
  };
}

/** Comparisons of device drafts and edge drafts together. */
export function allComparisons(state: EdgeState): DraftComparisons {
  const { matched, mismatched } = draftComparisons(state);
  return { matched: matched + state.edgeDraftsMatched, mismatched: mismatched + state.edgeDraftsMismatched };
}

/** Estimated acceptance of device drafts and edge drafts together. The prior dominates while there are few comparisons. */
export function expectedAcceptance(state: EdgeState, prior?: AcceptancePrior): number {
  return acceptanceRate(allComparisons(state), prior);
}
