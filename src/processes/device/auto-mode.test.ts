import { describe, expect, it } from 'vitest';
import type { TurnMeasures } from '../../core/protocol/device/drafting-advice.ts';
import { AutoMode, adviseTurn, type TurnAdvice } from './auto-mode.ts';

const timing = { stepMs: [40.4, 40.8, 41.2, 41.6, 42, 42.4, 42.8, 43.2], edgeDraftMs: null };
const slope = Array.from({ length: 8 }, (_, index) => 54 * (index + 1));

function measures(matched: number, mismatched: number, committedTokens: number): TurnMeasures {
  const hedged = { alternativeTokens: 0, alternativesTaken: 0 };
  const drafts = { drafted: matched + mismatched, sent: matched + mismatched, matched, mismatched, ...hedged };
  const felt = { commits: 0, decodedTokens: 0, decodeMs: 0 };
  return { drafts, committedTokens, draftMs: 10, roundTripMs: 20, ...felt };
}

/** A turn at this edge that ends with these measurements. */
function turnOf(
  auto: AutoMode,
  edge: string,
  announced: typeof timing | (Omit<typeof timing, 'edgeDraftMs'> & { edgeDraftMs: number }),
  left?: TurnMeasures,
): TurnAdvice {
  const advice = auto.follow({ canDraft: true });
  advice.greeted(edge, announced);
  if (left !== undefined) advice.ended(left);
  return advice;
}

describe('the measurements of mode auto', () => {
  it('are those of earlier turns, weighted towards the newest', () => {
    const auto = new AutoMode();
    const first = turnOf(auto, 'near', timing, measures(80, 20, 200));
    expect(first.changes).toEqual([
      { fromToken: 0, mode: 'stream', reason: 'nothing was measured before this answer' },
    ]);
    const second = turnOf(auto, 'near', timing);
    expect(second.changes.at(-1)).toMatchObject({
      mode: 'stream',
      reason: expect.stringMatching(/80 % of drafts hold/),
    });
    for (let turn = 0; turn < 6; turn += 1) turnOf(auto, 'near', timing, measures(0, 200, 200));
    expect(auto.follow({ canDraft: true }).begins()).toMatchObject({ on: false });
  });

  it('count as they were compared, until there are many: then the older ones fade', () => {
    const auto = new AutoMode();
    const acceptance = (): number => Math.round((auto.knowledgeOf(null).acceptance ?? Number.NaN) * 1000);
    turnOf(auto, 'near', timing, measures(80, 20, 200));
    turnOf(auto, 'near', timing, measures(0, 60, 200));
    expect(acceptance()).toBe(500);
    turnOf(auto, 'near', timing, measures(0, 240, 200));
    // 80 of 400, which from now on weigh as 200.
    expect(acceptance()).toBe(200);
    turnOf(auto, 'near', timing, measures(200, 0, 200));
    expect(acceptance()).toBe(600);
  });

  it('are kept of a turn without an edge, too', () => {
    const auto = new AutoMode();
    auto.follow({ canDraft: true }).ended(measures(9, 1, 20));
    expect(auto.knowledgeOf(null)).toMatchObject({ acceptance: 0.9, edge: null, roundTripMs: null });
  });

  it('are kept for each edge, and those of the draft for all', () => {
    const auto = new AutoMode();
    turnOf(auto, 'near', timing, measures(80, 20, 200));
    expect(auto.knowledgeOf('near')).toMatchObject({ roundTripMs: 20, acceptance: 0.8, edge: timing });
    expect(auto.knowledgeOf('far')).toMatchObject({ roundTripMs: null, acceptance: 0.8, edge: null });
    turnOf(auto, 'dear', { ...timing, stepMs: slope }, measures(80, 20, 200));
    // The next turn is expected at the edge used last, and changes its mind when another one greets.
    const next = auto.follow({ canDraft: true });
    expect(next.begins()).toMatchObject({ on: false });
    expect(next.greeted('near', timing)).toMatchObject({ on: true });
    expect(next.changes).toHaveLength(1);
  });

  it('of edges are forgotten when there are many', () => {
    const auto = new AutoMode();
    for (let edge = 0; edge < 100; edge += 1) turnOf(auto, `edge ${edge}`, timing, measures(8, 2, 20));
    expect(auto.knowledgeOf('edge 0').edge).toBeNull();
    expect(auto.knowledgeOf('edge 99').edge).toEqual(timing);
  });

  it('name the mode by what the edge can do', () => {
    const auto = new AutoMode();
    expect(turnOf(auto, 'near', { ...timing, edgeDraftMs: 5 }).changes.at(-1)?.mode).toBe('mix');
    const without = auto.follow({ canDraft: false });
    expect(without.begins()).toMatchObject({ on: false });
    without.greeted('near', { ...timing, edgeDraftMs: 5 });
    expect(without.changes).toEqual([{ fromToken: 0, mode: 'edge-sd', reason: 'this device has no draft' }]);
    without.greeted('other', timing);
    expect(without.changes.at(-1)?.mode).toBe('ar');
  });
});

describe('advice within a turn', () => {
  it('is given every 16 tokens, and counts only new comparisons', () => {
    const auto = new AutoMode();
    const advice = turnOf(auto, 'near', timing);
    expect(advice.isDue(15)).toBe(false);
    expect(advice.isDue(16)).toBe(true);
    let tokens = 0;
    let wrong = 0;
    let isOn = true;
    const said: (boolean | undefined)[] = [];
    while (tokens < 16 * 40) {
      tokens += 16;
      if (isOn) wrong += 12;
      const change = advice.judge(measures(0, wrong, tokens));
      isOn = change?.on ?? isOn;
      said.push(change?.on);
    }
    expect(said.filter((one) => one === false)).toHaveLength(advice.pauses);
    expect(said.indexOf(false)).toBeLessThan(6);
    // Drafting is tried again after 32 tokens, and switched off again.
    expect(said.indexOf(true) - said.indexOf(false)).toBe(2);
    expect(advice.pauses).toBeGreaterThan(1);
    expect(advice.changes.slice(0, 3).map(({ mode }) => mode)).toEqual(['stream', 'ar', 'stream']);
    expect(advice.changes[1]?.fromToken).toBe(16 * (said.indexOf(false) + 1));
  });

  it('begins without drafts on an edge where they save no time, and with drafts on others', () => {
    const stairs = [229, 229, 229, 229, 425, 425, 425, 425];
    const advice = adviseTurn();
    expect(advice.greeted('edge', { stepMs: slope, edgeDraftMs: null })).toMatchObject({ on: false });
    expect(advice.pauses).toBe(1);
    expect(adviseTurn().greeted('edge', { stepMs: stairs, edgeDraftMs: null })).toBeNull();
    expect(adviseTurn().greeted('edge', { stepMs: null, edgeDraftMs: null })).toBeNull();
    // These steps are too short for a judgement.
    const short = slope.map((ms) => ms / 1000);
    expect(adviseTurn().greeted('edge', { stepMs: short, edgeDraftMs: null })).toBeNull();
  });

  it('keeps its measurements when an edge sends hello again', () => {
    const advice = adviseTurn();
    advice.greeted('edge', { stepMs: [40, 40, 40, 40, 40, 40, 40, 40], edgeDraftMs: null });
    advice.judge(measures(12, 0, 16));
    expect(advice.greeted('edge', { stepMs: [40, 80, 120, 160, 200, 240, 280, 320], edgeDraftMs: null })).toBeNull();
  });

  it('drafts nothing with an almost empty battery', () => {
    const advice = new AutoMode().follow({ canDraft: true, batteryLevel: 0.01 });
    expect(advice.begins()).toMatchObject({ on: false });
    expect(advice.greeted('edge', timing)).toBeNull();
    for (let tokens = 16; tokens < 4000; tokens += 16) expect(advice.judge(measures(0, 0, tokens))).toBeNull();
    expect(advice.changes).toMatchObject([{ mode: 'ar', reason: 'the battery is almost empty' }]);
  });
});

describe('an order for drafting', () => {
  const off = { edge: 'near', on: false, reason: 'by order' };

  it('holds from the next commit on, for the edge for which it is meant, until it is taken back', () => {
    const advice = new AutoMode().follow({ canDraft: true });
    advice.greeted('near', timing);
    expect(advice.isDue(3)).toBe(false);
    advice.order(off);
    expect(advice.isDue(3)).toBe(true);
    expect(advice.judge(measures(3, 0, 3))).toEqual({ on: false, reason: 'by order' });
    expect(advice.changes.at(-1)).toMatchObject({ fromToken: 3, mode: 'ar', reason: 'by order' });
    advice.order({ ...off });
    expect(advice.isDue(4)).toBe(false);
    // At another edge the device decides by itself.
    advice.greeted('far', timing);
    expect(advice.judge(measures(100, 0, 100))).toMatchObject({ on: true });
    advice.greeted('near', timing);
    expect(advice.judge(measures(101, 0, 101))).toMatchObject({ on: false, reason: 'by order' });
    advice.order(null);
    expect(advice.isDue(102)).toBe(true);
    expect(advice.judge(measures(220, 0, 140))).toMatchObject({ on: true });
  });

  it('before the first edge decides how the turn begins', () => {
    const auto = new AutoMode();
    turnOf(auto, 'near', timing, measures(80, 20, 200));
    const advice = auto.follow({ canDraft: true });
    advice.order(off);
    expect(advice.begins()).toEqual({ on: false, reason: 'by order' });
    expect(advice.greeted('near', timing)).toBeNull();
    const elsewhere = auto.follow({ canDraft: true });
    elsewhere.order({ ...off, edge: 'far' });
    expect(elsewhere.begins()).toBeNull();
  });
});
