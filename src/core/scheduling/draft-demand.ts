// Which drafts the sessions ask rows for: those that are worth them if the step has room for all, and those that a session needs to keep its
// target. step-drafts.ts and share-rows.ts divide the rows. Pure.

import { chainChances, type WorthyDrafts, worthyPrefixes } from './draft-value.ts';
import { dueDrafts, GrowingStep, type PacedChain } from './due-drafts.ts';
import { worthyCounts } from './step-groups.ts';
import type { StepTimeModel } from './step-time.ts';
import type { TargetPace } from './target-pace.ts';

/** A decoding session and its drafts, as in SessionWork. */
export interface DraftingSession {
  readonly id: number;
  readonly weight: number;
  readonly drafts: number;
  readonly acceptance: number;
  readonly confidences?: readonly number[];
  readonly target?: TargetPace | undefined;
}

/** A session that asks for draft rows. */
export interface DraftFlow {
  readonly id: number;
  readonly weight: number;
  /** Chances of the drafts that it asks rows for. */
  readonly chances: readonly number[];
  /** The first drafts, which it needs to be on time: they are taken whatever they are worth. */
  readonly due: number;
  /** The first drafts, which are in every best step; the others are as good as one another. */
  readonly sure: number;
}

/** The sessions that ask for draft rows, in the given order. */
export function draftFlows(decoding: readonly DraftingSession[], model: StepTimeModel): readonly DraftFlow[] {
  const chains = decoding.map(({ drafts, acceptance, confidences }) => chainChances(drafts, acceptance, confidences));
  if (chains.every((chances) => chances.length === 0)) return [];
  const worthy = (model.goesByRows ? worthyPrefixes : worthyCounts)(chains, decoding.length, model);
  const hasTargets = decoding.some(({ target }) => target !== undefined);
  const counts = hasTargets ? countsByTarget(decoding, chains, worthy, model) : null;
  return decoding.flatMap(({ id, weight }, session) => {
    const { most, sure } = worthy[session] as WorthyDrafts;
    const due = counts?.due[session] ?? 0;
    const chances = (chains[session] as readonly number[]).slice(0, counts?.most[session] ?? most);
    return chances.length === 0 ? [] : [{ id, weight, chances, due, sure }];
  });
}

interface CountsByTarget {
  readonly due: readonly number[];
  readonly most: readonly number[];
}

/**
 * What is left goes by worth; but a session with a target gets no further row by which it, or another one, becomes late. Sessions without a
 * target are not held back.
 */
function countsByTarget(
  decoding: readonly DraftingSession[],
  chains: readonly (readonly number[])[],
  worthy: readonly WorthyDrafts[],
  model: StepTimeModel,
): CountsByTarget {
  const sessions = decoding.map(({ target }, session): PacedChain => {
    return { target, chances: chains[session] as readonly number[], worthy: (worthy[session] as WorthyDrafts).most };
  });
  const { counts, longestMs } = dueDrafts(sessions, model);
  const due = counts.map((count, session) => (sessions[session]?.target === undefined ? 0 : count));
  const left = sessions.flatMap(({ chances, worthy: until }, session) => {
    const from = counts[session] as number;
    return chances.slice(from, until).map((chance) => ({ session, chance }));
  });
  left.sort((one, other) => other.chance - one.chance);
  const step = new GrowingStep(counts, model);
  for (const { session } of left) step.add(session, Math.max(step.ms, longestMs));
  return { due, most: step.counts };
}
