// The target of all edges at once: a session's id contains the index of its text, so no edge needs a list.

import { invariant } from '../../src/core/basics/invariant.ts';
import type { OpenMessage } from '../../src/core/protocol/wire/messages.ts';
import type { VirtualEdgeDrafter, VirtualTarget } from '../virtual-time/model.ts';
import { type TraceReplay, traceEdgeDrafter, traceTarget } from '../virtual-time/trace-replay.ts';
import type { TokenSource } from './token-source.ts';

const textDigits = 8;
const deviceDigits = 12;

/** 32 hex digits, unique for each count. @param replay an index into the source's replays */
export function sessionIdOf(replay: number, device: number, count: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return hex(replay, textDigits) + hex(device, deviceDigits) + hex(count, 12);
}

/** The device of an id of {@link sessionIdOf}. */
export function deviceOf(session: string): number {
  return Number.parseInt(session.slice(textDigits, textDigits + deviceDigits), 16);
}

export interface TokenTexts {
  readonly target: VirtualTarget;
  readonly edgeDrafter: VirtualEdgeDrafter;
}

export function textsOf({ header, replays, longestText }: TokenSource): TokenTexts {
  // The opening of a session is the same object during the whole session.
  const known = new WeakMap<OpenMessage, TraceReplay>();
  const replayOf = (open: OpenMessage): TraceReplay => {
    const before = known.get(open);
    if (before !== undefined) return before;
    const replay = replays[Number.parseInt(open.session.slice(0, textDigits), 16)];
    invariant(replay !== undefined, `session ${open.session} is of no text`);
    known.set(open, replay);
    return replay;
  };
  return { target: traceTarget(header, longestText + 1, replayOf), edgeDrafter: traceEdgeDrafter(replayOf) };
}
