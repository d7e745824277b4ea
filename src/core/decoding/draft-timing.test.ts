import { describe, expect, it } from 'vitest';
import {
  type DraftMarket,
  type DraftTiming,
  leastChainChance,
  lookUpMargin,
  noteAsk,
  noteCommit,
  noteDraftTime,
  notePause,
  unknownTiming,
} from './draft-timing.ts';

const market: DraftMarket = { turnTaking: 'free-running', roundTripMs: 10, acceptance: 0.75, draftLength: 4 };

/** Drafts take `draftMs`; commits of `tokens` arrive every `commitMs`, verifications after `verdictMs`. */
function timingOf(draftMs: number, commitMs: number, tokens = 2, verdictMs = commitMs): DraftTiming {
  let timing = unknownTiming;
  for (let round = 1; round < 6; round++) {
    timing = noteDraftTime(timing, draftMs);
    timing = noteAsk(timing, round * commitMs - verdictMs);
    timing = noteCommit(timing, round * commitMs, tokens);
  }
  return timing;
}

describe('the measured times', () => {
  it('are running means', () => {
    expect(timingOf(10, 50, 3, 30)).toMatchObject({ draftMs: 10, commitMs: 50, tokens: 3, verdictMs: 30 });
    expect(noteDraftTime(timingOf(10, 50), 20).draftMs).toBeCloseTo(11);
  });

  it('limit the effect of one very long time', () => {
    expect(noteDraftTime(timingOf(10, 50), 5000).draftMs).toBeCloseTo(13);
  });

  it('leave out a lost connection', () => {
    const timing = noteCommit(notePause(timingOf(10, 50)), 100_000, 2);
    expect(timing.commitMs).toBe(50);
    expect(timing.verdictMs).toBe(50);
    // A verdict that was asked for before it was lost with it.
    expect(noteCommit(notePause(noteAsk(unknownTiming, 10)), 100_000, 1).verdictMs).toBeUndefined();
  });

  it('count from the first of several requests', () => {
    const timing = noteCommit(noteAsk(noteAsk(unknownTiming, 10), 30), 50, 1);
    expect(timing.verdictMs).toBe(40);
  });
});

describe('the least chance of a chain', () => {
  it('is 0 without measurements, and in a mode that was not measured', () => {
    expect(leastChainChance(unknownTiming, market)).toBe(0);
    expect(leastChainChance(noteDraftTime(unknownTiming, 10), market)).toBe(0);
  });

  it('hardly cuts where drafts are fast, and cuts more where they are slow', () => {
    const quick = leastChainChance(timingOf(10, 58), market);
    const slow = leastChainChance(timingOf(31, 58), market);
    expect(quick).toBeGreaterThan(0);
    expect(quick).toBeLessThan(0.01);
    expect(slow).toBeGreaterThan(0.03);
    expect(slow).toBeLessThan(0.1);
  });

  it('cuts less where a correction takes longer to arrive', () => {
    const far = leastChainChance(timingOf(31, 58), { ...market, roundTripMs: 100 });
    expect(far).toBeLessThan(leastChainChance(timingOf(31, 58), market));
  });

  it('in turns demands a chance that pays for the draft, and always allows one draft', () => {
    const inTurns = { ...market, turnTaking: 'in-turns' } as const;
    // 10 ms for a token of 25 ms that comes three times out of four.
    expect(leastChainChance(timingOf(10, 100, 4), inTurns)).toBeCloseTo(10 / 25 / 0.75);
    expect(leastChainChance(timingOf(90, 100, 2), inTurns)).toBe(0.95);
  });

  it('overlapped demands it only for the part that outlasts the verification', () => {
    const overlapped = { ...market, turnTaking: 'overlapped' } as const;
    expect(leastChainChance(timingOf(10, 60, 2, 60), overlapped)).toBe(0);
    const whole = 30 / 60 / 0.75;
    expect(leastChainChance(timingOf(30, 120, 2, 60), overlapped)).toBeCloseTo(whole * 0.5);
  });
});

describe('the margin of a look-up', () => {
  it("grows with a draft's share of a step, and is bounded", () => {
    const margins = [5, 10, 31, 50, 200].map((draftMs) => lookUpMargin(timingOf(draftMs, 58), market));
    expect(margins[0]).toBeLessThan(0.01);
    expect([...margins].sort((left, right) => left - right)).toEqual(margins);
    expect(margins.at(-1)).toBe(0.3);
    expect(lookUpMargin(unknownTiming, market)).toBe(0);
  });

  it('is larger where every draft delays the text', () => {
    const timing = timingOf(10, 58, 2);
    expect(lookUpMargin(timing, { turnTaking: 'in-turns' })).toBeGreaterThan(lookUpMargin(timing, market));
  });
});

describe('decisions without one of their measurements', () => {
  const known = timingOf(31, 58, 2);
  const missing = ['draftMs', 'commitMs', 'tokens'] as const;

  it.each(missing)('are the neutral ones without %s', (name) => {
    const timing = { ...known, [name]: undefined };
    for (const turnTaking of ['free-running', 'in-turns', 'overlapped'] as const) {
      expect(leastChainChance(timing, { ...market, turnTaking })).toBe(0);
      expect(lookUpMargin(timing, { turnTaking })).toBe(0);
    }
  });

  it('are the neutral ones when commits take no time', () => {
    const timing = { ...known, commitMs: 0 };
    expect(leastChainChance(timing, { ...market, turnTaking: 'in-turns' })).toBe(0);
    expect(lookUpMargin(timing, { turnTaking: 'in-turns' })).toBe(0);
  });

  it('pay for the whole window where no verification was measured', () => {
    const overlapped = { ...market, turnTaking: 'overlapped' } as const;
    const timing = { ...timingOf(30, 120, 2, 60), verdictMs: undefined };
    expect(leastChainChance(timing, overlapped)).toBeCloseTo(30 / 60 / 0.75);
  });
});

it("the margin in turns is a quarter of a draft's share of a token's time, at most 0.3", () => {
  expect(lookUpMargin(timingOf(10, 100, 4), { turnTaking: 'in-turns' })).toBeCloseTo(0.5 * 0.5 * 0.4);
  expect(lookUpMargin(timingOf(90, 100, 4), { turnTaking: 'in-turns' })).toBe(0.3);
});
