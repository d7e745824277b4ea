// A session of an edge in virtual time. In place of a KV sequence it has the number of evaluated tokens.

import type { TokenText } from '../../src/core/decoding/token-text.ts';
import type { EdgeEntry } from '../../src/core/protocol/edge/edge-core.ts';
import type { EdgeRegistry } from '../../src/core/protocol/edge/edge-registry.ts';
import type { EdgeState } from '../../src/core/protocol/edge/edge-state.ts';

export interface VirtualSession extends EdgeEntry {
  /** Tokens of the text that the engine has evaluated. */
  evaluatedTokens: number;
  /** How many places it has had. What a step evaluates stays with the place in which it began. */
  placeCount: number;
  /** What the edge's draft model has read in its last pass for all sessions: the text of this length, and drafts up to this position. */
  drafted: { readonly length: number; readonly end: number };
}

export type VirtualSessions = EdgeRegistry<VirtualSession>;

/** After another `open`, keeps the evaluated tokens up to the first difference of the texts. @param before the state before the event */
export function forgetReplaced(session: VirtualSession, before: EdgeState | null): void {
  if (before === null || session.state.generation === before.generation) return;
  const common = commonLength(before.text, session.state.text);
  session.evaluatedTokens = Math.min(session.evaluatedTokens, common);
  session.drafted = { length: -1, end: Math.min(session.drafted.end, common) };
}

export function commonLength(left: TokenText, right: TokenText): number {
  const until = Math.min(left.length, right.length);
  let length = 0;
  while (length < until && left.at(length) === right.at(length)) length += 1;
  return length;
}
