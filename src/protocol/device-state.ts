// What the device knows of one turn: plain immutable data. device-session.ts and device-links.ts say how it changes.

import type { ErrorCode } from '../basics/errors.ts';
import type { DeviceMessage, EdgeMessage, EndReason, OpenMessage, TurnAccount } from './messages.ts';
import { TokenText } from './token-text.ts';

/** A turn as the device asks for it; `open` messages are made from it. */
export type TurnRequest = Omit<OpenMessage, 'kind' | 'version' | 'attempt' | 'answer'> & {
  /** Ids that end a text: nothing is drafted after one. */
  readonly endIds: ReadonlySet<number>;
  /** The device stops drafting while the probability that its whole chain holds is below this; 0 = never. `cut-moved` moves it. */
  readonly minChainConfidence: number;
  /** gamma: drafts of a window, in modes that have windows. */
  readonly draftLength: number;
};

/** How one edge stands to this turn; survives its connections. */
export interface EdgeKnowledge {
  readonly edge: string;
  /** The last attempt number used with this edge. */
  readonly attempt: number;
  /** Length of the text that this edge has for certain; null: it must be opened. */
  readonly held: number | null;
}

/** A branch of drafts as sent on one connection. */
export interface SentBranch {
  readonly number: number;
  readonly start: number;
  readonly tokens: TokenText;
}

export interface DeviceLink {
  readonly id: number;
  readonly edge: string;
  /** Of its attach. */
  readonly attempt: number;
  readonly writable: boolean;
  /** End of the committed text that this connection has carried. */
  readonly received: number;
  /** The last length that the edge has been told of. */
  readonly acknowledged: number;
  readonly branchCount: number;
  /** Branches that commits on this connection may still refer to, oldest first. */
  readonly branches: readonly SentBranch[];
  /** Whether the newest branch can go on; else the next draft starts one. */
  readonly isExtendable: boolean;
}

export type Outcome =
  | { readonly kind: 'ended'; readonly reason: EndReason; readonly account: TurnAccount }
  /** Mode local: the device has written alone; the text is not the target's. */
  | { readonly kind: 'unverified'; readonly reason: EndReason }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly cause: string; readonly remedy: string };

/** What the device measured itself. Acceptance = matched / (matched + mismatched). */
export interface DraftAccount {
  readonly drafted: number;
  readonly sent: number;
  readonly matched: number;
  readonly mismatched: number;
}

export interface DeviceState {
  readonly turn: TurnRequest;
  readonly text: TokenText;
  /** Drafts that follow the committed text, and the device's confidence in each. */
  readonly tail: readonly number[];
  readonly confidences: readonly number[];
  /** Counts roll-backs; a draft asked for before one is worthless after it. */
  readonly generation: number;
  /** The draft that is being made. */
  readonly drafting: { readonly generation: number; readonly position: number } | null;
  /** Whether drafts are wanted at all; see the event `drafting-switched`. */
  readonly isDraftingOn: boolean;
  /** The position at which the drafter had no guess. */
  readonly declinedAt: number;
  /** As {@link TurnRequest.minChainConfidence}, until it is moved. */
  readonly minChainConfidence: number;
  /** For each verdict that was asked for: the position up to which drafts had been sent. */
  readonly pendingVerifications: readonly number[];
  /** Nothing was sent since the start, the last roll-back or the last attach. */
  readonly isFresh: boolean;
  /** Of all that were ever attached to. */
  readonly edges: readonly EdgeKnowledge[];
  readonly links: readonly DeviceLink[];
  /** The link that drafts go to. */
  readonly main: number | null;
  /** Fingerprints of the edges that wrote parts of the text; more than one is to be marked. */
  readonly fingerprints: readonly string[];
  readonly account: DraftAccount;
  readonly outcome: Outcome | null;
}

export type DeviceEvent =
  | { readonly kind: 'link-opened'; readonly link: number; readonly edge: string }
  | { readonly kind: 'link-closed'; readonly link: number }
  | { readonly kind: 'link-writable'; readonly link: number; readonly writable: boolean }
  | { readonly kind: 'message-received'; readonly link: number; readonly message: EdgeMessage }
  | {
      readonly kind: 'draft-produced';
      readonly generation: number;
      readonly position: number;
      readonly token: number;
      /** The drafter's probability of it, (0, 1]. */
      readonly confidence: number;
      /** Found by looking back in the text. */
      readonly isLookedUp?: true;
    }
  | { readonly kind: 'draft-declined'; readonly generation: number; readonly position: number }
  /** What a draft has to promise, as the shell has measured what drafts cost and bring. */
  | { readonly kind: 'cut-moved'; readonly minChainConfidence: number }
  /** The device stops or takes up drafting; only where the edge does not wait for it, elsewhere ignored. */
  | { readonly kind: 'drafting-switched'; readonly on: boolean }
  | { readonly kind: 'stop-asked' }
  /** The shell can't go on: no edge answers, or the drafter has a fault that must be seen. */
  | { readonly kind: 'gave-up'; readonly code: ErrorCode; readonly cause: string; readonly remedy: string };

export type DeviceEffect =
  | { readonly kind: 'send'; readonly link: number; readonly message: DeviceMessage }
  | { readonly kind: 'close-link'; readonly link: number; readonly code: ErrorCode | 'done'; readonly detail: string }
  /** Connect to this edge again, after a pause that is the shell's to choose. */
  | { readonly kind: 'connect'; readonly edge: string }
  /** Draft the token at `position`, which follows committed text and tail; the answer echoes both numbers. */
  | { readonly kind: 'draft-next'; readonly generation: number; readonly position: number }
  /** Final tokens for the reader; `drafted[i]` tells whether token i was a draft of the device. */
  | { readonly kind: 'emit-tokens'; readonly tokens: readonly number[]; readonly drafted: readonly boolean[] }
  | { readonly kind: 'finish'; readonly outcome: Outcome };

export interface DeviceStep {
  readonly state: DeviceState;
  readonly effects: readonly DeviceEffect[];
}

export function createDeviceState(turn: TurnRequest): DeviceState {
  return {
    turn,
    text: TokenText.of(turn.prompt),
    tail: [],
    confidences: [],
    generation: 0,
    drafting: null,
    isDraftingOn: true,
    declinedAt: -1,
    minChainConfidence: turn.minChainConfidence,
    pendingVerifications: [],
    isFresh: true,
    edges: [],
    links: [],
    main: null,
    fingerprints: [],
    account: { drafted: 0, sent: 0, matched: 0, mismatched: 0 },
    outcome: null,
  };
}

/** Length of the text that the device believes in: committed and drafted. */
export function believedLength(state: DeviceState): number {
  return state.text.length + state.tail.length;
}
