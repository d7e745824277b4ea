// What goes into the edge's next engine step: one row for each decoding session, then drafts where they pay, shared by
// virtual time, and one chunk of a prompt. Pure; it knows no engine, clock or socket.

import { emptyLedger, type Ledger, startRound } from './schedule-step-ledger.ts';
import { bestDraftCount, chainChances, leastChance } from './schedule-step-worth.ts';
import { type StepTimeModel, stepMs } from './step-time.ts';

/** One session as the scheduler sees it. */
export interface SessionWork {
  readonly id: number;
  /** Compute share z: relative, above 0. */
  readonly share: number;
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
  readonly rows: Ledger;
  readonly drafts: Ledger;
  readonly prefill: Ledger;
}

export interface StepPlan {
  /** At most one per session; decoding ones in the order given, then the chunk. Empty if there is nothing to do. */
  readonly items: readonly StepItem[];
  readonly state: ScheduleState;
  /** Tokens that the step is expected to commit. */
  readonly expectedTokens: number;
  readonly expectedMs: number;
}

export const freshSchedule: ScheduleState = { rows: emptyLedger, drafts: emptyLedger, prefill: emptyLedger };

/** A chunk is never cut below this, however dear tokens are: a prompt must come to an end. */
const minPrefillChunk = 8;

export function scheduleStep(
  state: ScheduleState,
  sessions: readonly SessionWork[],
  limits: StepLimits,
  model: StepTimeModel,
): StepPlan {
  const decoding = admitSessions(state.rows, sessions.filter(isDecoding), limits.maxRows);
  const drafted = admitDrafts(state.drafts, decoding.admitted, limits, model);
  const decodeItems = decoding.admitted.map(({ id }): StepItem => {
    return { id, kind: 'decode', drafts: drafted.counts.get(id) ?? 0 };
  });
  const decodeRows = decodeItems.length + drafted.rowCount;
  const prefilling = sessions.filter((session) => !isDecoding(session));
  const prompt = admitPrompt(state.prefill, prefilling, decodeRows, limits, model);
  return {
    items: [...decodeItems, ...prompt.items],
    state: { rows: decoding.ledger, drafts: drafted.ledger, prefill: prompt.ledger },
    expectedTokens: decodeItems.length + drafted.expectedTokens,
    expectedMs: stepMs(model, decodeRows + prompt.tokenCount),
  };
}

function isDecoding(session: SessionWork): boolean {
  return session.prefillTokens === 0;
}

function sharesOf(sessions: readonly SessionWork[]): Map<number, number> {
  return new Map(sessions.map(({ id, share }) => [id, share]));
}

/** Everybody's one mandatory row; with more sessions than rows, those that had the least of them for their share. */
function admitSessions(ledger: Ledger, sessions: readonly SessionWork[], maxRows: number) {
  const round = startRound(ledger, sharesOf(sessions), Math.ceil(sessions.length / maxRows));
  const left = new Set(sessions.map(({ id }) => id));
  for (const id of round.first(left, maxRows)) {
    round.charge(id, 1);
    left.delete(id);
  }
  return { admitted: sessions.filter(({ id }) => !left.has(id)), ledger: round.finish(left) };
}

/** Drafts that pay, one row after the other to the lowest virtual time, as long as tokens per millisecond rise. */
function admitDrafts(ledger: Ledger, decoding: readonly SessionWork[], limits: StepLimits, model: StepTimeModel) {
  const chains = worthyChains(decoding, model);
  const freeRows = Math.max(0, Math.min(limits.maxRows, limits.usefulRows) - decoding.length);
  const order = orderRows(ledger, decoding, chains, freeRows);
  const rowCount = bestDraftCount(
    order.map(({ chance }) => chance),
    decoding.length,
    model,
  );
  const round = startRound(ledger, sharesOf(decoding.filter(({ id }) => chains.has(id))));
  const counts = new Map<number, number>();
  let expectedTokens = 0;
  for (const { id, chance } of order.slice(0, rowCount)) {
    round.charge(id, 1);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    expectedTokens += chance;
  }
  const waiting = [...chains].filter(([id, chances]) => (counts.get(id) ?? 0) < chances.length).map(([id]) => id);
  return { counts, rowCount, expectedTokens, ledger: round.finish(new Set(waiting)) };
}

/** For each session the chances of the drafts that the best step without a row limit would hold. */
function worthyChains(decoding: readonly SessionWork[], model: StepTimeModel): Map<number, readonly number[]> {
  const chains = new Map<number, readonly number[]>();
  for (const { id, drafts, acceptance, confidences } of decoding) {
    chains.set(id, chainChances(drafts, acceptance, confidences));
  }
  const least = leastChance([...chains.values()].flat(), decoding.length, model);
  for (const [id, chances] of chains) {
    const worthy = chances.filter((chance) => chance >= least);
    if (worthy.length > 0) chains.set(id, worthy);
    else chains.delete(id);
  }
  return chains;
}

function orderRows(
  ledger: Ledger,
  decoding: readonly SessionWork[],
  chains: ReadonlyMap<number, readonly number[]>,
  freeRows: number,
): { id: number; chance: number }[] {
  const round = startRound(ledger, sharesOf(decoding.filter(({ id }) => chains.has(id))));
  const taken = new Map([...chains.keys()].map((id) => [id, 0]));
  const order: { id: number; chance: number }[] = [];
  while (order.length < freeRows) {
    const id = round.next(taken.keys());
    if (id === undefined) break;
    const index = taken.get(id) ?? 0;
    const chance = chains.get(id)?.[index];
    if (chance === undefined) {
      taken.delete(id);
      continue;
    }
    order.push({ id, chance });
    round.charge(id, 1);
    taken.set(id, index + 1);
  }
  return order;
}

/** One session's next chunk, in turn; sized so that who decodes waits at most about twice as long for this step. */
function admitPrompt(
  ledger: Ledger,
  prefilling: readonly SessionWork[],
  decodeRows: number,
  limits: StepLimits,
  model: StepTimeModel,
) {
  const round = startRound(ledger, sharesOf(prefilling));
  const ids = prefilling.map(({ id }) => id);
  const chosen = prefilling.find(({ id }) => id === round.next(ids));
  const items: StepItem[] = [];
  let tokenCount = 0;
  if (chosen !== undefined) {
    tokenCount = chunkTokens(chosen.prefillTokens, affordableTokens(decodeRows, limits.prefillChunk, model), limits);
    round.charge(chosen.id, tokenCount);
    items.push({ id: chosen.id, kind: 'prefill', tokens: tokenCount });
  }
  const done = tokenCount === chosen?.prefillTokens ? chosen.id : undefined;
  return { items, tokenCount, ledger: round.finish(new Set(ids.filter((id) => id !== done))) };
}

function affordableTokens(decodeRows: number, prefillChunk: number, model: StepTimeModel): number {
  if (decodeRows === 0) return prefillChunk;
  const budgetMs = 2 * stepMs(model, decodeRows);
  let tokens = Math.min(minPrefillChunk, prefillChunk);
  while (tokens < prefillChunk && stepMs(model, decodeRows + tokens + 1) <= budgetMs) tokens++;
  return tokens;
}

/** A lone token is the one shape whose rounding may differ in an engine, so none is left over where that can be. */
function chunkTokens(wanted: number, affordable: number, limits: StepLimits): number {
  const tokens = Math.min(wanted, affordable);
  if (wanted - tokens !== 1) return tokens;
  if (tokens < limits.prefillChunk) return tokens + 1;
  return tokens > 2 ? tokens - 1 : tokens;
}
