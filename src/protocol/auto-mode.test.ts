import { describe, expect, it } from 'vitest';
import { streamMsPerToken } from '../scheduling/predict-stream.ts';
import {
  chooseMode,
  type DraftingJudgement,
  type DraftingNews,
  freshJudgement,
  judgeDrafting,
  type TimingKnowledge,
} from './auto-mode.ts';

const counts = [1, 2, 3, 4, 5, 6, 7, 8];
const edge = { stepMs: line(40.4, 0.4), edgeDraftMs: null };

/** Steps of 1 to 8 rows. */
function line(oneRowMs: number, rowMs: number): number[] {
  return counts.map((rows) => oneRowMs + rowMs * (rows - 1));
}

const known: TimingKnowledge = { canDraft: true, draftMs: 10, roundTripMs: 10, acceptance: 0.8, edge };

describe('the mode of a turn', () => {
  it('is stream before any measurement, and ar if neither side drafts', () => {
    const unknown = { canDraft: true, draftMs: null, roundTripMs: null, acceptance: null, edge: null };
    expect(chooseMode(unknown)).toEqual({ mode: 'stream', drafts: true, reason: 'nothing is measured yet' });
    expect(chooseMode({ ...unknown, canDraft: false }).mode).toBe('ar');
    expect(chooseMode({ ...unknown, edge }).mode).toBe('stream');
  });

  it('is stream if device drafts save time, with the reason', () => {
    expect(chooseMode(known).mode).toBe('stream');
    expect(chooseMode(known).reason).toMatch(/the edge alone takes 40 ms, the network 10 ms, a draft 10 ms, 80 % of/);
  });

  it.each([
    ['drafts that never hold', { acceptance: 0.05 }],
    ['a draft slower than the target', { draftMs: 90 }],
    ['expensive rows', { edge: { ...edge, stepMs: line(40, 36) } }],
    ['a poor draft far away', { acceptance: 0.3, roundTripMs: 200 }],
  ])('begins without drafts given %s', (_name, changes) => {
    expect(chooseMode({ ...known, ...changes })).toMatchObject({ mode: 'stream', drafts: false });
  });

  it('is mix if edge drafts save time, and edge-sd if only the edge drafts', () => {
    const both = { ...known, edge: { ...edge, edgeDraftMs: 5 } };
    expect(chooseMode({ ...both, roundTripMs: 100 }).mode).toBe('mix');
    expect(chooseMode({ ...both, canDraft: false, draftMs: null }).mode).toBe('edge-sd');
    expect(chooseMode({ ...both, edge: { ...edge, edgeDraftMs: 60 } }).mode).toBe('stream');
  });
});

describe('an edge that pads its calls', () => {
  it.each([
    ['two rows', { fixedMs: 100, stairMs: 40, length: 2 }, 5],
    ['four rows', { fixedMs: 0, stairMs: 200, length: 4 }, 3],
    ['eight rows', { fixedMs: 0, stairMs: 200, length: 8 }, 7],
  ])(
    'makes the choice consider the draft counts that fill calls of %s',
    (_name, { fixedMs, stairMs, length }, drafts) => {
      const stepMs = (rows: number): number => fixedMs + stairMs * Math.ceil(rows / length);
      const figures = { stepMs, draftMs: 10, edgeDraftMs: 10, roundTripMs: 10, acceptance: 0.8 };
      const tokenMs = (count: number): number => streamMsPerToken(figures, count);
      const best = counts.reduce((one, other) => (tokenMs(other) < tokenMs(one) ? other : one));
      expect(best).toBe(drafts);
      const { reason } = chooseMode({ ...known, edge: { stepMs: counts.map(stepMs), edgeDraftMs: null } });
      expect(reason).toContain(`about ${tokenMs(best).toFixed(0)} ms a token`);
    },
  );
});

describe('drafting in a running turn', () => {
  const news: DraftingNews = { matched: 0, mismatched: 0, tokens: 16, draftMs: 10, roundTripMs: 30, edge };

  function judgedAfter(count: number, given: Partial<DraftingNews>, from: DraftingJudgement = freshJudgement) {
    let judged = from;
    for (let times = 0; times < count; times += 1) judged = judgeDrafting(judged, { ...news, ...given });
    return judged;
  }

  it('continues while it saves time', () => {
    expect(judgedAfter(20, { matched: 12, mismatched: 3 }).isDrafting).toBe(true);
  });

  it('stops when drafts are rejected, but not after a few rejections', () => {
    expect(judgedAfter(1, { mismatched: 10 }).isDrafting).toBe(true);
    expect(judgedAfter(6, { mismatched: 10 }).isDrafting).toBe(false);
  });

  it('stops when rows become expensive, and resumes when they are cheap again', () => {
    const expensive = { ...edge, stepMs: line(40, 36) };
    const good = { matched: 12, mismatched: 3 };
    const stopped = judgedAfter(3, { ...good, edge: expensive });
    expect(stopped.isDrafting).toBe(false);
    const justStopped = { ...stopped, tokensSince: 0 };
    expect(judgedAfter(1, {}, justStopped).isDrafting).toBe(false);
    expect(judgedAfter(2, {}, justStopped).isDrafting).toBe(true);
  });

  it('is tried again after a while', () => {
    const stopped = judgedAfter(6, { mismatched: 10 });
    expect(judgedAfter(4, {}, { ...stopped, tokensSince: 0 }).isDrafting).toBe(false);
    expect(judgedAfter(6, {}, { ...stopped, tokensSince: 0 })).toEqual(freshJudgement);
  });

  it('is not switched without measurements', () => {
    expect(judgedAfter(20, { mismatched: 10, roundTripMs: null }).isDrafting).toBe(true);
  });
});
