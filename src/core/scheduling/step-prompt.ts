// Chooses the chunk of a prompt for a step: the session, and the chunk's length, such that decoding sessions do not wait long and
// the engine does not compute padding. Pure.

import { engineRows, type ShapeLaw } from '../decoding/shape-law.ts';
import { type FairQueueState, startRound } from './fair-queue.ts';
import { chunkOverDecoding } from './prompt-pace.ts';
import { batchMs, type StepTimeModel, stepMs } from './step-time.ts';

/** A session with a prompt to evaluate, as in SessionWork. */
export interface PromptingSession {
  readonly id: number;
  readonly weight: number;
  readonly prefillTokens: number;
  /** What a token of it took last, ms, where that was measured: then it pays for its chunks afterwards. */
  readonly tokenMs?: number | undefined;
  /** It gets no chunk in this step, and keeps its turn. */
  readonly isHeldBack?: boolean;
}

export interface AdmittedPrompt {
  readonly item?: { readonly id: number; readonly kind: 'prefill'; readonly tokens: number };
  readonly queue: FairQueueState;
}

export interface ChunkLimits {
  readonly mostTokens: number;
  /** A chunk is never cut below this, however expensive tokens are: a prompt must finish. */
  readonly leastTokens: number;
  /** Time of a chunk without decoding sessions, ms; absent: any. */
  readonly aloneMs?: number | undefined;
}

/**
 * The next chunk of one session. Before its tokens were measured, it is sized so that the step takes at most twice as long; then by its
 * measured time, which prompt-pace.ts lets it pay back.
 * @param decodeRows the rows of each other item of the step
 */
export function admitPrompt(
  queue: FairQueueState,
  prefilling: readonly PromptingSession[],
  decodeRows: readonly number[],
  limits: ChunkLimits,
  model: StepTimeModel,
): AdmittedPrompt {
  const round = startRound(queue, prefilling);
  const isHeldBack = (flow: number): boolean => prefilling[flow]?.isHeldBack === true;
  const flow = round.next((other) => !isHeldBack(other));
  const chosen = prefilling[flow];
  if (chosen === undefined) return { queue: round.finish(isHeldBack) };
  const { tokenMs = 0 } = chosen;
  const affordable =
    tokenMs > 0 ? measuredTokens(tokenMs, decodeRows, limits, model) : affordableTokens(decodeRows, limits, model);
  const tokens = chunkTokens(chosen.prefillTokens, affordable, limits.mostTokens, model.law);
  round.serve(flow, tokens);
  const isDone = tokens === chosen.prefillTokens;
  const item = { id: chosen.id, kind: 'prefill', tokens } as const;
  return { item, queue: round.finish((other) => !isDone || other !== flow) };
}

/** The most tokens, up to `tokens`, that need no padding; all of them if every number needs padding. */
export function unpaddedTokens(law: ShapeLaw, tokens: number): number {
  for (let count = tokens; count > 0; count -= 1) if (engineRows(law, count) === count) return count;
  return tokens;
}

function affordableTokens(decodeRows: readonly number[], limits: ChunkLimits, model: StepTimeModel): number {
  const { mostTokens, leastTokens, aloneMs = Number.POSITIVE_INFINITY } = limits;
  const { law } = model;
  const msWith = timesWithChunk(decodeRows, model);
  const budgetMs = decodeRows.length === 0 ? aloneMs : 2 * msWith(0);
  if (budgetMs === Number.POSITIVE_INFINITY) return mostTokens;
  let tokens = Math.min(engineRows(law, leastTokens), mostTokens);
  for (;;) {
    const next = engineRows(law, tokens + 1);
    if (next > mostTokens || !(msWith(next) <= budgetMs)) return tokens;
    tokens = next;
  }
}

/**
 * The tokens that by their measured time take {@link chunkOverDecoding} times as long as the decode rows; without decoding sessions, those
 * that take the given time, and at most twice that of a whole chunk of a short text.
 */
function measuredTokens(
  tokenMs: number,
  decodeRows: readonly number[],
  { mostTokens, leastTokens, aloneMs = Number.POSITIVE_INFINITY }: ChunkLimits,
  model: StepTimeModel,
): number {
  const budgetMs =
    decodeRows.length === 0
      ? Math.min(aloneMs, 2 * stepMs(model, mostTokens))
      : chunkOverDecoding * timesWithChunk(decodeRows, model)(0);
  const tokens = Math.max(engineRows(model.law, leastTokens), Math.floor(budgetMs / tokenMs));
  return Math.min(tokens, mostTokens);
}

/** The time of the step with a chunk of this many tokens. */
function timesWithChunk(decodeRows: readonly number[], model: StepTimeModel): (tokens: number) => number {
  if (!model.goesByRows) return (tokens) => batchMs(model, tokens === 0 ? decodeRows : [...decodeRows, tokens]);
  const rows = decodeRows.reduce((sum, one) => sum + one, 0);
  return (tokens) => stepMs(model, rows + tokens);
}

/** A chunk before the end of the prompt is cut so that nothing is padded. */
function chunkTokens(wanted: number, affordable: number, prefillChunk: number, law: ShapeLaw): number {
  if (wanted <= affordable) return wanted;
  const tokens = unpaddedTokens(law, affordable);
  const rest = wanted - tokens;
  const least = leastRest(law);
  if (rest >= least) return tokens;
  if (wanted <= prefillChunk) return wanted;
  const fewer = tokens - (least - rest);
  return fewer >= least ? fewer : tokens;
}

/**
 * The least number of tokens that a chunk should leave over. Where calls have a least size, fewer would be padded; where rows come
 * in multiples, the end is padded in any case. One single token is not worth a step.
 */
function leastRest({ multiple, least }: ShapeLaw): number {
  return multiple > 1 ? 1 : Math.max(2, least);
}
