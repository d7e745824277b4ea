// The same edge for `edge-sd`, which drafts on that edge: the emulated rival of "bench modes", along the recorded drafts. It plays every draft
// length, and takes the one with the least p95, so it is granted the best one for each load.

import type { TokenSource } from '../../../simulator/simulation/token-source.ts';
import { isRightAt } from '../../../simulator/traces/trace.ts';
import type { TraceReplay } from '../../../simulator/virtual-time/trace-replay.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { chainTree, type DraftTree } from '../modes/draft-tree.ts';
import { playRounds, type RoundSession } from '../modes/loaded-rivals.ts';
import { type AnswerPlan, paceOf, planAnswers } from './answer-plan.ts';
import { type Counts, resultOf, type SteadyResult, type SteadySettings } from './steady-edge.ts';

export interface RoundsSettings
  extends Pick<SteadySettings, 'sessions' | 'source' | 'step' | 'timeJitter' | 'leastTokens' | 'seed'> {
  /** Time of a draft on the edge as a share of a step of one row. */
  readonly edgeDraftShare: number;
}

export interface RoundsResult extends SteadyResult {
  /** Drafts of a round; 0: none pays. */
  readonly draftLength: number;
}

const longestDraft = 12;
/** Stream of createRandom. */
const timesStream = 9;

export function runBestRounds(settings: RoundsSettings): RoundsResult {
  let best: RoundsResult | null = null;
  let bestMs = Number.POSITIVE_INFINITY;
  // The p95 falls and then rises with the draft length, apart from noise.
  for (let draftLength = 0, worse = 0; draftLength <= longestDraft && worse < 3; draftLength++) {
    const found = { ...runRounds(settings, draftLength), draftLength };
    const ms = quantile(found.msPerToken, 0.95);
    if (ms < bestMs) {
      worse = 0;
      best = found;
      bestMs = ms;
    } else worse++;
  }
  return best as RoundsResult;
}

export function runRounds(settings: RoundsSettings, draftLength: number): SteadyResult {
  const { sessions: places, source, step, timeJitter, leastTokens, seed, edgeDraftShare } = settings;
  // The round trip is not part of the time per token: only tokens cross the network.
  const plan = planAnswers(source, { places, leastTokens, roundTripCount: 1, roundTripShift: 0 }, seed);
  let until: Counts = { tokens: 0, rows: 0, atMs: 0, busyMs: 0 };
  let start: Counts | null = null;
  const note = (written: number, atMs: number): void => {
    // Draft and target take turns on one accelerator, which is never idle.
    until = { tokens: until.tokens + written, rows: until.rows + draftLength + 1, atMs, busyMs: atMs };
    if (plan.isSteady) start ??= until;
  };
  const all = Array.from({ length: places }, () => placeOn(plan, source, note));
  const rival = {
    rival: 'edge-sd',
    step,
    timeJitter,
    levelMs: edgeDraftShare * (step.fixedMs + step.perRowMs),
  } as const;
  playRounds(rival, chainOf(draftLength), all, createRandom(seed, timesStream), () => plan.isOver);
  return resultOf(plan, start ?? until, until);
}

/** The chances of a chain's drafts are those of the recorded text, so this one only says that each draft follows the one before it. */
function chainOf(length: number): DraftTree {
  return chainTree([0.5], length);
}

/** A place of the edge: one answer after the other. */
function placeOn(
  plan: AnswerPlan,
  { replays }: TokenSource,
  note: (tokens: number, atMs: number) => void,
): RoundSession {
  const begin = () => {
    const planned = plan.next();
    const text = (replays[planned.text] as TraceReplay).session;
    return { planned, text, written: 0, arrivals: [] as { readonly atMs: number; readonly tokenCount: number }[] };
  };
  let answer = begin();
  return {
    rankAt(offset) {
      const position = answer.written + offset;
      return position < answer.planned.tokens && isRightAt(answer.text, position) ? 0 : 1;
    },
    wrote(tokens, atMs) {
      const tokenCount = Math.min(tokens, answer.planned.tokens - answer.written);
      answer.written += tokenCount;
      answer.arrivals.push({ atMs, tokenCount });
      note(tokenCount, atMs);
      if (answer.written < answer.planned.tokens) return;
      plan.ended(answer.planned, paceOf(answer.arrivals));
      answer = begin();
    },
  };
}
