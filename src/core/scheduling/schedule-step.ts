// Plans the edge's next engine step: one row for each decoding session, then drafts where a target needs them or they pay, by fair queueing,
// and one chunk of a prompt. Pure; it uses no engine, clock or socket.

import { emptyFairQueue, type FairQueueState, startRound } from './fair-queue.ts';
import { type KeyCredits, type KeyTime, keyTime, shareTime } from './key-time.ts';
import { shareRows } from './share-rows.ts';
import { admitDrafts } from './step-drafts.ts';
import { admitPrompt } from './step-prompt.ts';
import { batchMs, type StepTimeModel } from './step-time.ts';
import type { TargetPace } from './target-pace.ts';

/** One session as the scheduler sees it. */
export interface SessionWork {
  readonly id: number;
  /** Compute share z, the weight of the fair queues: relative, above 0. Those of a key's sessions add up to its share. */
  readonly weight: number;
  /** Sessions of one key share its time; absent: all are of one key. */
  readonly key?: string | undefined;
  /** Tokens to evaluate before the last committed one; above 0: the session is not decoding yet. */
  readonly prefillTokens: number;
  /** What a token of that took last, ms, where it was measured. */
  readonly tokenMs?: number | undefined;
  /** It gets no chunk of its prompt in this step, and keeps its turn. */
  readonly isHeldBack?: boolean;
  /** Available drafts, in chain order. */
  readonly drafts: number;
  /** Acceptance rate: the estimated chance that a draft is accepted, given that those before it are. */
  readonly acceptance: number;
  /** The same for each draft, where known; the caller calibrates it. */
  readonly confidences?: readonly number[];
  /** The time per token that it is to keep, and how late it is; absent: it has no target. */
  readonly target?: TargetPace | undefined;
}

export interface StepLimits {
  /** Limit of rows in a step, over all decoding sessions. */
  readonly maxRows: number;
  /** No drafts are added beyond this many rows; mandatory rows still are. */
  readonly usefulRows: number;
  /** Limit of tokens in a chunk of a prompt, in addition to the rows (the engine's own). */
  readonly prefillChunk: number;
  /** Longest time of a chunk in a step without decoding sessions, ms; absent: any. */
  readonly aloneChunkMs?: number;
  /**
   * Whether shares divide all rows of a step that has not room or time for all, so that a session that has had its share waits
   * (share-rows.ts, key-time.ts). Default: every session has its mandatory row first, shares divide the rest, and a chunk of a prompt has
   * eight tokens whatever they cost; the simulator's results rest on that.
   */
  readonly sharesRows?: boolean;
}

export type StepItem =
  | { readonly id: number; readonly kind: 'prefill'; readonly tokens: number }
  | { readonly id: number; readonly kind: 'decode'; readonly drafts: number };

/** One fair queue each for mandatory rows, draft rows and prompt tokens; and what keys have left of their time. */
export interface ScheduleState {
  readonly credits?: KeyCredits;
  readonly rows: FairQueueState;
  readonly drafts: FairQueueState;
  readonly prefill: FairQueueState;
}

export interface StepPlan {
  /** At most one per session; decoding sessions in the given order, then the chunk. Empty without work. */
  readonly items: readonly StepItem[];
  readonly state: ScheduleState;
  readonly expectedTokens: number;
  readonly expectedMs: number;
  /** Part of the time that prompts get beside these decode rows; 0 without any, or where shares do not divide all rows. */
  readonly promptPart: number;
}

export const freshSchedule: ScheduleState = { rows: emptyFairQueue, drafts: emptyFairQueue, prefill: emptyFairQueue };

export function scheduleStep(
  state: ScheduleState,
  sessions: readonly SessionWork[],
  limits: StepLimits,
  model: StepTimeModel,
): StepPlan {
  const prefilling = sessions.filter((session) => !isDecoding(session));
  const wanting = prefilling.length === 0 ? sessions : sessions.filter(isDecoding);
  const { sharesRows = false } = limits;
  const time = sharesRows ? keyTime(sessions, limits.maxRows, model) : null;
  const decoding = (sharesRows ? shareAllRows : admitThenDraft)(state, wanting, limits, model, time);
  const items: StepItem[] = [];
  const itemRows: number[] = [];
  for (const { id } of decoding.admitted) {
    const drafts = decoding.counts.get(id) ?? 0;
    items.push({ id, kind: 'decode', drafts });
    itemRows.push(drafts + 1);
  }
  const expectedTokens = items.length + decoding.expectedTokens;
  const { prefillChunk: mostTokens, aloneChunkMs: aloneMs } = limits;
  const chunkLimits = { mostTokens, leastTokens: sharesRows ? 1 : simulatedLeastChunk, aloneMs };
  const prompt = admitPrompt(state.prefill, prefilling, itemRows, chunkLimits, model);
  if (prompt.item !== undefined) {
    items.push(prompt.item);
    itemRows.push(prompt.item.tokens);
  }
  return {
    items,
    state: { ...decoding.queues, prefill: prompt.queue },
    expectedTokens,
    expectedMs: batchMs(model, itemRows),
    promptPart: time?.promptPart ?? 0,
  };
}

/** Least tokens of a chunk where shares do not divide all rows. */
const simulatedLeastChunk = 8;

function isDecoding(session: SessionWork): boolean {
  return session.prefillTokens === 0;
}

const noFlow = (): boolean => false;

interface DecodePlan {
  readonly admitted: readonly SessionWork[];
  readonly counts: ReadonlyMap<number, number>;
  readonly expectedTokens: number;
  readonly queues: Omit<ScheduleState, 'prefill'>;
}

type Planner = (
  state: ScheduleState,
  sessions: readonly SessionWork[],
  limits: StepLimits,
  model: StepTimeModel,
  time: KeyTime<SessionWork> | null,
) => DecodePlan;

const admitThenDraft: Planner = ({ rows, drafts }, sessions, { maxRows, usefulRows }, model) => {
  const decoding = admitSessions(rows, sessions, maxRows);
  const drafted = admitDrafts(drafts, decoding.admitted, Math.min(maxRows, usefulRows), model);
  return { ...drafted, admitted: decoding.admitted, queues: { rows: decoding.queue, drafts: drafted.queue } };
};

const shareAllRows: Planner = (
  { rows, drafts, credits = noCredits },
  sessions,
  { maxRows, usefulRows },
  model,
  time,
) => {
  const most = Math.min(maxRows, Math.max(usefulRows, sessions.length));
  if (time !== null && time.demands !== null) {
    const { credits: left, admitted, ...shared } = shareTime(credits, { ...time, demands: time.demands }, most, model);
    const inStep = new Set(admitted);
    return { ...shared, admitted: sessions.filter((one) => inStep.has(one)), queues: { rows, drafts, credits: left } };
  }
  const { queue, ...shared } = shareRows(rows, sessions, most, model);
  return { ...shared, queues: { rows: queue, drafts } };
};

const noCredits: KeyCredits = new Map();

/** One mandatory row for each session; with more sessions than rows, those with the smallest start tags. */
function admitSessions(queue: FairQueueState, sessions: readonly SessionWork[], maxRows: number) {
  // As many units as the steps until every session had one.
  const units = Math.ceil(sessions.length / maxRows);
  const round = startRound(queue, sessions, (weight) => units / weight);
  if (sessions.length <= maxRows) {
    for (let flow = 0; flow < sessions.length; flow++) round.serve(flow, 1);
    return { admitted: sessions, queue: round.finish(noFlow) };
  }
  const admitted = new Set(round.first(maxRows));
  for (const flow of admitted) round.serve(flow, 1);
  return {
    admitted: sessions.filter((_, flow) => admitted.has(flow)),
    queue: round.finish((flow) => !admitted.has(flow)),
  };
}
