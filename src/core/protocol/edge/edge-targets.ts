// The targets of an edge's sessions: the time per token that each is promised, where it stands against that, and whether another session's
// target can be promised beside them. No clock of its own.

import type { Clock } from '../../basics/clock.ts';
import { OutriderError } from '../../basics/errors.ts';
import type { StepTimeModel } from '../../scheduling/step-time.ts';
import { type PaceStart, paceAt, type TargetPace } from '../../scheduling/target-pace.ts';
import { canKeepTarget, promisedMs } from '../../scheduling/target-promise.ts';
import type { OpenMessage } from '../wire/messages.ts';
import { modeOf } from '../wire/mode.ts';
import type { EdgeKey } from './edge-key.ts';
import { type EdgeEvent, type EdgeState, expectedAcceptance, type SessionCreated } from './edge-state.ts';

export interface TargetSettings {
  /** Target of sessions whose keys have no class of their own, and the tightest that these may ask for, ms a token. Default: none. */
  readonly targetMsPerToken?: number | null | undefined;
  readonly placeCount: number;
  readonly stepTime: () => StepTimeModel;
}

/** What a session with a target has. */
export interface TargetEntry {
  readonly state: EdgeState;
  readonly key: EdgeKey;
  /** Its target by an order, ms a token; null: no order has set one. */
  orderedTargetMs: number | null;
  /** Where its time per token is counted from, since its device attached; null: it has no token since. */
  paceStart: PaceStart | null;
}

/** Acceptance of a session that has not begun, when its target is promised. */
const supposedAcceptance = 0.8;

export class EdgeTargets {
  readonly #settings: TargetSettings;
  readonly #clock: Clock;

  constructor(settings: TargetSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** The count begins again with a new connection: time without one is no fault of the edge. */
  follow(entry: TargetEntry, event: EdgeEvent | SessionCreated, before: EdgeState | null): void {
    if (event.kind === 'message-received' && (event.message.kind === 'open' || event.message.kind === 'resume'))
      entry.paceStart = null;
    const { length } = entry.state.text;
    if (event.kind !== 'step-done' || length === before?.text.length) return;
    entry.paceStart ??= { atMs: this.#clock.nowMs(), length };
  }

  /** Undefined: the session has no target. */
  paceOf({ state, key, orderedTargetMs, paceStart }: TargetEntry): TargetPace | undefined {
    const targetMs = this.#targetOf(state.open, key, orderedTargetMs);
    return targetMs === null ? undefined : paceAt(targetMs, paceStart, state.text.length, this.#clock.nowMs());
  }

  /**
   * Refuses a target that could not be kept beside those of the other sessions, even with drafts in every step.
   * @throws OutriderError `target-refused`
   */
  demand(open: OpenMessage, key: EdgeKey, entries: Iterable<TargetEntry>): void {
    const targetMs = this.#targetOf(open, key, null);
    if (targetMs === null) return;
    const { placeCount, stepTime } = this.#settings;
    const own = { targetMs, acceptance: hasDrafts(open) ? supposedAcceptance : 0 };
    const others = [...entries].flatMap(({ state, key: other, orderedTargetMs }) => {
      if (state.end !== null || state.released) return [];
      const acceptance = hasDrafts(state.open) ? expectedAcceptance(state) : 0;
      return [{ targetMs: this.#targetOf(state.open, other, orderedTargetMs), acceptance }];
    });
    // Of more sessions than places some wait; those with targets are assumed to decode.
    others.sort((left, right) => Number(left.targetMs === null) - Number(right.targetMs === null));
    if (canKeepTarget(own, others.slice(0, placeCount - 1), stepTime())) return;
    const sessions = Math.min(placeCount, 1 + others.length);
    throw new OutriderError(
      'target-refused',
      `this edge can't keep ${Math.round(targetMs)} ms a token with ${sessions} sessions`,
      'ask for a longer time per token or for none, try again when other answers have ended, or use another edge',
    );
  }

  #targetOf(open: OpenMessage, { targetMsPerToken }: EdgeKey, ordered: number | null): number | null {
    const { stepTime, targetMsPerToken: ofEdge = null } = this.#settings;
    const tightest = targetMsPerToken ?? ofEdge;
    return promisedMs({ asked: open.targetMsPerToken ?? null, ordered, tightest }, stepTime());
  }
}

/** Whether steps of such a session may verify drafts. */
function hasDrafts({ mode }: OpenMessage): boolean {
  const { deviceDrafts, edgeDrafts } = modeOf(mode);
  return deviceDrafts || edgeDrafts;
}
