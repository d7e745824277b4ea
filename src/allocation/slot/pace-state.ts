// What the pace of a session depends on beside its link: the part of a slot that the objective `felt` needs.

import { countByGroup } from './columns.ts';
import type { Standing } from './standing.ts';

/** Times in ms. Arrays are indexed by device, [M], or by server, [E]. */
export interface PaceState {
  /** Time of one draft on the device; [M]. */
  readonly draftMs: Float64Array;
  /** Chance that a draft is accepted, given that those before it were; [M]. */
  readonly acceptance: Float64Array;
  /** Tokens of a session's prompt that are still to be evaluated, on any server; [M]. */
  readonly promptTokens: Float64Array;
  /** Those that have been evaluated: they cost nothing any more, but the session has waited for them; [M]. */
  readonly promptTokensDone: Float64Array;
  /** Tokens of a session's answer, its mean, at least 1; [M]. */
  readonly answerTokens: Float64Array;
  /** The texts are means over a whole session, and not where each session is now: only a part of them is at its prompt. */
  readonly isTypical: boolean;
  /** The server that has evaluated the text of the running session, -1 for none; [M]. */
  readonly textServer: Int32Array;
  /** Tokens that another server would have to evaluate; [M]. */
  readonly textTokens: Float64Array;
  /** What opens a session, with headers: bits upwards; [M]. */
  readonly promptBits: Float64Array;
  /** One draft's frame, with headers: bits upwards; [M]. */
  readonly frameBits: Float64Array;
  /** FLOP of one draft, for energy; [M]. */
  readonly draftFlop: Float64Array;
  /** A step of n rows takes stepFixedMs + n stepRowMs; [E] each, both above 0. */
  readonly stepFixedMs: Float64Array;
  readonly stepRowMs: Float64Array;
  /** Round trip of the network behind the radio. */
  readonly roundTripMs: number;
  /** The same of each link, in the order of `snr`, where they differ; default: `roundTripMs` for all. */
  readonly linkRoundTripMs?: Float64Array | undefined;
  /** Limit of tokens by which a device is ahead of the committed text. */
  readonly maxAhead: number;
  /** Where each session stands, as far as it is known; left out: as the means say (standingsOf). [M]. */
  readonly standings?: readonly Standing[] | undefined;
}

/** Those of the pace, where it has them; otherwise by its means: a text is on one server at most, and is read once its prompt is evaluated. */
export function standingsOf(pace: PaceState): readonly Standing[] {
  if (pace.standings !== undefined) return pace.standings;
  const { isTypical, textServer, textTokens, promptTokens, promptTokensDone } = pace;
  const sharing = countByGroup(textServer, pace.stepFixedMs.length);
  return Array.from(textServer, (server, device): Standing => {
    const toEvaluate = promptTokens[device] as number;
    if (server < 0) {
      const opening = toEvaluate + (promptTokensDone[device] as number);
      return { texts: [], textTokens: opening, wasCutOff: false, isUnread: true };
    }
    const leftTokens = isTypical ? 0 : toEvaluate;
    const text = { server, leftTokens, aheadTokens: 0, fromMs: 0, share: 1 / (sharing[server] as number) };
    const known = textTokens[device] as number;
    return { texts: [text], textTokens: known, wasCutOff: false, isUnread: leftTokens > 0 };
  });
}
