import { describe, expect, it } from 'vitest';
import type { SessionWork } from '../../scheduling/schedule-step.ts';
import type { EdgeEntry } from './edge-core.ts';
import { anyone } from './edge-key.ts';
import type { EdgeRegistry } from './edge-registry.ts';
import { EdgeBed } from './edge-session.fixture.ts';
import { EngineSteps } from './engine-steps.ts';

function entryOf(number: number, matched: number, mismatched: number, key = anyone): EdgeEntry {
  const state = { ...new EdgeBed().state, matched, mismatched };
  const shared = { number, id: state.open.session, key, share: 1, downlinkShare: 1, state };
  const times = { waitingSinceMs: null, lostSinceMs: null, stalledSinceMs: null };
  const own = { wanted: { length: 0, drafts: 0 }, orderedTargetMs: null, paceStart: null };
  return { ...shared, ...times, ...own, hasPlace: true, sentAhead: null, cancelForget: null, isKept: true };
}

/** How the scheduler sees each session. */
function viewsOf(...entries: readonly EdgeEntry[]): SessionWork[] {
  const host = { heldTokens: ({ state }: EdgeEntry) => state.text.length - 1, lookUp: () => undefined };
  const limits = { maxRows: 32, usefulRows: 32, prefillChunk: 16 };
  const steps = new EngineSteps<EdgeEntry>({ entries } as unknown as EdgeRegistry<EdgeEntry>, limits, host);
  return steps.gather().map(({ view }) => view);
}

function acceptancesOf(...entries: readonly EdgeEntry[]): number[] {
  return viewsOf(...entries).map(({ acceptance }) => acceptance);
}

it('divides the weight of a key among its sessions, by their shares, where there are several keys', () => {
  const weightsOf = (...entries: readonly EdgeEntry[]) => viewsOf(...entries).map(({ weight }) => weight);
  const [own, other] = [
    { ...anyone, id: 'a', share: 6 },
    { ...anyone, id: 'b', share: 2 },
  ];
  const pair = [entryOf(1, 0, 0, own), { ...entryOf(2, 0, 0, own), share: 2 }];
  expect(weightsOf(...pair)).toEqual([1, 2]);
  expect(weightsOf(...pair, entryOf(3, 0, 0, other))).toEqual([2, 4, 2]);
});

describe('the acceptance of the sessions of a step', () => {
  it('is guessed for a lone session, and corrected by its drafts', () => {
    expect(acceptancesOf(entryOf(1, 0, 0))).toEqual([0.7]);
    expect(acceptancesOf(entryOf(1, 16, 0))[0]).toBeCloseTo(18.8 / 20, 12);
  });

  it('is that of the others for a session of which nothing is known, where they are alike', () => {
    const alike = [1, 2, 3, 4].map((number) => entryOf(number, 54, 6));
    const [fresh] = acceptancesOf(entryOf(9, 0, 0), ...alike);
    expect(fresh).toBeCloseTo(0.9, 1);
    // A few misses say less than 240 comparisons of sessions like it.
    const [unlucky] = acceptancesOf(entryOf(9, 1, 3), ...alike);
    expect(unlucky).toBeGreaterThan(0.7);
  });

  it('is its own where sessions differ', () => {
    const unlike = [0.2, 0.5, 0.95].map((rate, index) => entryOf(index + 1, 60 * rate, 60 * (1 - rate)));
    const [poor] = acceptancesOf(entryOf(9, 4, 16), ...unlike);
    expect(poor).toBeLessThan(0.35);
  });
});
