// What is known of a running answer.

import type { TokenLogprobs } from '../../core/decoding/logprobs.ts';
import type { DeviceState } from '../../core/protocol/device/device-state.ts';
import type { TurnMeasures } from '../../core/protocol/device/drafting-advice.ts';
import type { ModeName } from '../../core/protocol/wire/mode.ts';

/** A running answer at a moment; times in ms, null: not known yet. */
export interface TurnStatus {
  /** Its number on its edges, 32 hex digits. */
  readonly session: string;
  /** Name of the edge that writes; null: none at the moment. */
  readonly edge: string | null;
  readonly promptTokens: number;
  readonly writtenTokens: number;
  readonly maxAnswerTokens: number;
  /** Fingerprint that wrote the text so far, if there is only one. */
  readonly fingerprint: string | null;
  readonly draftMs: number | null;
  readonly acceptance: number | null;
  /** As in the report. */
  readonly heldTokens: number | null;
  /** Logprobs of the prompt's tokens that were read; from the first text on, of all. Absent: the turn does not ask for them. */
  readonly promptLogprobs?: readonly TokenLogprobs[];
  readonly roundTripMs: number | null;
  readonly isOver: boolean;
  /** Decoding mode; with `auto` the one in force. */
  readonly mode: ModeName | 'local';
}

/** @param turn the driver of a device, or what simulates one */
export function statusOf({
  state,
  measures,
}: {
  readonly state: DeviceState;
  readonly measures: TurnMeasures;
}): TurnStatus {
  const { drafts, draftMs, roundTripMs, committedTokens } = measures;
  const { matched, mismatched } = drafts;
  return {
    session: state.turn.session,
    edge: state.links.find(({ id }) => id === state.main)?.edge ?? null,
    promptTokens: state.turn.prompt.length,
    writtenTokens: committedTokens,
    maxAnswerTokens: state.turn.maxAnswerTokens,
    fingerprint: state.fingerprints.length === 1 ? (state.fingerprints[0] ?? null) : null,
    draftMs,
    roundTripMs,
    isOver: state.outcome !== null,
    mode: state.turn.mode,
    heldTokens: state.heldTokens,
    acceptance: matched + mismatched === 0 ? null : matched / (matched + mismatched),
  };
}
