// Hedges of an edge's own draft model: while a step of the target runs, a pass of the draft model also continues from runner-ups, and where
// the target's own choice is one of them, the next step has those drafts at once. Nothing of it crosses the network. Pure.

import type { AlternativeOrder } from '../../decoding/alternative.ts';
import type { DraftMade } from '../wire/draft-order.ts';
import { type DraftHedges, extendAlternatives, likeliestAlternatives } from '../wire/hedged-drafts.ts';
import { type EdgeDrafts, type EdgeState, expectedAcceptance } from './edge-state.ts';

/** A request to the edge's draft model: the token after the text and these drafts. */
export interface EdgeDraftOrder {
  /** Length of the text. */
  readonly length: number;
  readonly tokens: readonly number[];
  /** To be extended in the same pass; a drafter may leave out any of them. */
  readonly alternatives: readonly AlternativeOrder[];
  /** What is known of `tokens`: of a draft of the device the expected acceptance, and no runner-up. Null: this edge does not hedge. */
  readonly known: DraftHedges | null;
}

export interface EdgeHedgeRule {
  readonly most: number;
  /** As in `HedgeRule`. */
  readonly minChance: number;
  readonly minStart: number;
  readonly endIds: ReadonlySet<number>;
}

/**
 * @param tokens of the chain that the draft continues
 * @param rule null: this edge does not hedge
 * @returns also the chance that the text has one of the alternatives, up to the token that the pass adds to it
 */
export function orderEdgeDraft(
  state: EdgeState,
  tokens: readonly number[],
  rule: EdgeHedgeRule | null,
): { readonly order: EdgeDraftOrder; readonly hedgeChance: number } {
  const { length } = state.text;
  if (rule === null) return { order: { length, tokens, alternatives: [], known: null }, hedgeChance: 0 };
  const known = knownOf(state, tokens);
  const { open, rules, runnerUpRates: rates } = state;
  const end = Math.min(rules.contextLength, open.prompt.length + open.maxAnswerTokens);
  const chosen = likeliestAlternatives({ length, ...known }, { ...rule, rates, end });
  const count = Math.max(0, ...known.alternatives.map(({ id }) => id));
  const named = chosen.map(({ alternative: one }, index) => (one.id === 0 ? { ...one, id: count + index + 1 } : one));
  const fresh = named.filter(({ id }) => id > count);
  const alternatives = named.map(({ id, position, tokens: own }) => ({ id, position, tokens: own }));
  const hedgeChance = chosen.reduce((sum, { chance }) => sum + chance, 0);
  const kept = { ...known, alternatives: [...known.alternatives, ...fresh] };
  return { order: { length, tokens, alternatives, known: kept }, hedgeChance };
}

/** What is known of these drafts: of those that are the edge's own, and stand beside the same text. */
function knownOf(state: EdgeState, tokens: readonly number[]): DraftHedges {
  const { edgeDrafts: own, text } = state;
  const acceptance = expectedAcceptance(state);
  const hedged = own?.length === text.length ? own.hedged : undefined;
  let shared = 0;
  if (hedged !== undefined) while (shared < tokens.length && own?.tokens[shared] === tokens[shared]) shared += 1;
  const alternatives = hedged?.alternatives ?? [];
  return {
    confidences: tokens.map((_, index) => (index < shared ? hedged?.confidences[index] : undefined) ?? acceptance),
    runnerUps: tokens.map((_, index) => (index < shared ? hedged?.runnerUps[index] : undefined) ?? null),
    alternatives: alternatives.filter(({ position }) => position < text.length + shared),
  };
}

/** The drafts of the order with what the pass has added. @param made null: the draft model has no proposal */
export function extendEdgeDrafts(
  { length, tokens, known }: EdgeDraftOrder,
  made: DraftMade | null,
  endIds: ReadonlySet<number>,
): EdgeDrafts {
  const drafts =
    made === null
      ? { length, tokens, isComplete: true }
      : { length, tokens: [...tokens, made.token], isComplete: endIds.has(made.token) };
  if (known === null) return drafts;
  if (made === null) return { ...drafts, hedged: known };
  let { alternatives } = known;
  for (const one of made.alternatives ?? []) alternatives = extendAlternatives(alternatives, one);
  const hedged = {
    confidences: [...known.confidences, made.confidence],
    runnerUps: [...known.runnerUps, made.runnerUp ?? null],
    alternatives,
  };
  return { ...drafts, hedged };
}
