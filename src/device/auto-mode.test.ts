import { describe, expect, it } from 'vitest';
import { AutoMode, adviseTurn, type TurnMeasures } from './auto-mode.ts';

const timing = { stepMs: [40.4, 40.8, 41.2, 41.6, 42, 42.4, 42.8, 43.2], edgeDraftMs: null };

function measures(matched: number, mismatched: number, committedTokens: number): TurnMeasures {
  const hedged = { alternativeTokens: 0, alternativesTaken: 0 };
  const drafts = { drafted: matched + mismatched, sent: matched + mismatched, matched, mismatched, ...hedged };
  return { drafts, committedTokens, draftMs: 10, roundTripMs: 20 };
}

describe('the measurements of mode auto', () => {
  it('are those of earlier turns, weighted towards the newest', () => {
    const auto = new AutoMode();
    expect(auto.choose(true)).toMatchObject({ mode: 'stream', reason: 'nothing is measured yet' });
    auto.greeted(timing);
    auto.follow(auto.choose(true)).ended(measures(80, 20, 200));
    expect(auto.choose(true).reason).toMatch(/a draft 10 ms, 80 % of drafts hold/);
    for (let turn = 0; turn < 6; turn += 1) auto.follow(auto.choose(true)).ended(measures(0, 200, 200));
    expect(auto.choose(true)).toMatchObject({ mode: 'stream', drafts: false });
  });

  it("make the edge draft if it can, and not once it announces that it can't", () => {
    const auto = new AutoMode();
    auto.greeted({ ...timing, edgeDraftMs: 5 });
    auto.follow(auto.choose(true)).ended(measures(80, 20, 200));
    expect(auto.choose(true).mode).toBe('mix');
    auto.greeted(timing);
    expect(auto.choose(true).mode).toBe('stream');
  });
});

describe('advice within a turn', () => {
  it('is given every 16 tokens, and counts only new comparisons', () => {
    const auto = new AutoMode();
    auto.greeted(timing);
    const advice = auto.follow(auto.choose(true));
    expect(advice.isDue(15)).toBe(false);
    expect(advice.isDue(16)).toBe(true);
    let [tokens, wrong] = [0, 0];
    const said: (boolean | null)[] = [];
    while (tokens < 16 * 40) {
      tokens += 16;
      if (said.at(-1) !== false) wrong += 12;
      said.push(advice.judge(measures(0, wrong, tokens)));
    }
    expect(said.filter((one) => one === false)).toHaveLength(advice.pauses);
    expect(said.indexOf(false)).toBeLessThan(6);
    // Drafting is tried again after 96 tokens, and switched off again.
    expect(said.indexOf(true) - said.indexOf(false)).toBe(6);
    expect(advice.pauses).toBeGreaterThan(1);
  });

  it('begins without drafts on an edge where they save no time, and with drafts on others', () => {
    const slope = Array.from({ length: 8 }, (_, index) => 54 * (index + 1));
    const stairs = [229, 229, 229, 229, 425, 425, 425, 425];
    const advice = adviseTurn();
    expect(advice.greeted({ stepMs: slope, edgeDraftMs: null })).toBe(false);
    expect(advice.pauses).toBe(1);
    expect(adviseTurn().greeted({ stepMs: stairs, edgeDraftMs: null })).toBeNull();
    expect(adviseTurn().greeted({ stepMs: null, edgeDraftMs: null })).toBeNull();
    // These steps are too short for a judgement.
    expect(adviseTurn().greeted({ stepMs: slope.map((ms) => ms / 1000), edgeDraftMs: null })).toBeNull();
  });

  it('keeps its measurements when an edge sends hello again', () => {
    const advice = adviseTurn();
    advice.greeted({ stepMs: [40, 40, 40, 40, 40, 40, 40, 40], edgeDraftMs: null });
    advice.judge(measures(12, 0, 16));
    expect(advice.greeted({ stepMs: [40, 80, 120, 160, 200, 240, 280, 320], edgeDraftMs: null })).toBeNull();
  });
});
