// Other methods that are not modes of the protocol, as emulated profiles in virtual time: draft trees need a tree mask in one engine step,
// and a draft head is trained. Each is simulated round by round, with the seeds, the jitter and the text length of the other rows, at its
// best setting. On an edge with many sessions, all share each step of the target and each level of the draft model or head.

import { addCounts, ratiosOf, type SessionCounts, tpotMs } from '../../../simulator/runner/session-metrics.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { quickest } from '../best-draft-length.ts';
import { bestTree, chainTree, type DraftTree, followTree, rankChances } from './draft-tree.ts';
import { type EmulatedRival, type ModeRow, noBytes, type StepLaw, type TimedCell, timedRow } from './metrics.ts';
import { draftMs, edgeDraftMs, timeJitter, type VirtualSettings } from './virtual-cell.ts';

export type RivalCell = TimedCell<EmulatedRival, number>;

/** Time of a level of an EAGLE-like draft head; its acceptance is that of the draft model. */
export const headLevelMs = 1.5;

/** Where a rival drafts, and how long it takes for one level of a tree of any width. */
interface RivalProfile {
  readonly isOnDevice: boolean;
  readonly levelMs: number;
  /**
   * The ways that are tried: whether the next tree is drafted while a tree is verified, from the likeliest leaf and the draft's first
   * choice after it. On the edge neither slows the other down. A head can't: it needs what the target has computed.
   */
  readonly proactive: readonly boolean[];
}

const profiles: Readonly<Record<EmulatedRival, RivalProfile>> = {
  'edge-tree': { isOnDevice: false, levelMs: edgeDraftMs, proactive: [false, true] },
  'edge-head': { isOnDevice: false, levelMs: headLevelMs, proactive: [false] },
  'device-tree': { isOnDevice: true, levelMs: draftMs, proactive: [false] },
  'device-tree-proactive': { isOnDevice: true, levelMs: draftMs, proactive: [true] },
};

/** Trees that a search tries: every number of nodes with every number of levels, and chains. */
const nodeCounts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
const mostLevels = 16;
const searchSeeds = 5;
const finalistCount = 3;
const rankStream = 6;
const timeStream = 7;

/** Tokens that reach the reader together. */
interface Commit {
  readonly atMs: number;
  readonly tokens: number;
}

/** The time of one text, and what it took. */
interface Played {
  readonly counts: SessionCounts;
  readonly firstTokenMs: number;
  readonly firstChoiceShare: number;
}

export function measureRival(cell: RivalCell, settings: VirtualSettings): ModeRow {
  const ways = candidateTrees(rankChances(cell.givenAcceptance)).flatMap((tree) =>
    profiles[cell.mode].proactive.map((isProactive) => ({ tree, isProactive })),
  );
  const play = (way: DraftingWay, seedCount: number): Played[] =>
    Array.from({ length: seedCount }, (_, index) => playText(cell, way, settings.tokens, settings.firstSeed + index));
  const costOf = (runs: readonly Played[]): number => mean(runs.map(({ counts }) => tpotMs(counts)));
  const trialSeeds = settings.triesAllGammas ? settings.seedCount : Math.min(searchSeeds, settings.seedCount);
  const finalists = cheapest(ways, (way) => costOf(play(way, trialSeeds)));
  const measured = finalists.map((way) => ({ way, runs: play(way, settings.seedCount) }));
  const { way, runs } = quickest(measured, ({ runs: own }) => costOf(own));
  return rowOf(cell, way, runs);
}

/** The few ways that are measured with all seeds. */
function cheapest<Way>(ways: readonly Way[], costOf: (way: Way) => number): Way[] {
  const priced = ways.map((way) => ({ way, cost: costOf(way) })).toSorted((one, other) => one.cost - other.cost);
  return priced.slice(0, finalistCount).map(({ way }) => way);
}

/** A tree, and whether the next one is drafted while it is verified. */
interface DraftingWay {
  readonly tree: DraftTree;
  readonly isProactive: boolean;
}

/** Each tree once, the empty one included: then the rival drafts nothing. @param chances by rank */
function candidateTrees(chances: readonly number[]): readonly DraftTree[] {
  const levels = Array.from({ length: mostLevels }, (_, index) => index + 1);
  const all = [
    bestTree(chances, 0, 0),
    ...levels.map((length) => chainTree(chances, length)),
    ...nodeCounts.flatMap((count) => levels.map((level) => bestTree(chances, count, level))),
  ];
  return [...new Map(all.map((tree) => [tree.widths.join(), tree])).values()];
}

/** Plays one text. @param tokens of the text; the last round writes no more than are left */
function playText(cell: RivalCell, { tree, isProactive }: DraftingWay, tokens: number, seed: number): Played {
  const { roundTripMs, step } = cell;
  const { isOnDevice, levelMs } = profiles[cell.mode];
  const ranks = ranksOf(cell.givenAcceptance, tokens, seed);
  const random = createRandom(seed, timeStream);
  const levelCount = tree.widths.length;
  // An edge drafts between its steps; a device sends its tree up and receives the verdict in each round.
  const turnMs = isOnDevice ? roundTripMs : 0;
  let nowMs = isOnDevice ? 0 : roundTripMs / 2;
  let written = 0;
  let aheadLevels = 0;
  let rounds = 0;
  const commits: Commit[] = [];
  while (written < tokens) {
    for (let level = aheadLevels; level < levelCount; level++) nowMs += jittered(levelMs, random);
    const sentMs = nowMs;
    nowMs += turnMs + jittered(step.fixedMs + step.perRowMs * (tree.nodeCount + 1), random);
    const from = written;
    const { node, accepted } = followTree(tree, (offset) => ranks[from + offset] ?? 0);
    written = Math.min(tokens, written + accepted + 1);
    commits.push({ atMs: nowMs + (isOnDevice ? 0 : roundTripMs / 2), tokens: written - from });
    rounds++;
    aheadLevels = 0;
    if (!isProactive) continue;
    const proactive = draftAhead(sentMs, nowMs, levelMs, levelCount, random);
    const isHit = node === tree.likeliestLeaf && ranks[from + accepted] === 0;
    aheadLevels = isHit ? proactive.levels : 0;
    nowMs = proactive.endMs;
  }
  return playedOf(commits, ranks, tree, rounds, tokens);
}

/**
 * One evaluation for the likeliest next token, then levels of the next tree, until the verdict is there. The level in progress is finished:
 * an evaluation cannot be stopped.
 */
function draftAhead(fromMs: number, verdictMs: number, levelMs: number, levelCount: number, random: Random) {
  let endMs = fromMs;
  let levels = -1;
  while (levels < levelCount && endMs < verdictMs) {
    endMs += jittered(levelMs, random);
    levels++;
  }
  return { levels: Math.max(0, levels), endMs: Math.max(endMs, verdictMs) };
}

/** Uniform in its mean * (1 ± share). */
function jittered(meanMs: number, random: Random, share: number = timeJitter): number {
  return meanMs * (1 + share * (2 * random.uniform() - 1));
}

function ranksOf(acceptance: number, tokens: number, seed: number): readonly number[] {
  const rankOf = rankAtRandom(rankChances(acceptance), createRandom(seed, rankStream));
  return Array.from({ length: tokens + mostLevels }, rankOf);
}

/** Draws the rank of the target's token among the draft's choices; the number of ranks where it is none of them. */
function rankAtRandom(chances: readonly number[], random: Random): () => number {
  return () => {
    let left = random.uniform();
    const rank = chances.findIndex((chance) => {
      left -= chance;
      return left < 0;
    });
    return rank === -1 ? chances.length : rank;
  };
}

function playedOf(
  commits: readonly Commit[],
  ranks: readonly number[],
  { nodeCount }: DraftTree,
  rounds: number,
  tokens: number,
): Played {
  const first = commits[0] as Commit;
  const last = commits.at(-1) as Commit;
  const counts: SessionCounts = {
    decodeMs: last.atMs - first.atMs,
    decodedTokens: tokens - first.tokens,
    tokens,
    drafted: nodeCount * rounds,
    edgeDrafted: 0,
    accepted: tokens - rounds,
    steps: rounds,
    rows: (nodeCount + 1) * rounds,
    payloadBytes: 0,
    openingBytes: 0,
    wireBytes: 0,
  };
  return { counts, firstTokenMs: first.atMs, firstChoiceShare: mean(ranks.map((rank) => (rank === 0 ? 1 : 0))) };
}

function rowOf(cell: RivalCell, { tree, isProactive }: DraftingWay, runs: readonly Played[]): ModeRow {
  const tpotsMs = runs.map(({ counts }) => tpotMs(counts));
  return {
    ...timedRow(cell, tpotsMs),
    bestGamma: null,
    bestTree: { nodes: tree.nodeCount, levels: tree.widths.length, isProactive },
    timeToFirstTokenMs: mean(runs.map(({ firstTokenMs }) => firstTokenMs)),
    acceptance: mean(runs.map(({ firstChoiceShare }) => firstChoiceShare)),
    ...ratiosOf(addCounts(runs.map(({ counts }) => counts))),
    // Nothing is encoded.
    ...noBytes,
  };
}

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
 * A level of a draft model for n rows: its time for one row, with the same shares of fixed time and time for each row as a step of the
 * target. So a draft model with an eighth of the time of the target has an eighth of its cost of rows.
 */
export function levelLaw(levelMs: number, { fixedMs, perRowMs }: StepLaw): StepLaw {
  const share = levelMs / (fixedMs + perRowMs);
  return { fixedMs: fixedMs * share, perRowMs: perRowMs * share };
}

const trialTokens = 60;
const loadedRankStream = 8;
const loadedTimeStream = 9;

/** The rival at its best number of drafts, none included, or its best tree. */
export function measureLoadedRival(settings: LoadedRivalSettings): LoadedRivalResult {
  const { rival, acceptance, seeds } = settings;
  const chances = rankChances(acceptance);
  const hasTrees = rival === 'edge-tree' || rival === 'edge-head';
  const trees = candidateTrees(chances).filter(({ widths }) => hasTrees || widths.every((width) => width === 1));
  const finalists = cheapest(trees, (tree) => playLoaded(settings, tree, trialTokens, seeds[0] as number));
  const measured = finalists.map((tree) => {
    return { tree, msPerToken: seeds.map((seed) => playLoaded(settings, tree, settings.tokens, seed)) };
  });
  return quickest(measured, ({ msPerToken }) => mean(msPerToken));
}

/** @returns time per token of a session, mean over sessions */
function playLoaded(settings: LoadedRivalSettings, tree: DraftTree, tokens: number, seed: number): number {
  const rankOf = rankAtRandom(rankChances(settings.acceptance), createRandom(seed, loadedRankStream));
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
  const { nowMs } = playRounds(settings, tree, sessions, createRandom(seed, loadedTimeStream), isOver);
  return mean(written.map((count) => nowMs / count));
}

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
    const draftMs = draftingMs();
    const stepMs = costOf(step, rows);
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
 * Pre-verify: one token, which the first draft is compared with. Post-verify: as many drafts are verified as are made, the rest of the last
 * window and the first of the next.
 */
function pearlRound(hasWindow: boolean, gamma: number, rankAt: (offset: number) => number) {
  if (!hasWindow) return { tokens: 1, isWhole: rankAt(0) === 0 };
  let accepted = 0;
  while (accepted < gamma && rankAt(accepted) === 0) accepted++;
  return { tokens: accepted + (accepted < gamma ? 1 : 0), isWhole: accepted === gamma };
}
