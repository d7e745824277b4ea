// What the edge knows of one session: plain immutable data. edge-session.ts says how it changes.

import type { ErrorCode } from '../basics/errors.ts';
import type { Candidates } from '../decoding/candidates.ts';
import type { Ending, EndState } from '../decoding/ending.ts';
import type { Branch } from './edge-branch.ts';
import type { DeviceMessage, EdgeMessage, EndReason, OpenMessage, TurnAccount } from './messages.ts';
import type { TokenText } from './token-text.ts';

/** What holds for every session of an edge. */
export interface EdgeRules {
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** Makes the end rule of a turn. @throws OutriderError `bad-argument` */
  readonly endingOf: (open: OpenMessage) => Ending;
}

export interface EdgeLink {
  readonly id: number;
  readonly writable: boolean;
  /** The downlink is this pointer into the text, not a queue: what lies behind it has been sent. */
  readonly sent: number;
  readonly endSent: boolean;
}

/** A step that is being run, with the drafts as they were when it began. */
export interface StepTicket {
  /** Of the session object; a forgotten session that is made anew has another one. */
  readonly incarnation: number;
  /** Raised by each `open`. */
  readonly generation: number;
  /** Length of the text below the first row's choice. */
  readonly length: number;
  readonly drafts: readonly number[];
  /** How many of them, from the first, are the device's; the others are the edge's own. */
  readonly deviceDrafts: number;
}

/** What the edge itself takes to follow a text of this length; it may begin with drafts of the device. */
export interface EdgeDrafts {
  readonly length: number;
  readonly tokens: readonly number[];
  /** Nothing will be added to it. */
  readonly isComplete: boolean;
  /** Where it was looked up: for each token the chance that it is right if those before it are. */
  readonly chances?: readonly number[];
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
  /** Comparisons of branches that have been replaced. */
  readonly matched: number;
  readonly mismatched: number;
  /** The same of the edge's own drafts, those compared in steps. */
  readonly edgeDraftsMatched: number;
  readonly edgeDraftsMismatched: number;
  readonly attempt: number;
  readonly link: EdgeLink | null;
  /** Length that the device is known to have. */
  readonly acknowledged: number;
  readonly ticket: StepTicket | null;
  /** The committed length that the device had when it asked for a verdict; null: it has not since the last step. */
  readonly verifyRequestedAt: number | null;
  /** The text was opened, or a draft was rejected, since the last step. */
  readonly isAfterRejection: boolean;
  readonly edgeDrafts: EdgeDrafts | null;
  readonly end: EndReason | null;
  /** The device has said goodbye or was thrown out: the session can be forgotten. */
  readonly released: boolean;
  readonly account: TurnAccount;
}

export type EdgeEvent =
  | {
      readonly kind: 'message-received';
      readonly link: number;
      readonly message: DeviceMessage;
      /** With an attach: the connection's queue is full already. */
      readonly isBlocked?: true;
    }
  | { readonly kind: 'link-closed'; readonly link: number }
  | { readonly kind: 'link-writable'; readonly link: number; readonly writable: boolean }
  /** Drafts of the edge's own, for steps at which too few drafts of the device are at hand. Drafts made at another length of the text are ignored. */
  | { readonly kind: 'edge-drafted'; readonly drafts: EdgeDrafts }
  /** The scheduler has admitted this many of the ready drafts; the step begins. */
  | { readonly kind: 'step-started'; readonly drafts: number }
  /** One row of candidates after the last committed token and after each draft of the ticket. */
  | { readonly kind: 'step-done'; readonly ticket: StepTicket; readonly rows: readonly Candidates[] }
  /** The engine is at fault: the session is given up. */
  | { readonly kind: 'step-failed'; readonly cause: string };

/** How a session begins; not an event of the machine, but the first line of its log. */
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

export function isPaused(state: EdgeState): boolean {
  return state.text.length - state.acknowledged >= state.open.flowControlWindow;
}

/** Matches / (matches + first mismatches) over drafts compared on an agreeing branch, late comparisons included. */
export function draftComparisons(state: EdgeState): { readonly matched: number; readonly mismatched: number } {
  return {
    matched: state.matched + (state.branch?.matched ?? 0),
    mismatched: state.mismatched + (state.branch?.mismatched ?? 0),
  };
}

/** Before a session's drafts have been compared, this many are taken to have held at this rate. */
const priorComparisons = 4;
const priorAcceptance = 0.7;

/** Chance that a draft holds, the device's or the edge's own; what little is known is drawn towards a common value. */
export function expectedAcceptance(state: EdgeState): number {
  const { matched, mismatched } = draftComparisons(state);
  const held = matched + state.edgeDraftsMatched;
  return (
    (held + priorComparisons * priorAcceptance) / (held + mismatched + state.edgeDraftsMismatched + priorComparisons)
  );
}
