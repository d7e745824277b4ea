// What goes into the edge's next engine step: one row for each decoding session, then drafts where they pay, shared by
// virtual time, and one chunk of a prompt. Pure; it knows no engine, clock or socket.

import { emptyFairQueue, type FairQueueState, startRound } from './fair-queue.ts';
import { admitDrafts } from './step-drafts.ts';
import { admitPrompt } from './step-prompt.ts';
import { batchMs, type StepTimeModel } from './step-time.ts';

/** One session as the scheduler sees it. */
export interface SessionWork {
  readonly id: number;
  /** Compute weight z: relative, above 0. */
  readonly weight: number;
  /** Tokens to evaluate before the last committed one; above 0 means that the session is not decoding yet. */
  readonly prefillTokens: number;
  /** Drafts at hand, in chain order. */
  readonly drafts: number;
  /** Estimated chance that a draft holds, given that those before it do. */
  readonly acceptance: number;
  /** The same for each draft, where it is known; must be calibrated by the caller. */
  readonly confidences?: readonly number[];
}

export interface StepLimits {
  /** Rows of all decoding sessions together that the engine takes. */
  readonly maxRows: number;
  /** Beyond this many rows no drafts are added; mandatory rows still are. */
  readonly usefulRows: number;
  /** Largest chunk of a prompt, in tokens, on top of the rows (63 where shapes must stay exact). */
  readonly prefillChunk: number;
}

export type StepItem =
  | { readonly id: number; readonly kind: 'prefill'; readonly tokens: number }
  | { readonly id: number; readonly kind: 'decode'; readonly drafts: number };

/** What was served so far: mandatory rows, draft rows, prompt tokens, each on its own account. */
export interface ScheduleState {
  readonly rows: FairQueueState;
  readonly drafts: FairQueueState;
  readonly prefill: FairQueueState;
}

export interface StepPlan {
  /** At most one per session; decoding ones in the order given, then the chunk. Empty if there is nothing to do. */
  readonly items: readonly StepItem[];
  readonly state: ScheduleState;
  /** Tokens that the step is expected to commit. */
  readonly expectedTokens: number;
  readonly expectedMs: number;
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
  const decoding = admitSessions(state.rows, wanting, limits.maxRows);
  const { maxRows, usefulRows, prefillChunk } = limits;
  const drafted = admitDrafts(state.drafts, decoding.admitted, Math.min(maxRows, usefulRows), model);
  const items: StepItem[] = [];
  const itemRows: number[] = [];
  for (const { id } of decoding.admitted) {
    const drafts = drafted.counts.get(id) ?? 0;
    items.push({ id, kind: 'decode', drafts });
    itemRows.push(drafts + 1);
  }
  const expectedTokens = items.length + drafted.expectedTokens;
  const prompt = admitPrompt(state.prefill, prefilling, itemRows, prefillChunk, model);
  if (prompt.item !== undefined) {
    items.push(prompt.item);
    itemRows.push(prompt.item.tokens);
  }
  return {
    items,
    state: { rows: decoding.queue, drafts: drafted.queue, prefill: prompt.queue },
    expectedTokens,
    expectedMs: batchMs(model, itemRows),
  };
}

function isDecoding(session: SessionWork): boolean {
  return session.prefillTokens === 0;
}

const nobody = (): boolean => false;

/** Everybody's one mandatory row; with more sessions than rows, those that had the least of them for their weight. */
function admitSessions(queue: FairQueueState, sessions: readonly SessionWork[], maxRows: number) {
  const round = startRound(queue, sessions, Math.ceil(sessions.length / maxRows));
  if (sessions.length <= maxRows) {
    for (let flow = 0; flow < sessions.length; flow++) round.serve(flow, 1);
    return { admitted: sessions, queue: round.finish(nobody) };
  }
  const admitted = new Set(round.first(maxRows));
  for (const flow of admitted) round.serve(flow, 1);
  return {
    admitted: sessions.filter((_, flow) => admitted.has(flow)),
    queue: round.finish((flow) => !admitted.has(flow)),
  };
}
