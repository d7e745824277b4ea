import { describe, expect, it } from 'vitest';
import { bestTree, chainTree, followTree, rankChances } from './draft-tree.ts';
import { measureRival, type RivalCell } from './emulated-rivals.ts';
import type { VirtualSettings } from './virtual-cell.ts';

const settings: VirtualSettings = {
  firstSeed: 1,
  seedCount: 20,
  tokens: 400,
  maxAhead: 24,
  minChainConfidence: 0,
  triesAllGammas: false,
};

function rowOf(mode: RivalCell['mode'], roundTripMs: number, givenAcceptance = 0.8) {
  const cell: RivalCell = { mode, givenAcceptance, roundTripMs, step: { fixedMs: 40, perRowMs: 0.4 } };
  return measureRival(cell, settings);
}

const timeOf = (...cell: Parameters<typeof rowOf>): number => rowOf(...cell).msPerToken as number;

describe('static draft trees', () => {
  const chances = rankChances(0.8);

  it('have second choices that are right in half of the misses', () => {
    expect(chances[0]).toBe(0.8);
    expect((chances[1] as number) / 0.2).toBeCloseTo(0.5);
    expect(chances.reduce((sum, chance) => sum + chance)).toBeLessThan(1);
  });

  it('take the likeliest nodes, within their levels', () => {
    // 0.8, 0.64, 0.512, 0.4096, then the second choice at the first level (0.1) is less than 0.8^5.
    expect(bestTree(chances, 5, 16).widths).toEqual([1, 1, 1, 1, 1]);
    const flat = bestTree(chances, 5, 2);
    expect(flat.widths).toEqual([2, 3]);
    expect(flat.expectedAccepted).toBeCloseTo(0.8 + 0.64 + 0.1 + 0.08 + 0.08);
    // Levels and ranks are all that there is.
    expect(bestTree(chances, 64, 1).nodeCount).toBe(5);
    expect(chainTree(chances, 3).widths).toEqual([1, 1, 1]);
  });

  it('are followed as far as the target stays in them', () => {
    const tree = bestTree(chances, 5, 2);
    const follow = (ranks: readonly number[]) => followTree(tree, (offset) => ranks[offset] as number);
    expect(follow([0, 0, 0]).accepted).toBe(2);
    expect(follow([0, 0, 0]).node).toBe(tree.likeliestLeaf);
    expect(follow([1, 0, 0]).accepted).toBe(2);
    expect(follow([1, 1, 0]).accepted).toBe(1);
    expect(follow([2, 0, 0]).accepted).toBe(0);
  });
});

// Closed forms of another program, with constant times: (round trip + levels * level time + step) / (1 + expected accepted drafts), at the best
// number of nodes and levels. The last round of a text is cut, and times vary here; hence 2 %.
describe('emulated rivals at their best', () => {
  it.each([
    ['edge-head', 10, 11.9],
    ['device-tree', 10, 23.3],
    ['device-tree', 30, 27.5],
    ['device-tree', 60, 33.0],
  ] as const)('%s at a round trip of %d ms: %d ms a token', (mode, roundTripMs, expectedMs) => {
    expect(timeOf(mode, roundTripMs) / expectedMs).toBeGreaterThan(0.98);
    expect(timeOf(mode, roundTripMs) / expectedMs).toBeLessThan(1.02);
  });

  it('draft a tree on the edge in turns or during steps, whichever is quicker', () => {
    // In turns 16.0; and no way makes more tokens a round than its tree without any time for drafts.
    const free = Math.min(
      ...[8, 16, 24, 32].map((n) => (40.4 + 0.4 * n) / (1 + bestTree(rankChances(0.8), n, 16).expectedAccepted)),
    );
    const rows = [0, 60].map((roundTripMs) => rowOf('edge-tree', roundTripMs));
    for (const { msPerToken } of rows) {
      expect(msPerToken).toBeLessThan(1.02 * 16.0);
      expect(msPerToken).toBeGreaterThan(free);
    }
    // The question goes up and the first tokens come down once.
    const [near, far] = rows.map(({ timeToFirstTokenMs }) => timeToFirstTokenMs as number);
    expect((far as number) - (near as number)).toBeCloseTo(60);
  });

  it('gain by drafting while a tree is verified, never more than the whole drafting', () => {
    const [waiting, proactive] = [timeOf('device-tree', 30), timeOf('device-tree-proactive', 30)];
    expect(proactive).toBeLessThan(waiting);
    // A round of the same expected tokens without any time for drafts.
    const chances = rankChances(0.8);
    const free = (30 + 40 + 0.4 * 65) / (1 + bestTree(chances, 64, 16).expectedAccepted);
    expect(proactive).toBeGreaterThan(free);
  });

  it('are worse with a worse draft, and fill a row', () => {
    expect(timeOf('edge-tree', 10, 0.3)).toBeGreaterThan(timeOf('edge-tree', 10, 0.65));
    const cell: RivalCell = {
      mode: 'edge-tree',
      givenAcceptance: 0.65,
      roundTripMs: 10,
      step: { fixedMs: 40, perRowMs: 0.4 },
    };
    const row = measureRival(cell, { ...settings, seedCount: 3 });
    expect(row).toMatchObject({ bestGamma: null, payloadBytesPerToken: null, runs: 3 });
    expect(row.acceptance).toBeGreaterThan(0.6);
    expect(row.acceptance).toBeLessThan(0.7);
    const { nodes } = row.bestTree as { readonly nodes: number };
    expect(row.rowsPerToken).toBeCloseTo((row.draftsPerToken as number) * ((nodes + 1) / nodes));
  });
});
