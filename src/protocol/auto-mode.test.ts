import { describe, expect, it } from 'vitest';
import {
  chooseMode,
  type DraftingJudgement,
  type DraftingNews,
  freshJudgement,
  judgeDrafting,
  type PaceKnowledge,
} from './auto-mode.ts';

const edge = { stepMs: { oneRow: 40.4, eightRows: 43.2 }, ownDraftMs: null };
const known: PaceKnowledge = { canDraft: true, draftMs: 10, roundTripMs: 10, acceptance: 0.8, edge };

describe('the mode of a turn', () => {
  it('is stream before anything is known, and ar where nothing drafts', () => {
    const unknown = { canDraft: true, draftMs: null, roundTripMs: null, acceptance: null, edge: null };
    expect(chooseMode(unknown)).toEqual({ pacing: 'stream', drafts: true, reason: 'nothing is measured yet' });
    expect(chooseMode({ ...unknown, canDraft: false }).pacing).toBe('ar');
    expect(chooseMode({ ...unknown, edge }).pacing).toBe('stream');
  });

  it("is stream where the device's drafts pay, and says why", () => {
    expect(chooseMode(known).pacing).toBe('stream');
    expect(chooseMode(known).reason).toMatch(/the edge alone takes 40 ms, the network 10 ms, a draft 10 ms, 80 % of/);
  });

  it.each([
    ['drafts that never hold', { acceptance: 0.05 }],
    ['a draft slower than the target', { draftMs: 90 }],
    ['dear rows', { edge: { ...edge, stepMs: { oneRow: 40, eightRows: 292 } } }],
    ['a poor draft far away', { acceptance: 0.3, roundTripMs: 200 }],
  ])('leaves drafting off with %s', (_name, changes) => {
    expect(chooseMode({ ...known, ...changes })).toMatchObject({ pacing: 'stream', drafts: false });
  });

  it("is mix where drafts of the edge's own are worth it, edge-sd where only the edge drafts", () => {
    const both = { ...known, edge: { ...edge, ownDraftMs: 5 } };
    expect(chooseMode({ ...both, roundTripMs: 100 }).pacing).toBe('mix');
    expect(chooseMode({ ...both, canDraft: false, draftMs: null }).pacing).toBe('edge-sd');
    expect(chooseMode({ ...both, edge: { ...edge, ownDraftMs: 60 } }).pacing).toBe('stream');
  });
});

describe('drafting in a running turn', () => {
  const news: DraftingNews = { matched: 0, mismatched: 0, tokens: 16, draftMs: 10, roundTripMs: 30, edge };

  function judgedAfter(count: number, given: Partial<DraftingNews>, from: DraftingJudgement = freshJudgement) {
    let judged = from;
    for (let times = 0; times < count; times += 1) judged = judgeDrafting(judged, { ...news, ...given });
    return judged;
  }

  it('goes on while it pays', () => {
    expect(judgedAfter(20, { matched: 12, mismatched: 3 }).isDrafting).toBe(true);
  });

  it('stops where drafts do not hold, not at the first sign', () => {
    expect(judgedAfter(1, { mismatched: 10 }).isDrafting).toBe(true);
    expect(judgedAfter(6, { mismatched: 10 }).isDrafting).toBe(false);
  });

  it('stops where rows have become dear, and goes on when they are cheap again', () => {
    const dear = { ...edge, stepMs: { oneRow: 40, eightRows: 292 } };
    const good = { matched: 12, mismatched: 3 };
    const stopped = judgedAfter(3, { ...good, edge: dear });
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

  it('changes nothing while nothing is measured', () => {
    expect(judgedAfter(20, { mismatched: 10, roundTripMs: null }).isDrafting).toBe(true);
  });
});
