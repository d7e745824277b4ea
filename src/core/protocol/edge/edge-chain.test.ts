import { describe, expect, it } from 'vitest';
import { linearStepTime } from '../../scheduling/step-time.ts';
import type { ModeName } from '../wire/mode.ts';
import { chainOf, chainToExtend, draftsBeyond, lookedUpDrafts, lookUpChances, wantedDrafts } from './edge-chain.ts';
import { EdgeBed } from './edge-session.fixture.ts';
import { readyDrafts, stepEdge } from './edge-session.ts';
import type { EdgeState } from './edge-state.ts';

function session(mode: ModeName, drafts: readonly number[], edgeChain: readonly number[] | null): EdgeState {
  const bed = new EdgeBed({ mode });
  if (drafts.length > 0) bed.draft(1, 3, ...drafts);
  return edgeChain === null ? bed.state : drafted(bed.state, 3, edgeChain);
}

function drafted(state: EdgeState, length: number, tokens: readonly number[], isComplete = false): EdgeState {
  return stepEdge(state, { kind: 'edge-drafted', drafts: { length, tokens, isComplete } }).state;
}

function received(state: EdgeState, branch: number, first: number, tokens: readonly number[]): EdgeState {
  const message = { kind: 'draft', branch, first, tokens } as const;
  return stepEdge(state, { kind: 'message-received', link: 1, message }).state;
}

function finished(state: EdgeState, ...chosen: readonly number[]): EdgeState {
  if (state.ticket === null) throw new Error('no step runs');
  const rows = chosen.map((id) => ({ ids: [id], logits: [1] }));
  return stepEdge(state, { kind: 'step-done', ticket: state.ticket, rows }).state;
}

describe('the chain that a step could verify', () => {
  it.each([
    { name: 'nothing', drafts: [], edgeChain: null, tokens: [], deviceDrafts: 0 },
    { name: "the device's", drafts: [7, 8], edgeChain: null, tokens: [7, 8], deviceDrafts: 2 },
    { name: 'edge drafts', drafts: [], edgeChain: [5, 6], tokens: [5, 6], deviceDrafts: 0 },
    { name: "edge drafts after the device's", drafts: [7], edgeChain: [7, 6], tokens: [7, 6], deviceDrafts: 1 },
    { name: "the device's, if longer", drafts: [7, 6, 9], edgeChain: [7, 6], tokens: [7, 6, 9], deviceDrafts: 3 },
    { name: 'the longer one if they differ', drafts: [7, 8], edgeChain: [7, 5, 6], tokens: [7, 5, 6], deviceDrafts: 1 },
    { name: "the device's if equally long", drafts: [7, 8], edgeChain: [5, 6], tokens: [7, 8], deviceDrafts: 2 },
  ])('is $name', ({ drafts, edgeChain, tokens, deviceDrafts }) => {
    expect(chainOf(session('mix', drafts, edgeChain))).toMatchObject({ tokens, deviceDrafts });
  });

  it('is counted separately for device drafts and edge drafts', () => {
    const stepping = stepEdge(session('mix', [7], [7, 6, 5]), { kind: 'step-started', drafts: 3 }).state;
    expect(stepping.ticket).toMatchObject({ drafts: [7, 6, 5], deviceDrafts: 1 });
    const state = finished(stepping, 7, 6, 9, 1);
    expect(state.text.slice(3)).toEqual([7, 6, 9]);
    const account = { steps: 1, draftRows: 1, acceptedRows: 1, edgeDraftRows: 2, acceptedEdgeDraftRows: 1 };
    expect(state.account).toEqual(account);
    expect(state).toMatchObject({ edgeDraftsMatched: 1, edgeDraftsMismatched: 1 });
  });
});

describe('the drafts beyond a text', () => {
  const { text } = session('stream', [], null);

  it.each([
    ['of the same length', 3, [4, 5], [4, 5]],
    ['that has continued as drafted', 1, [2, 3, 4], [4]],
    ['that has continued as drafted to their end', 1, [2, 3], []],
    ['that has continued otherwise', 1, [2, 9, 4], null],
    ['that has passed them', 1, [2], null],
    ['that is shorter', 4, [5, 6], null],
  ])('%s', (_name, length, drafts, left) => {
    expect(draftsBeyond(text, length, drafts)).toEqual(left);
  });
});

describe('a looked-up chain', () => {
  const found = [5, 6, 9].map((token) => ({ token, matchLength: 3, chance: 0.1 * token, deviation: 0.1 }));

  function lookedUp(drafts: readonly number[]): EdgeState {
    const before = session('stream', [], null);
    const { state } = stepEdge(before, { kind: 'edge-drafted', drafts: lookedUpDrafts(before, found) });
    return drafts.length === 0 ? state : received(state, 1, 3, drafts);
  }

  it('fills a step without drafts, with the probability of each token', () => {
    expect(chainOf(lookedUp([]))).toMatchObject({ tokens: [5, 6, 9], deviceDrafts: 0 });
    expect(lookUpChances(lookedUp([]))).toEqual(found.map(({ chance }) => chance));
    expect(lookUpChances(session('stream', [7], null))).toEqual([]);
  });

  it('is not used if the device has any draft', () => {
    expect(chainOf(lookedUp([7]))).toMatchObject({ tokens: [7], deviceDrafts: 1 });
    expect(lookUpChances(lookedUp([7]))).toEqual([]);
  });
});

describe('adding edge drafts', () => {
  it('comes before a step while the chain is too short, and ends when it is long enough', () => {
    const short = session('mix', [7], null);
    expect(readyDrafts(short, 3)).toBeNull();
    expect(chainToExtend(short, 3, 8)).toEqual([7]);
    const enough = session('mix', [7], [7, 6, 5]);
    expect(readyDrafts(enough, 3)).toBe(3);
    expect(chainToExtend(enough, 3, 8)).toBeNull();
  });

  it('does not delay a step if the drafter has nothing to add', () => {
    const state = drafted(session('mix', [7], null), 3, [7], true);
    expect(chainToExtend(state, 3, 8)).toBeNull();
    expect(readyDrafts(state, 3)).toBe(1);
  });

  it('does not happen in modes in which the edge does not draft', () => {
    expect(chainToExtend(session('stream', [], null), 3, 8)).toBeNull();
    expect(readyDrafts(session('stream', [7], null), 3)).toBe(1);
  });
});

describe('the drafter while a step runs', () => {
  const stepping = (drafts: readonly number[], edgeChain: readonly number[] | null): EdgeState =>
    stepEdge(session('mix', drafts, edgeChain), { kind: 'step-started', drafts: 2 }).state;

  it('goes on from the chain that is being verified, for the token of the step and the drafts of the next', () => {
    expect(chainToExtend(stepping([], [7, 6]), 2, 4)).toEqual([7, 6]);
    expect(chainToExtend(stepping([7, 6], null), 2, 4)).toEqual([7, 6]);
    expect(chainToExtend(drafted(stepping([7, 6], null), 3, [7, 6, 9]), 2, 4)).toEqual([7, 6, 9]);
    expect(chainToExtend(drafted(stepping([], [7, 6]), 3, [7, 6, 9, 1, 2, 3, 4]), 2, 4)).toBeNull();
  });

  it('goes on from drafts of the device that arrive meanwhile, if they follow that chain', () => {
    expect(chainToExtend(received(stepping([7, 6], null), 1, 5, [9, 8]), 2, 4)).toEqual([7, 6, 9, 8]);
    const other = received(stepping([7, 6], null), 2, 3, [1, 2, 3, 4]);
    expect(chainToExtend(other, 2, 4)).toEqual([7, 6]);
    // What has been drafted is not forgotten because the device's other branch is longer.
    expect(chainToExtend(drafted(other, 3, [7, 6, 9]), 2, 4)).toEqual([7, 6, 9]);
  });

  it('has its drafts kept if the step accepts the chain and its own token is the draft', () => {
    const longer = drafted(stepping([], [7, 6]), 3, [7, 6, 9, 8]);
    expect(chainOf(finished(longer, 7, 6, 9)).tokens).toEqual([8]);
    expect(chainOf(finished(longer, 7, 6, 5)).tokens).toEqual([]);
    expect(chainOf(finished(longer, 7, 5, 9)).tokens).toEqual([]);
  });

  it('has a draft kept that ends after the step', () => {
    const stepped = finished(drafted(stepping([], [7, 6]), 3, [7, 6, 9]), 7, 6, 9);
    expect(chainOf(stepped).tokens).toEqual([]);
    expect(chainOf(drafted(stepped, 3, [7, 6, 9, 4])).tokens).toEqual([4]);
    const rejected = finished(drafted(stepping([], [7, 6]), 3, [7, 6, 9]), 7, 5, 9);
    expect(chainOf(drafted(rejected, 3, [7, 6, 9, 4])).tokens).toEqual([]);
  });
});

describe('wantedDrafts', () => {
  const settings = { draftLength: 4, draftMs: 5, stepTime: linearStepTime(40, 0.4), maxDrafts: 24 };

  it('is the draft length in edge-sd, the length with the best gain in mix, and 0 in other modes', () => {
    expect(wantedDrafts(session('edge-sd', [], null), settings)).toBe(4);
    // The prior acceptance is 0.7.
    expect(wantedDrafts(session('mix', [], null), settings)).toBe(3);
    expect(wantedDrafts(session('mix', [], null), { ...settings, draftMs: 20 })).toBe(1);
    expect(wantedDrafts(session('mix', [7, 8, 9, 7, 8, 9], null), settings)).toBe(6);
    expect(wantedDrafts(session('stream', [], null), settings)).toBe(0);
  });

  it('leaves the last token of the answer to the target', () => {
    expect(wantedDrafts(new EdgeBed({ mode: 'edge-sd', maxAnswerTokens: 3 }).state, settings)).toBe(2);
  });
});
