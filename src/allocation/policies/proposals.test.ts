// Decisions among proposals: each is scored from where sessions stand, the best one is taken, and bad slots are ridden out.

import { describe, expect, it } from 'vitest';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import { feltMs, scoreFelt } from '../felt/felt-score.ts';
import { checkAssignment } from '../slot/check-assignment.ts';
import { checkState } from '../slot/check-state.ts';
import type { PaceState } from '../slot/pace-state.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import { syntheticSlot } from '../slot/synthetic-slot.ts';
import { chooseProposal, equalSharing, optimalSharing, type Proposal, proposeFelt } from './proposals.ts';

function feltSlot(deviceCount: number, serverCount: number, seed: number, energyWeight = 20): SlotState {
  return syntheticSlot({ deviceCount, serverCount, seed, sideM: 150, objective: { kind: 'felt', energyWeight } });
}

function paceOf(state: SlotState): PaceState {
  return state.pace as PaceState;
}

const named = (name: string, score: number, movedTokens = 500): Proposal => {
  return { name, score, movedTokens, assignment: {} as Assignment };
};

describe('proposals under felt', () => {
  it.each([optimalSharing, equalSharing])(
    'are named, valid and different, and best takes one that is hardly worse than any that moves less',
    (sharing) => {
      for (let seed = 1; seed <= 6; seed++) {
        const state = feltSlot(24, 4, seed);
        const proposals = proposeFelt(state, sharing);
        expect(proposals[0]?.name).toBe('search');
        expect(proposals.length).toBeGreaterThan(3);
        expect(new Set(proposals.map(({ assignment }) => assignment.server.join())).size).toBe(proposals.length);
        for (const { assignment, score } of proposals) {
          checkAssignment(state, assignment);
          expect(score).toBeCloseTo(scoreFelt(state, assignment), 6);
        }
        const taken = createPolicy(sharing === optimalSharing ? 'best+optimal' : 'best+equal')(state);
        const least = (some: readonly Proposal[]): number => Math.min(...some.map(({ score }) => score));
        const [search] = proposals as [Proposal];
        const staying = proposals.filter(({ movedTokens }) => movedTokens <= search.movedTokens);
        expect(scoreFelt(state, taken)).toBeLessThanOrEqual(least([search, ...staying]) / 0.98 + 1e-6);
        expect(scoreFelt(state, taken)).toBeLessThanOrEqual(least(proposals) / 0.75 + 1e-6);
        expect(taken).toEqual(chooseProposal(proposals).assignment);
      }
    },
  );

  it('are left for another one where that is clearly better, and never by scores that are no numbers', () => {
    const of = (...scores: [number, number, number]): string =>
      chooseProposal([named('search', scores[0]), named('stay', scores[1], 0), named('max-sinr', scores[2], 501)]).name;
    expect(of(100, 99, 120)).toBe('search');
    expect(of(100, 97, 120)).toBe('stay');
    expect(of(100, 97, 50)).toBe('max-sinr');
    // One that moves more text has to be better by a quarter.
    expect(of(100, 99, 76)).toBe('search');
    expect(of(100, 97, 76)).toBe('stay');
    expect(of(100, 99, 74)).toBe('max-sinr');
    expect(of(100, Number.NaN, Number.NaN)).toBe('search');
    expect(of(Number.NaN, 100, 90)).toBe('search');
    expect(chooseProposal([named('search', Number.NaN)]).name).toBe('search');
  });

  it('do not move to and fro while costs waver by less than a move is worth', () => {
    const state = feltSlot(24, 4, 3);
    const best = createPolicy('best');
    const pace = paceOf(state);
    let held = best(state).server;
    const moved: number[] = [];
    for (let slot = 1; slot <= 8; slot++) {
      const waver = slot % 2 === 0 ? 1.002 : 0.998;
      const stepFixedMs = pace.stepFixedMs.map((ms, server) => (server === 0 ? ms * waver : ms));
      const standing = { ...pace, stepFixedMs, textServer: held, textTokens: new Float64Array(24).fill(400) };
      const next = best({ ...state, slot, previousServer: held, pace: standing }).server;
      moved.push(next.filter((server, device) => server !== held[device]).length);
      held = next;
    }
    expect(moved.slice(1)).toEqual(new Array(7).fill(0));
  });

  it('leave out a move whose text would hold others up, which the cost of a slot like this one does not see', () => {
    const state = feltSlot(12, 2, 4, 0);
    const pace = paceOf(state);
    const where = Int32Array.from({ length: 12 }, (_, device) => (device < 9 ? 0 : 1));
    const all = (value: number): Float64Array => new Float64Array(12).fill(value);
    const long = {
      ...pace,
      isTypical: false,
      promptTokens: all(0),
      promptTokensDone: all(100),
      answerTokens: all(4000),
      textServer: where,
      textTokens: all(3000),
    };
    const slot = { ...state, previousServer: where, pace: long };
    const count = (policy: string): number =>
      createPolicy(policy)(slot).server.filter((server, device) => server !== where[device]).length;
    expect(count('best-slot')).toBeGreaterThan(count('best'));
  });

  it('are compared without devices that nobody can reach', () => {
    const state = feltSlot(8, 3, 5);
    const deaf = { ...state, snr: state.snr.map((snr, link) => (link < 3 ? 0 : snr)) };
    const [all, some] = [state, deaf].map((one) => proposeFelt(one, optimalSharing)) as [Proposal[], Proposal[]];
    // One of eight waits for ever, which would be more than all others together.
    expect(some[0]?.score).toBeLessThan(all[0]?.score as number);
    expect(Number.isFinite(some[0]?.score)).toBe(true);
  });

  it('serve nobody where no link is good enough, and say so by -1', () => {
    const state = feltSlot(5, 2, 1);
    const deaf = { ...state, snr: new Float64Array(10) };
    checkState(deaf);
    const { server, bandwidthShare } = createPolicy('best')(deaf);
    expect([...server]).toEqual([-1, -1, -1, -1, -1]);
    expect([...bandwidthShare]).toEqual([0, 0, 0, 0, 0]);
    expect(proposeFelt(deaf, optimalSharing)).toHaveLength(1);
    expect(Number.isFinite(proposeFelt(deaf, optimalSharing)[0]?.score)).toBe(true);
  });

  it('refuse a draft time of 0 or none, and a weight below 1', () => {
    const state = feltSlot(3, 2, 1);
    for (const bad of [0, Number.NaN, -1]) {
      const draftMs = paceOf(state).draftMs.slice();
      draftMs[1] = bad;
      expect(() => checkState({ ...state, pace: { ...paceOf(state), draftMs } })).toThrow(
        `device 1: draftMs is ${bad}`,
      );
    }
    const weighted = { ...state, objective: { ...state.objective, firstTokenWeight: 0.5 } };
    expect(() => checkState(weighted)).toThrow('firstTokenWeight is 0.5');
  });
});

describe('what is felt', () => {
  it('is the time over the tokens and one more, and a wait for the first one counts by its weight', () => {
    expect(feltMs(3000, { tokens: 99, waitedMs: 0 }, 3)).toBe(30);
    expect(feltMs(3000, { tokens: 99, waitedMs: 500 }, 3)).toBe(40);
    expect(feltMs(3000, { tokens: 0, waitedMs: 3000 }, 3)).toBe(9000);
    expect(feltMs(3000, { tokens: 99, waitedMs: 500 }, 1)).toBe(30);
    expect(feltMs(3000, { tokens: 0, waitedMs: 3000, laterMs: 1000 }, 3)).toBe(12_000);
  });

  it('is better with a better first token the more that weighs', () => {
    // One device has its text on a busy server and asks; the other server is free.
    const state = feltSlot(12, 2, 7, 0);
    const weighted = (firstTokenWeight: number): SlotState => ({
      ...state,
      objective: { ...state.objective, firstTokenWeight },
    });
    const assignment = createPolicy('max-sinr+optimal')(state);
    const [one, ten] = [1, 10].map((weight) => scoreFelt(weighted(weight), assignment)) as [number, number];
    expect(ten).toBeGreaterThan(one);
  });
});
