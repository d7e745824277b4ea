import { describe, expect, it } from 'vitest';
import { orderAgreement, type PlayedSlot, playsWork, proposalRows } from './proposal-plays.ts';

const played = (slot: number, scores: number[], felt: number[], more: Partial<PlayedSlot> = {}): PlayedSlot => {
  return {
    preset: 'paper',
    seed: 1,
    slot,
    names: scores.map(String),
    scores,
    felt,
    feltAgain: felt,
    chosen: 0,
    ...more,
  };
};

describe('the order of proposals', () => {
  it('is compared by ranks, in which a hundredth is a tie', () => {
    expect(orderAgreement([1, 2, 3], [10, 20, 30])).toBeCloseTo(1, 12);
    expect(orderAgreement([3, 2, 1], [10, 20, 30])).toBeCloseTo(-1, 12);
    // The first two are alike, however they are felt.
    expect(orderAgreement([1, 1.005, 3], [10, 10.05, 30])).toBeCloseTo(1, 12);
    expect(orderAgreement([1.005, 1, 3], [10, 10.05, 30])).toBeCloseTo(1, 12);
    expect(orderAgreement([1, 1.02, 3], [10.2, 10, 30])).toBeLessThan(1);
    // A chain of small steps is no tie from end to end.
    expect(orderAgreement([1, 1.008, 1.016], [1, 2, 3])).toBeLessThan(1);
    expect(orderAgreement([1, 1.008, 1.016], [1, 2, 3])).toBeGreaterThan(0.5);
  });

  it('is nothing where all are felt alike, and not predicted where all scores are alike', () => {
    expect(orderAgreement([1, 2, 3], [10, 10.05, 10.09])).toBeNull();
    expect(orderAgreement([1, 1, 1], [10, 20, 30])).toBe(0);
  });

  it('is the mean over slots, never of slots together', () => {
    // Within each slot the order is wrong; slots differ more than proposals, so all together are in order.
    const slots = [played(1, [1, 2], [20, 10]), played(2, [101, 102.5], [2000, 1000]), played(3, [5, 6], [7, 7])];
    const [row] = proposalRows(slots, ['paper', 'modern']);
    expect(row).toMatchObject({ preset: 'paper', slots: 3, orderedSlots: 2, proposals: 2, rankCorrelationPlays: 1 });
    expect(row?.rankCorrelationProposals).toBeCloseTo(-1, 12);
    expect(row?.chosenOverBest).toBeCloseTo((2 + 2 + 1) / 3, 12);
    expect(proposalRows([played(1, [], [], { chosen: -1 })], ['paper'])).toEqual([]);
  });
});

it('plays every proposal of a slot from the same state: again it is the same, with other seeds it is not', async () => {
  const cell = { preset: 'street-canyon', seed: 9101, mostProposals: 1 };
  const one = (await playsWork.measure({ ...cell, mostProposals: 2 }, null)) as PlayedSlot;
  const first = (await playsWork.measure(cell, null)) as PlayedSlot;
  expect([first.felt, first.feltAgain, first.scores]).toEqual(
    [one.felt, one.feltAgain, one.scores].map((values) => values.slice(0, 1)),
  );
  expect(one.names[0]).toBe('search');
  expect(one.felt).toHaveLength(one.scores.length);
  expect(one.feltAgain).not.toEqual(one.felt);
  // The prediction and the play have one unit.
  for (const [index, felt] of one.felt.entries()) {
    expect(felt / (one.scores[index] as number)).toBeGreaterThan(0.3);
    expect(felt / (one.scores[index] as number)).toBeLessThan(3);
  }
}, 240_000);
