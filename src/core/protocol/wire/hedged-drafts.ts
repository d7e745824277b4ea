// Drafts with alternatives beside them, as a device and an edge with its own draft model keep them: which alternatives a pass of the draft
// model extends, and how the drafts continue from one where the text has it. Pure; docs/internals/protocol.md, "Alternatives".

import type { AlternativeDraft } from '../../decoding/alternative.ts';
import type { RunnerUp } from '../../decoding/runner-up.ts';
import { noteRunnerUp, type RunnerUpRates, runnerUpChance } from '../../decoding/runner-up-chance.ts';
import { limits } from './limits.ts';

/** A second continuation beside a draft, for the case that the text has the runner-up or a later choice there. */
export interface Alternative {
  /** Counts the alternatives of a device's turn, or those beside an edge's drafts, from 1. */
  readonly id: number;
  /** Position of its first token. */
  readonly position: number;
  /** The runner-up, and the tokens that the drafter has put after it. */
  readonly tokens: readonly number[];
  /** The drafter's confidence in each token after the runner-up, and its second choice there. */
  readonly confidences: readonly number[];
  readonly runnerUps: readonly (RunnerUp | null)[];
}

/** What is known of drafts beside their tokens. */
export interface DraftHedges {
  /** For each draft the drafter's confidence, and its second choice; null: not known. */
  readonly confidences: readonly number[];
  readonly runnerUps: readonly (RunnerUp | null)[];
  readonly alternatives: readonly Alternative[];
}

export interface HedgedDrafts extends DraftHedges {
  /** Length of the text that the drafts follow. */
  readonly length: number;
}

/** Which alternatives are extended. */
export interface HedgeRule {
  readonly rates: RunnerUpRates;
  /** Most at once. */
  readonly most: number;
  /** The least chance of one up to its last token, where the drafter has added to it. */
  readonly minChance: number;
  /** The least chance of one that begins. */
  readonly minStart: number;
  /** No token is drafted from this position on. */
  readonly end: number;
  readonly endIds: ReadonlySet<number>;
}

export interface ChosenAlternative {
  readonly alternative: Alternative;
  /** The chance that the text continues as the alternative, up to its last token. */
  readonly chance: number;
}

/** The alternatives that the next draft extends, most likely first. One that is not kept yet has the id 0. */
export function likeliestAlternatives(drafts: HedgedDrafts, rule: HedgeRule): readonly ChosenAlternative[] {
  return candidatesOf(drafts, rule)
    .filter(({ alternative, chance }) => chance >= (isBegun(alternative) ? rule.minChance : rule.minStart))
    .sort((one, other) => other.chance - one.chance || one.alternative.position - other.alternative.position)
    .slice(0, rule.most);
}

/** Whether a pass has added a token to it. */
function isBegun({ tokens }: Pick<Alternative, 'tokens'>): boolean {
  return tokens.length > 1;
}

/** Kept ones, and later choices that have none yet. */
function candidatesOf({ length, confidences, runnerUps, alternatives }: HedgedDrafts, rule: HedgeRule) {
  const found: ChosenAlternative[] = [];
  let reached = 1;
  for (const [index, confidence] of confidences.entries()) {
    const position = length + index;
    for (let choice = runnerUps[index]; choice != null; choice = choice.next) {
      const { token } = choice;
      const kept = alternatives.find((one) => one.position === position && one.tokens[0] === token);
      const alternative = kept ?? { id: 0, position, tokens: [token], confidences: [], runnerUps: [] };
      if (!mayGrow(alternative, rule)) continue;
      const right = alternative.confidences.reduce((product, one) => product * one, 1);
      found.push({ alternative, chance: reached * runnerUpChance(rule.rates, choice.confidence) * right });
    }
    reached *= confidence;
  }
  return found;
}

function mayGrow({ position, tokens }: Alternative, { end, endIds }: HedgeRule): boolean {
  if (tokens.length >= limits.alternativeTokens || position + tokens.length >= end) return false;
  return !endIds.has(tokens.at(-1) as number);
}

/** Adds what a draft has brought for one of them; one that is gone gets nothing. */
export function extendAlternatives(
  alternatives: readonly Alternative[],
  draft: AlternativeDraft,
): readonly Alternative[] {
  const { id, position, token, confidence, runnerUp = null } = draft;
  return alternatives.map((one) => {
    if (one.id !== id || position !== one.position + one.tokens.length) return one;
    const grown = { tokens: [...one.tokens, token], confidences: [...one.confidences, confidence] };
    return { ...one, ...grown, runnerUps: [...one.runnerUps, runnerUp] };
  });
}

/** Forgets the alternatives whose position the text has passed. */
export function passAlternatives(alternatives: readonly Alternative[], textLength: number): readonly Alternative[] {
  return alternatives.some(({ position }) => position < textLength)
    ? alternatives.filter(({ position }) => position >= textLength)
    : alternatives;
}

/** How the drafts continue after a mismatch. */
export interface Continuation {
  /** Null: with nothing. */
  readonly alternative: Alternative | null;
  /** How many tokens after the runner-up the text has already. */
  readonly matched: number;
  readonly tail: readonly number[];
  readonly confidences: readonly number[];
  readonly runnerUps: readonly (RunnerUp | null)[];
}

const nothing: Continuation = { alternative: null, matched: 0, tail: [], confidences: [], runnerUps: [] };

/** The alternative that agrees with the tokens from `position` on, the first of which has refuted the draft there. */
export function continuationAt(
  among: readonly Alternative[],
  position: number,
  committed: readonly number[],
): Continuation {
  const alternative = among.find((one) => one.position === position && one.tokens[0] === committed[0]);
  if (alternative === undefined) return nothing;
  const { tokens, confidences, runnerUps } = alternative;
  const shared = Math.min(tokens.length, committed.length);
  for (let index = 1; index < shared; index += 1) if (tokens[index] !== committed[index]) return nothing;
  const rest = { confidences: confidences.slice(shared - 1), runnerUps: runnerUps.slice(shared - 1) };
  return { alternative, matched: shared - 1, tail: tokens.slice(shared), ...rest };
}

/** Counts in which of the first drafts the text has a later choice: not where it agrees with the draft. @param runnerUps one for each draft */
export function judgeRunnerUps(
  before: RunnerUpRates,
  runnerUps: readonly (RunnerUp | null)[],
  committed: readonly number[],
): RunnerUpRates {
  let rates = before;
  for (let index = 0; index < Math.min(committed.length, runnerUps.length); index += 1) {
    for (let choice = runnerUps[index]; choice != null; choice = choice.next) {
      rates = noteRunnerUp(rates, choice.confidence, choice.token === committed[index]);
    }
  }
  return rates;
}
