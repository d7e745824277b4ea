import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { autoExperiment, rowOf, summariseAuto } from './auto.ts';
import { type AutoFound, autoCells, fixedModes, groups, keyOfAuto, measureAuto } from './auto-cell.ts';

const settings = { firstSeed: 1, seedCount: 2, tokens: 96 };
const toy = { trace: null, step: { fixedMs: 40, perRowMs: 0.4 }, sessions: 1, laterAcceptance: null } as const;
const near = { ...toy, group: 'both draft', acceptance: 0.8, edgeAcceptance: 0.8, roundTripMs: 10 } as const;

describe('the cells of bench auto', () => {
  const grid = { acceptances: [0.3, 0.8], roundTripsMs: [0, 100], sessions: [4], traces: ['coarse-greedy'], groups };

  it('have names of their own, and come from every group', () => {
    const cells = autoCells(grid);
    expect(new Set(cells.map(keyOfAuto)).size).toBe(cells.length);
    expect(new Set(cells.map(({ group }) => group))).toEqual(new Set(groups));
    const some = autoCells({ ...grid, groups: ['traces'] });
    expect(some).toEqual(cells.filter(({ group }) => group === 'traces'));
  });

  it('are compared with the modes that the edge serves', () => {
    expect(fixedModes({ hasEdgeDraft: true })).toEqual(['ar', 'stream', 'mix', 'edge-sd']);
    expect(fixedModes({ hasEdgeDraft: false })).toEqual(['ar', 'stream']);
  });
});

describe('a cell of bench auto', () => {
  it('is the same each time, and auto drafts where that saves time', () => {
    const cell = { ...near, hasEdgeDraft: false };
    const found = measureAuto(cell, settings);
    expect(measureAuto(cell, settings)).toEqual(found);
    const row = rowOf(found);
    expect(row).toMatchObject({ bestMode: 'stream', mixMs: null, edgeSdMs: null, lastMode: 'stream', seeds: 2 });
    expect(row.autoMs).toBeLessThan(0.7 * row.arMs);
    expect(row.firstMs).toBeLessThan(0.7 * row.arMs);
  });

  it('in which drafts become wrong shows that the device stops drafting within the answer', () => {
    const cell = { ...near, hasEdgeDraft: false, acceptance: 0.95, laterAcceptance: 0 } as const;
    const found = measureAuto(cell, { ...settings, tokens: 400 });
    const stream = found.fixed.find(({ mode }) => mode === 'stream');
    const row = rowOf(found);
    expect(row.switches).toBeGreaterThanOrEqual(1);
    expect(row.autoDraftsPerToken).toBeLessThan(0.95 * (stream?.answers[0]?.draftsPerToken ?? 0));
    expect(row.autoOverBest).toBeLessThan(1.05);
  });

  it('of many sessions has two runs, in which every device has measurements of its own', () => {
    const cell = { ...near, group: 'many sessions', hasEdgeDraft: true, sessions: 3 } as const;
    const row = rowOf(measureAuto(cell, { ...settings, seedCount: 4, tokens: 48 }));
    expect(row.seeds).toBe(2);
    expect(row.autoOverBest).toBeGreaterThan(0.5);
    expect(row.autoOverBest).toBeLessThan(1.5);
  });
});

it('compares with the quickest mode of the same seeds', () => {
  const answers = (...times: number[]) => times.map((msPerToken) => ({ msPerToken, draftsPerToken: 1 }));
  const found = (autoMs: number): AutoFound => ({
    cell: { ...near, hasEdgeDraft: true },
    fixed: [
      { mode: 'ar', gamma: null, answers: answers(40, 40) },
      { mode: 'stream', gamma: null, answers: answers(22, 20) },
      { mode: 'mix', gamma: null, answers: answers(16, 14) },
      { mode: 'edge-sd', gamma: 3, answers: answers(15, 17) },
    ],
    first: answers(30, 30),
    later: answers(autoMs, autoMs),
    switches: 1,
    lastMode: 'mix',
  });
  const rows = [rowOf(found(15)), rowOf(found(18))];
  expect(rows[1]).toMatchObject({ bestMode: 'mix', bestMs: 15, bestGamma: 3, autoOverBest: 1.2, firstOverBest: 2 });
  expect(summariseAuto(rows)).toMatchObject({
    autoOverBestWorst: 1.2,
    autoOverBestMean: 1.1,
    firstOverBestWorst: 2,
    bothDraftWorst: 1.2,
  });
});

it('prints rows, and a summary with its goals', async () => {
  const given = {
    workers: 1,
    seeds: 2,
    tokens: 48,
    acceptances: [0.8],
    roundTripsMs: [10],
    sessions: [],
    traces: ['coarse-greedy'],
  };
  const { rows, summary } = await runExperiment(autoExperiment, given);
  expect(rows).toHaveLength(4 + 2 + 4 + 2);
  for (const key of Object.keys(autoExperiment.goals?.({}) ?? {})) expect(summary).toHaveProperty(key);
  expect(autoExperiment.page?.({ rows } as never)).toContain('| both draft |');
  expect(() => autoExperiment.figure?.(rows, {})).not.toThrow();
}, 30_000);
