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
  const prefilling = sessions.filter((session) => !isDecoding(session));
  const wanting = prefilling.length === 0 ? sessions : sessions.filter(isDecoding);
  const decoding = admitSessions(state.rows, wanting, limits.maxRows);
  const drafted = admitDrafts(state.drafts, decoding.admitted, limits, model);
  const items: StepItem[] = decoding.admitted.map(({ id }) => {
    return { id, kind: 'decode', drafts: drafted.counts?.get(id) ?? 0 };
  });
  const decodeRows = items.length + drafted.rowCount;
  const prompt = admitPrompt(state.prefill, prefilling, decodeRows, limits, model);
  const expectedTokens = items.length + drafted.expectedTokens;
  if (prompt.item !== undefined) items.push(prompt.item);
  return {
    items,
    state: { rows: decoding.ledger, drafts: drafted.ledger, prefill: prompt.ledger },
    expectedTokens,
    expectedMs: stepMs(model, decodeRows + (prompt.item?.tokens ?? 0)),
  };
}

function isDecoding(session: SessionWork): boolean {
  return session.prefillTokens === 0;
}

const nobody = (): boolean => false;

/** Everybody's one mandatory row; with more sessions than rows, those that had the least of them for their share. */
function admitSessions(ledger: Ledger, sessions: readonly SessionWork[], maxRows: number) {
  const round = startRound(ledger, sessions, Math.ceil(sessions.length / maxRows));
  if (sessions.length <= maxRows) {
    for (let place = 0; place < sessions.length; place++) round.charge(place, 1);
    return { admitted: sessions, ledger: round.finish(nobody) };
  }
  const admitted = new Set(round.first(maxRows));
  for (const place of admitted) round.charge(place, 1);
  return {
    admitted: sessions.filter((_, place) => admitted.has(place)),
    ledger: round.finish((place) => !admitted.has(place)),
  };
}

/** A session with drafts, and the chances of those that the best step without a row limit would hold. */
interface DraftClaim {
  readonly id: number;
  readonly share: number;
  readonly chances: readonly number[];
}

/** Drafts that pay, one row after the other to the lowest virtual time, as long as tokens per millisecond rise. */
function admitDrafts(ledger: Ledger, decoding: readonly SessionWork[], limits: StepLimits, model: StepTimeModel) {
  const claims = worthyClaims(decoding, model);
  if (claims.length === 0) {
    return { counts: undefined, rowCount: 0, expectedTokens: 0, ledger: startRound(ledger, claims).finish(nobody) };
  }
  const freeRows = Math.max(0, Math.min(limits.maxRows, limits.usefulRows) - decoding.length);
  const order = orderRows(ledger, claims, freeRows);
  const rowCount = bestDraftCount(
    order.map(({ chance }) => chance),
    decoding.length,
    model,
  );
  const round = startRound(ledger, claims);
  const taken = claims.map(() => 0);
  let expectedTokens = 0;
  for (const { place, chance } of order.slice(0, rowCount)) {
    round.charge(place, 1);
    taken[place] = (taken[place] as number) + 1;
    expectedTokens += chance;
  }
  const wantsMore = (place: number): boolean => (taken[place] as number) < (claims[place] as DraftClaim).chances.length;
  const counts = new Map(claims.map(({ id }, place) => [id, taken[place] as number]));
  return { counts, rowCount, expectedTokens, ledger: round.finish(wantsMore) };
}

function worthyClaims(decoding: readonly SessionWork[], model: StepTimeModel): readonly DraftClaim[] {
  const claims: DraftClaim[] = [];
  for (const { id, share, drafts, acceptance, confidences } of decoding) {
    if (drafts > 0) claims.push({ id, share, chances: chainChances(drafts, acceptance, confidences) });
  }
  if (claims.length === 0) return claims;
  const least = leastChance(
    claims.flatMap(({ chances }) => chances),
    decoding.length,
    model,
  );
  return claims
    .map(({ id, share, chances }) => ({ id, share, chances: chances.filter((chance) => chance >= least) }))
    .filter(({ chances }) => chances.length > 0);
}

function orderRows(
  ledger: Ledger,
  claims: readonly DraftClaim[],
  freeRows: number,
): { readonly place: number; readonly chance: number }[] {
  const round = startRound(ledger, claims);
  const taken = claims.map(() => 0);
  const hasMore = (place: number): boolean => (taken[place] as number) < (claims[place] as DraftClaim).chances.length;
  const order: { place: number; chance: number }[] = [];
  while (order.length < freeRows) {
    const place = round.next(hasMore);
    if (place < 0) break;
    const index = taken[place] as number;
    order.push({ place, chance: (claims[place] as DraftClaim).chances[index] as number });
    round.charge(place, 1);
    taken[place] = index + 1;
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
  const round = startRound(ledger, prefilling);
  const place = round.next(() => true);
  const chosen = prefilling[place];
  if (chosen === undefined) return { item: undefined, ledger: round.finish(nobody) };
  const tokens = chunkTokens(chosen.prefillTokens, affordableTokens(decodeRows, limits.prefillChunk, model), limits);
  round.charge(place, tokens);
  const isDone = tokens === chosen.prefillTokens;
  const item = { id: chosen.id, kind: 'prefill', tokens } as const;
  return { item, ledger: round.finish((other) => !isDone || other !== place) };
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
