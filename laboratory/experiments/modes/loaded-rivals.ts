// Rivals that draft on an edge with many sessions: all sessions share each step of the target and each level of the draft model or head. Played round
// by round, at the best setting for the load. It knows nothing of the machines of our modes.

import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { type DraftTree, followTree, rankChances } from './draft-tree.ts';
import { candidateTrees, headLevelMs, jittered, rankAtRandom } from './emulated-rivals.ts';
import type { StepLaw } from './metrics.ts';
import { edgeDraftMs } from './virtual-cell.ts';

/**
 * `edge-sd` drafts a chain, `edge-tree` a tree with the same model, `edge-head` a tree with an EAGLE-like head, `edge-psd` a
 * chain while the target runs (PEARL), on an accelerator of its own that costs nothing.
 */
export const loadedRivals = ['edge-sd', 'edge-psd', 'edge-tree', 'edge-head'] as const;
export type LoadedRival = (typeof loadedRivals)[number];

export interface LoadedRivalSettings {
  readonly rival: LoadedRival;
  readonly sessionCount: number;
  readonly acceptance: number;
  readonly step: StepLaw;
  readonly timeJitter: number;
  readonly tokens: number;
  readonly seeds: readonly number[];
}

export interface LoadedRivalResult {
  /** By seed: the time per token of a session, mean over sessions. */
  readonly msPerToken: readonly number[];
  readonly tree: DraftTree;
}

/**
 * A level of a draft model for n rows: its time for one row, with the same shares of fixed time and time for each row as a step of the target. So a
 * draft model with an eighth of the time of the target has an eighth of its cost of rows.
 */
export function levelLaw(levelMs: number, { fixedMs, perRowMs }: StepLaw): StepLaw {
  const share = levelMs / (fixedMs + perRowMs);
  return { fixedMs: fixedMs * share, perRowMs: perRowMs * share };
}

const finalistCount = 3;
const trialTokens = 60;
const rankStream = 8;
const timeStream = 9;

/** The rival at its best number of drafts, none included, or its best tree. */
export function measureLoadedRival(settings: LoadedRivalSettings): LoadedRivalResult {
  const { rival, acceptance, seeds } = settings;
  const chances = rankChances(acceptance);
  const hasTrees = rival === 'edge-tree' || rival === 'edge-head';
  const trees = candidateTrees(chances).filter(({ widths }) => hasTrees || widths.every((width) => width === 1));
  const [trialSeed] = seeds;
  const ranked = trees
    .map((tree) => ({ tree, cost: playLoaded(settings, tree, trialTokens, trialSeed as number) }))
    .toSorted((one, other) => one.cost - other.cost);
  const [best] = ranked
    .slice(0, finalistCount)
    .map(({ tree }) => ({ tree, msPerToken: seeds.map((seed) => playLoaded(settings, tree, settings.tokens, seed)) }))
    .toSorted((one, other) => mean(one.msPerToken) - mean(other.msPerToken));
  return best as LoadedRivalResult;
}

/** @returns time per token of a session, mean over sessions */
export function playLoaded(settings: LoadedRivalSettings, tree: DraftTree, tokens: number, seed: number): number {
  const rankOf = rankAtRandom(rankChances(settings.acceptance), createRandom(seed, rankStream));
  const written = new Array<number>(settings.sessionCount).fill(0);
  const sessions = written.map(
    (_, index): RoundSession => ({
      rankAt: rankOf,
      wrote: (count) => {
        written[index] = (written[index] as number) + count;
      },
    }),
  );
  const isOver = (): boolean => Math.min(...written) >= tokens;
  const { nowMs } = playRounds(settings, tree, sessions, createRandom(seed, timeStream), isOver);
  return mean(written.map((count) => nowMs / count));
}

/** A session of a rival. */
export interface RoundSession {
  /**
   * Rank of the target's own token among the draft's choices, this many tokens after the text. In a round it is asked for growing offsets,
   * for each once.
   */
  rankAt(offset: number): number;
  /** A round has added so many tokens, and ended at this time. */
  wrote(tokens: number, atMs: number): void;
}

export type RoundSettings = Pick<LoadedRivalSettings, 'rival' | 'step' | 'timeJitter'> & {
  /** Time of a level of the draft for one row, ms. Default: that of {@link edgeDraftMs}, or of the head. */
  readonly levelMs?: number;
};

/** Plays rounds until it is over: all sessions share each step of the target and each level of the draft. The edge is never idle. */
export function playRounds(
  settings: RoundSettings,
  tree: DraftTree,
  sessions: readonly RoundSession[],
  times: Random,
  isOver: () => boolean,
): { readonly nowMs: number } {
  const { rival, step, timeJitter } = settings;
  const level = levelLaw(settings.levelMs ?? (rival === 'edge-head' ? headLevelMs : edgeDraftMs), step);
  const costOf = ({ fixedMs, perRowMs }: StepLaw, rows: number): number =>
    rows === 0 ? 0 : jittered(fixedMs + perRowMs * rows, times, timeJitter);
  // A level is drafted from the nodes of the level before it.
  const draftingMs = (): number =>
    tree.widths.reduce((sum, _, index) => sum + costOf(level, sessions.length * (tree.widths[index - 1] ?? 1)), 0);
  /** PEARL only: whether the session's last window is to be verified; otherwise the target writes one token while the window is drafted. */
  const hasWindow = new Array<boolean>(sessions.length).fill(false);
  const isParallel = rival === 'edge-psd';
  let nowMs = 0;
  while (!isOver()) {
    const rows = isParallel
      ? hasWindow.reduce((sum, holds) => sum + (holds ? Math.max(1, tree.nodeCount) : 1), 0)
      : sessions.length * (tree.nodeCount + 1);
    const [draftMs, stepMs] = [draftingMs(), costOf(step, rows)];
    nowMs += isParallel ? Math.max(draftMs, stepMs) : draftMs + stepMs;
    for (const [index, session] of sessions.entries()) {
      const rankAt = (offset: number): number => session.rankAt(offset);
      if (isParallel) {
        const { tokens: gained, isWhole } = pearlRound(hasWindow[index] === true, tree.nodeCount, rankAt);
        hasWindow[index] = isWhole && tree.nodeCount > 0;
        session.wrote(gained, nowMs);
      } else session.wrote(followTree(tree, rankAt).accepted + 1, nowMs);
    }
  }
  return { nowMs };
}

/**
 * Pre-verify: one token, which the first draft is compared with. Post-verify: as many drafts are verified as are made, the rest of the last window
 * and the first of the next.
 */
function pearlRound(hasWindow: boolean, gamma: number, rankAt: (offset: number) => number) {
  if (!hasWindow) return { tokens: 1, isWhole: rankAt(0) === 0 };
  let accepted = 0;
  while (accepted < gamma && rankAt(accepted) === 0) accepted++;
  return { tokens: accepted + (accepted < gamma ? 1 : 0), isWhole: accepted === gamma };
}
