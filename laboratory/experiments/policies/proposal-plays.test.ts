import { describe, expect, it } from 'vitest';
import { createReaders, orderAgreement, type PlayedSlot, playsWork, proposalRows } from './proposal-plays.ts';

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

  it('beside it stands what is taken in place of the search', () => {
    const taken = (slot: number, chosen: number) =>
      played(slot, [1, 1, 1], [1, 1, 1], { names: ['search', 'stay', 'max-sinr'], chosen });
    const [row] = proposalRows([taken(1, 0), taken(2, 2), taken(3, 1), taken(4, 1)], ['paper']);
    expect(row).toMatchObject({ otherTaken: 0.75, othersTaken: 'stay 2, max-sinr 1' });
  });
});

describe('what readers of a slot feel', () => {
  /** Devices 0 to 3 before and after the time in view: tokens, and ms of waits. */
  const counts = { tokens: [10, 10, 10, 10], waitedMs: [5, 5, 5, 5] };
  const run = { deviceTokens: () => counts.tokens, waitedMs: () => counts.waitedMs };
  const countUp = (tokens: number[], waitedMs: number[]): void => {
    counts.tokens = counts.tokens.map((count, device) => count + (tokens[device] as number));
    counts.waitedMs = counts.waitedMs.map((ms, device) => ms + (waitedMs[device] as number));
  };

  it.each([
    // The session of 1 ends after 1 s with 9 tokens, and its next one is another reader's.
    [false, 3000 / 31 + 1000 / 10],
    [true, 3000 / 31 + 3000 / 20],
  ])('ends with a session, unless they follow each other (%s), and goes on until the first token', (isLoop, read) => {
    const felt = createReaders(isLoop);
    felt.listeners.onSession({ device: 0, endMs: 900 });
    felt.begin(1000, run);
    countUp([0, 9, 0, 0], [0, 0, 0, 0]);
    felt.listeners.onSession({ device: 1, endMs: 2000 });
    countUp([30, 10, 0, 0], [0, 0, 3000, 3000]);
    felt.listeners.onSession({ device: 1, endMs: 3900 });
    felt.endView(Int32Array.of(0, 1, 2, 3), 3000);
    expect(felt.someoneWaits()).toBe(true);
    felt.listeners.onFirstToken(2, 4500);
    felt.listeners.onFirstToken(2, 9000);
    // The last one has none within 20 s of the start.
    expect(felt.sum(1)).toBeCloseTo(read + 3500 + 20_000, 6);
    expect(felt.sum(2)).toBeCloseTo(read + 3000 + 3000 + 2 * 500 + 3000 + 3000 + 2 * 17_000, 6);
    expect(felt.someoneWaits()).toBe(true);
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
