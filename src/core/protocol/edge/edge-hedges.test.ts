import { describe, expect, it } from 'vitest';
import type { ModeName } from '../wire/mode.ts';
import { chainToExtend } from './edge-chain.ts';
import { type EdgeHedgeRule, extendEdgeDrafts, orderEdgeDraft } from './edge-hedges.ts';
import { EdgeBed } from './edge-session.fixture.ts';
import { stepEdge } from './edge-session.ts';
import type { EdgeState } from './edge-state.ts';

const endId = 7;
const rule: EdgeHedgeRule = { most: 2, minChance: 0, minStart: 0, endIds: new Set([endId]) };

/** Makes one pass, whose alternatives get 500 plus their position as their next token. @param token of the draft; its runner-up is 100 more */
function pass(state: EdgeState, token: number, changes: Partial<EdgeHedgeRule> = {}): EdgeState {
  const tokens = chainToExtend(state, 16, 16) ?? [];
  const { order } = orderEdgeDraft(state, tokens, { ...rule, ...changes });
  const alternatives = order.alternatives.map(({ id, position, tokens: own }) => {
    return { id, position: position + own.length, token: 500 + position + own.length, confidence: 0.9 };
  });
  const runnerUp = { token: token + 100, confidence: 0.4 };
  const made = { token, confidence: 0.6, runnerUp, alternatives };
  return stepEdge(state, { kind: 'edge-drafted', drafts: extendEdgeDrafts(order, made, rule.endIds) }).state;
}

/** Drafts 40, 41, ... without alternatives, and a step over the first `inStep` of them. */
function stepping(drafts: number, inStep = drafts, mode: ModeName = 'edge-sd'): EdgeState {
  let { state } = new EdgeBed({ mode });
  for (let index = 0; index < drafts; index += 1) state = pass(state, 40 + index, { most: 0 });
  return stepEdge(state, { kind: 'step-started', drafts: inStep }).state;
}

/** The target chooses these tokens. */
function verified(state: EdgeState, choices: readonly number[]): EdgeState {
  const { ticket } = state;
  if (ticket === null) throw new Error('no step');
  const chosen = [...ticket.drafts, 0].map((_, index) => choices[index] ?? 999);
  return stepEdge(state, { kind: 'step-done', ticket, rows: chosen.map((id) => ({ ids: [id], logits: [1] })) }).state;
}

describe('the alternatives of an edge', () => {
  it('grow in the passes beside a step, the likeliest first', () => {
    let state = stepping(3);
    const { order, hedgeChance } = orderEdgeDraft(state, [40, 41, 42], rule);
    expect(order.alternatives).toEqual([
      { id: 1, position: 3, tokens: [140] },
      { id: 2, position: 4, tokens: [141] },
    ]);
    expect(hedgeChance).toBeGreaterThan(0.2);
    for (const token of [43, 44]) state = pass(state, token);
    expect(state.edgeDrafts?.tokens).toEqual([40, 41, 42, 43, 44]);
    expect(state.edgeDrafts?.hedged?.alternatives).toMatchObject([
      { position: 3, tokens: [140, 504, 505] },
      { position: 4, tokens: [141, 505, 506] },
    ]);
  });

  it('are the next drafts where the target has chosen the runner-up', () => {
    const state = verified(pass(pass(stepping(3), 43), 44), [40, 141]);
    expect(state.text.slice(3)).toEqual([40, 141]);
    expect(state.edgeDrafts).toMatchObject({ length: 5, tokens: [505, 506], isComplete: false });
    expect(state.edgeDrafts?.hedged).toMatchObject({
      confidences: [0.9, 0.9],
      runnerUps: [null, null],
      alternatives: [],
    });
    const next = stepEdge(state, { kind: 'step-started', drafts: 2 }).state;
    expect(verified(next, [505, 506, 8]).text.slice(5)).toEqual([505, 506, 8]);
  });

  it("are the next drafts beside the step's own token, too", () => {
    const state = verified(pass(pass(pass(stepping(1), 41), 42, { most: 0 }), 43), [40, 141]);
    expect(state.edgeDrafts).toMatchObject({ length: 5, tokens: [505] });
  });

  it('are forgotten where the target has chosen another token, and where its text has passed them', () => {
    const state = pass(pass(stepping(3), 43), 44);
    expect(verified(state, [40, 200]).edgeDrafts).toBeNull();
    const accepted = verified(state, [40, 41, 42, 43]);
    expect(accepted.edgeDrafts).toMatchObject({ length: 7, tokens: [44] });
    expect(accepted.edgeDrafts?.hedged).toEqual({
      confidences: [0.6],
      runnerUps: [{ token: 144, confidence: 0.4 }],
      alternatives: [],
    });
  });

  it('take what a pass has added that ends after the step', () => {
    const state = pass(stepping(2), 42);
    const { order } = orderEdgeDraft(state, [40, 41, 42], rule);
    const after = verified(state, [140]);
    expect(after.edgeDrafts).toMatchObject({ length: 4, tokens: [504] });
    const alternatives = [{ id: 1, position: 5, token: 77, confidence: 1 }];
    const drafts = extendEdgeDrafts(order, { token: 43, confidence: 1, alternatives }, rule.endIds);
    expect(stepEdge(after, { kind: 'edge-drafted', drafts }).state.edgeDrafts?.tokens).toEqual([504, 77]);
  });

  it('may be several at one position, one for each later choice', () => {
    const first = orderEdgeDraft(stepping(0), [], rule).order;
    const runnerUp = { token: 140, confidence: 0.4, next: { token: 150, confidence: 0.3 } };
    const drafts = extendEdgeDrafts(first, { token: 40, confidence: 0.6, runnerUp }, rule.endIds);
    const state = stepEdge(stepping(0), { kind: 'edge-drafted', drafts }).state;
    const { order } = orderEdgeDraft(state, [40], rule);
    expect(order.alternatives).toEqual([
      { id: 1, position: 3, tokens: [140] },
      { id: 2, position: 3, tokens: [150] },
    ]);
    const alternatives = [{ id: 2, position: 4, token: 151, confidence: 1 }];
    const grown = extendEdgeDrafts(order, { token: 41, confidence: 0.6, alternatives }, rule.endIds);
    const after = verified(stepEdge(state, { kind: 'edge-drafted', drafts: grown }).state, [150]);
    expect(after.edgeDrafts).toMatchObject({ length: 4, tokens: [151] });
  });

  it('do not go on after the end of a text, nor beyond the answer', () => {
    const state = stepping(2);
    const first = orderEdgeDraft(state, [40, 41], { ...rule, most: 1 }).order;
    const ended = { id: 1, position: 4, token: endId, confidence: 1 };
    const drafts = extendEdgeDrafts(first, { token: 42, confidence: 0.6, alternatives: [ended] }, rule.endIds);
    const next = stepEdge(state, { kind: 'edge-drafted', drafts }).state;
    expect(orderEdgeDraft(next, [40, 41, 42], rule).order.alternatives.map(({ position }) => position)).toEqual([4]);
    const short = { ...state, open: { ...state.open, maxAnswerTokens: 2 } };
    expect(orderEdgeDraft(short, [40, 41], rule).order.alternatives.map(({ position }) => position)).toEqual([3]);
  });

  it("stand beside those drafts only that are the edge's own", () => {
    const state = stepping(2, 2, 'mix');
    const { order } = orderEdgeDraft(state, [40, 55, 56], rule);
    expect(order.alternatives).toEqual([{ id: 1, position: 3, tokens: [140] }]);
    expect(order.known?.runnerUps).toEqual([{ token: 140, confidence: 0.4 }, null, null]);
    expect(order.known?.confidences[0]).toBe(0.6);
    expect(order.known?.confidences[1]).toBeCloseTo(0.7, 12);
    const { known } = orderEdgeDraft(pass(state, 42), [40, 55], { ...rule, most: 0 }).order;
    expect(known?.alternatives.map(({ position }) => position)).toEqual([3]);
  });

  it('are none without a rule: a draft then carries no more than its tokens', () => {
    const { order, hedgeChance } = orderEdgeDraft(stepping(2), [40, 41], null);
    expect([order, hedgeChance]).toEqual([{ length: 3, tokens: [40, 41], alternatives: [], known: null }, 0]);
    const made = { token: 42, confidence: 1, runnerUp: { token: 9, confidence: 0.5 } };
    expect(extendEdgeDrafts(order, made, rule.endIds)).toEqual({ length: 3, tokens: [40, 41, 42], isComplete: false });
    expect(extendEdgeDrafts(order, null, rule.endIds)).toEqual({ length: 3, tokens: [40, 41], isComplete: true });
    expect(extendEdgeDrafts(order, { token: endId, confidence: 1 }, rule.endIds).isComplete).toBe(true);
  });

  it('learn how often the text has the runner-up', () => {
    const hitsAfter = (choices: readonly number[]): readonly [hits: number, trials: number] => {
      const rates = verified(stepping(3), choices).runnerUpRates;
      const sum = (read: 'hits' | 'trials'): number => rates.reduce((total, rate) => total + rate[read], 0);
      return [Math.round(sum('hits')), Math.round(sum('trials'))];
    };
    expect(hitsAfter([40, 41, 42])).toEqual([0, 3]);
    expect(hitsAfter([40, 141])).toEqual([1, 2]);
    expect(hitsAfter([200])).toEqual([0, 1]);
  });
});
