// What an edge measures for its operator, as it happens: each fact once, and none is held back, as it may be of events (event-throttle.ts).

import type { EndReason } from '../../core/protocol/wire/messages.ts';
import type { ModeName } from '../../core/protocol/wire/mode.ts';

/** Takes measurements. Whatever it throws is reported, and the edge continues. Times in ms. */
export interface EdgeMeter {
  opened(session: { readonly mode: ModeName; readonly promptTokens: number }): void;
  /** A session has got a place. @param textTokens of its text @param heldTokens of these, keys and values that the place had already */
  placed(textTokens: number, heldTokens: number): void;
  committed(commit: MeteredCommit): void;
  ended(end: MeteredEnd): void;
  stepped(step: MeteredStep): void;
}

/** Tokens that one engine step has added to one session. */
export interface MeteredCommit {
  readonly tokens: number;
  /** Drafts that the step evaluated for them, and how many of these it accepted. */
  readonly drafts: number;
  readonly accepted: number;
  /** Since the last commit of the session on this edge, or since its opening here. */
  readonly sinceMs: number;
  readonly isFirst: boolean;
}

export interface MeteredEnd {
  /** `left`: its device said `bye`. `refused`: by a rule, or for load. `failed`: by a fault. `forgotten`: its device stayed away. */
  readonly reason: EndReason | 'left' | 'refused' | 'failed' | 'forgotten';
  /** From the opening on this edge to its last token; 0: there was none. */
  readonly ms: number;
}

export interface MeteredStep {
  /** Sessions of the step, and the rows of it that were verified. */
  readonly sessions: number;
  readonly rows: number;
  readonly prefillTokens: number;
  /** In the engine. */
  readonly ms: number;
}

/** For an edge whose operator measures nothing. */
export const noMeter: EdgeMeter = {
  opened: () => {},
  placed: () => {},
  committed: () => {},
  ended: () => {},
  stepped: () => {},
};
