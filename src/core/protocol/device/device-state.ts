// The device's state of one turn, its events and its effects: plain immutable data. device-session.ts and device-links.ts change it.

import type { ErrorCode } from '../../basics/errors.ts';
import type { Logprobs } from '../../decoding/logprobs.ts';
import type { RunnerUp } from '../../decoding/runner-up.ts';
import { noRunnerUps, type RunnerUpRates } from '../../decoding/runner-up-chance.ts';
import { TokenText } from '../../decoding/token-text.ts';
import type { DraftMade, DraftOrder } from '../wire/draft-order.ts';
import type { Alternative } from '../wire/hedged-drafts.ts';
import type { DeviceMessage, EdgeMessage, EndReason, OpenMessage, TurnAccount } from '../wire/messages.ts';

/** A turn that the device requests; `open` messages are made from it. */
export type TurnRequest = Omit<OpenMessage, 'kind' | 'version' | 'attempt' | 'answer'> & {
  /** Ids that end a text: nothing is drafted after one. */
  readonly endIds: ReadonlySet<number>;
  /** The device pauses drafting while its whole chain is accepted with a smaller probability; 0: never. `chain-cut-set` changes it. */
  readonly minChainConfidence: number;
  /** gamma: drafts in a window, in modes that have windows. */
  readonly draftLength: number;
  /** Windows that may wait for their verdicts, in mode `psd`; default 1. */
  readonly windowsInFlight?: number;
  /** Most alternatives that one pass of the drafter extends beside the draft, in modes that hedge; default 0: the device does not hedge. */
  readonly hedges?: number;
  /** Whether alternatives stay on the device until the text takes one; for comparisons. Default: they are sent ahead. */
  readonly keepsAlternatives?: boolean;
  /** The least chance of an alternative that is extended; above 1: none. `hedge-cut-set` changes it. Default 0. */
  readonly minHedgeChance?: number;
};

/** The part of a request that `open` carries. */
export function openedTurn(turn: TurnRequest): Omit<OpenMessage, 'kind' | 'version' | 'attempt' | 'answer'> {
  const {
    endIds: _ends,
    minChainConfidence: _chain,
    draftLength: _window,
    windowsInFlight: _windows,
    hedges: _most,
    keepsAlternatives: _keeps,
    minHedgeChance: _least,
    ...opened
  } = turn;
  return opened;
}

/** Whether the device waits for logprobs of its prompt. */
export function lacksPromptLogprobs({ turn, scoredPrompt }: Pick<DeviceState, 'turn' | 'scoredPrompt'>): boolean {
  return turn.promptLogprobs !== undefined && scoredPrompt < turn.prompt.length - 1;
}

export interface DraftBudget {
  /** Largest number of drafts beyond the committed text. */
  readonly maxAhead: number;
  /** Most alternatives that one pass of the drafter extends. */
  readonly hedges: number;
}

/** What the device stores about one edge in this turn; it outlives the connections. */
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

/** An alternative as sent on one connection: the branch that it is if the edge takes it. */
export interface SentAlternative extends SentBranch {
  /** The branch beside which it stands. */
  readonly base: number;
  /** Position of the runner-up, its first own token; before it `tokens` has those of the base. */
  readonly position: number;
}

export interface DeviceLink {
  readonly id: number;
  readonly edge: string;
  /** Attempt number of its attach. */
  readonly attempt: number;
  readonly writable: boolean;
  /** Fingerprint in the edge's `hello`; null before it. */
  readonly fingerprint: string | null;
  /** End of the committed text that this connection has carried. */
  readonly received: number;
  /** The last length that the device has acknowledged on it. */
  readonly acknowledged: number;
  /** Branches and alternatives. */
  readonly branchCount: number;
  /** Branches that commits on this connection may still refer to, oldest first. */
  readonly branches: readonly SentBranch[];
  /** Alternatives that commits may still refer to. */
  readonly alternatives: readonly SentAlternative[];
  /** Whether the next draft extends the newest branch; otherwise it starts a new branch. */
  readonly isExtendable: boolean;
}

export type Outcome =
  | { readonly kind: 'ended'; readonly reason: EndReason; readonly account: TurnAccount }
  /** Mode local: the device decoded alone; the text is not the target's. */
  | { readonly kind: 'unverified'; readonly reason: EndReason }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly cause: string; readonly remedy: string };

/** What the device measured itself. Acceptance = matched / (matched + mismatched). */
export interface DraftAccount {
  readonly drafted: number;
  readonly sent: number;
  readonly matched: number;
  readonly mismatched: number;
  /** Tokens drafted for alternatives; runner-ups are not counted. */
  readonly alternativeTokens: number;
  /** Mismatches after which the text continued as an alternative. */
  readonly alternativesTaken: number;
}

export interface DeviceState {
  readonly turn: TurnRequest;
  readonly text: TokenText;
  /** Drafts that follow the committed text, and the device's confidence in each. */
  readonly tail: readonly number[];
  readonly confidences: readonly number[];
  /** The drafter's second choice beside each draft of the tail; null: not known. */
  readonly runnerUps: readonly (RunnerUp | null)[];
  readonly alternatives: readonly Alternative[];
  readonly alternativeCount: number;
  /** The alternative as which the tail began at the last roll-back; null: as none. A draft that extends it may be in progress. */
  readonly tailFrom: number | null;
  /** How often the text had the runner-up. */
  readonly runnerUpRates: RunnerUpRates;
  /** As in {@link TurnRequest}, until a `hedge-cut-set`. */
  readonly minHedgeChance: number;
  /** The same for an alternative that begins: the chance of its first token. */
  readonly minStartChance: number;
  /** Number of roll-backs. A draft of an older generation is discarded. */
  readonly generation: number;
  readonly drafting: { readonly generation: number; readonly position: number } | null;
  /** Whether the device drafts at all; see the event `drafting-switched`. */
  readonly isDraftingOn: boolean;
  /** At most as much as the request allows; see the event `draft-budget-set`. */
  readonly budget: DraftBudget;
  /** The position for which the drafter had no proposal; -1: none. */
  readonly declinedAt: number;
  /** As in {@link TurnRequest}, until a `chain-cut-set`. */
  readonly minChainConfidence: number;
  /** For each requested verdict that has not arrived: the position up to which drafts had been sent. */
  readonly pendingVerifications: readonly number[];
  /** Nothing was sent since the start, the last roll-back or the last attach. */
  readonly isFresh: boolean;
  /** All edges of this turn so far. */
  readonly edges: readonly EdgeKnowledge[];
  readonly links: readonly DeviceLink[];
  /** Logprobs of the prompt so far: those of positions 1 to this one. */
  readonly scoredPrompt: number;
  /** What the first edge that said so had of the prompt before it evaluated any of it, tokens; null: none has said so. */
  readonly heldTokens: number | null;
  /** The link that drafts go to. */
  readonly main: number | null;
  /** Fingerprints of the edges whose commits have brought tokens of the text. If there are several, the report marks it. */
  readonly fingerprints: readonly string[];
  readonly account: DraftAccount;
  readonly outcome: Outcome | null;
}

export type DeviceEvent =
  | { readonly kind: 'link-opened'; readonly link: number; readonly edge: string }
  | { readonly kind: 'link-closed'; readonly link: number }
  | { readonly kind: 'link-writable'; readonly link: number; readonly writable: boolean }
  | { readonly kind: 'message-received'; readonly link: number; readonly message: EdgeMessage }
  | ({ readonly kind: 'draft-produced'; readonly generation: number; readonly position: number } & DraftMade)
  | { readonly kind: 'draft-declined'; readonly generation: number; readonly position: number }
  /** The shell has measured the cost and gain of drafts, and changes {@link DeviceState.minChainConfidence}. */
  | { readonly kind: 'chain-cut-set'; readonly minChainConfidence: number }
  /** The shell has measured the cost and gain of alternatives, and changes {@link DeviceState.minHedgeChance}. */
  | { readonly kind: 'hedge-cut-set'; readonly minHedgeChance: number; readonly minStartChance?: number }
  /** Switches drafting on or off. Ignored in modes in which the edge waits for the device. `reason`: in words for people. */
  | { readonly kind: 'drafting-switched'; readonly on: boolean; readonly reason?: string }
  /** Changes how far ahead and how broadly the device drafts, within its request. Ignored in modes that have windows. */
  | ({ readonly kind: 'draft-budget-set' } & DraftBudget)
  | { readonly kind: 'stop-requested' }
  /** The shell can't continue: no edge answers, or the drafter has a fault that must be reported. */
  | { readonly kind: 'gave-up'; readonly code: ErrorCode; readonly cause: string; readonly remedy: string };

export type DeviceEffect =
  | { readonly kind: 'send'; readonly link: number; readonly message: DeviceMessage }
  | { readonly kind: 'close-link'; readonly link: number; readonly code: ErrorCode | 'done'; readonly detail: string }
  /** Connect to this edge again; the shell chooses the pause before. */
  | { readonly kind: 'connect'; readonly edge: string }
  /**
   * Draft the token at `position`, after the committed text and the tail, and in the same pass the next token of each alternative. The
   * resulting event repeats the numbers.
   */
  | ({ readonly kind: 'draft-next' } & Omit<DraftOrder, 'lookUpMargin'>)
  /** Final tokens for the reader; `drafted[i]`: whether token i was a draft of the device. */
  | {
      readonly kind: 'emit-tokens';
      readonly tokens: readonly number[];
      readonly drafted: readonly boolean[];
      /** Log-probabilities of each token, where the turn asks for them. */
      readonly logprobs?: readonly Logprobs[] | undefined;
    }
  /** Logprobs of the prompt's tokens, in order, from the second token on. */
  | { readonly kind: 'emit-prompt-logprobs'; readonly logprobs: readonly Logprobs[] }
  | { readonly kind: 'finish'; readonly outcome: Outcome };

export interface DeviceStep {
  readonly state: DeviceState;
  readonly effects: readonly DeviceEffect[];
}

const noDrafts: DraftAccount = {
  drafted: 0,
  sent: 0,
  matched: 0,
  mismatched: 0,
  alternativeTokens: 0,
  alternativesTaken: 0,
};

/** An answer that exists in part before its turn begins. */
export interface BegunAnswer {
  /** Ids of it so far, fewer than the turn's maximum and without an end. The edge continues after them. */
  readonly tokens: readonly number[];
  /** Fingerprints of the targets that wrote them; default: none is known. */
  readonly fingerprints?: readonly string[];
}

/** @param begun default: the answer begins with this turn */
export function createDeviceState(turn: TurnRequest, begun?: BegunAnswer): DeviceState {
  return {
    turn,
    text: TokenText.of(begun === undefined ? turn.prompt : [...turn.prompt, ...begun.tokens]),
    tail: [],
    confidences: [],
    runnerUps: [],
    alternatives: [],
    alternativeCount: 0,
    tailFrom: null,
    runnerUpRates: noRunnerUps,
    minHedgeChance: turn.minHedgeChance ?? 0,
    minStartChance: turn.minHedgeChance ?? 0,
    generation: 0,
    drafting: null,
    isDraftingOn: true,
    budget: { maxAhead: turn.maxAhead, hedges: turn.hedges ?? 0 },
    declinedAt: -1,
    minChainConfidence: turn.minChainConfidence,
    pendingVerifications: [],
    isFresh: true,
    edges: [],
    links: [],
    scoredPrompt: 0,
    heldTokens: null,
    main: null,
    fingerprints: begun?.fingerprints ?? [],
    account: noDrafts,
    outcome: null,
  };
}

/** Length of committed text and drafts together. */
export function believedLength(state: DeviceState): number {
  return state.text.length + state.tail.length;
}
