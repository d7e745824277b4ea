import { describe, expect, it } from 'vitest';
import { streamMsPerToken } from '../../scheduling/predict-stream.ts';
import { modeNames, modeOf } from '../wire/mode.ts';
import {
  beginDrafting,
  canDraftsPay,
  type DraftingJudgement,
  type DraftingNews,
  type DraftingOrder,
  describeGain,
  expectedGain,
  freshJudgement,
  judgeDrafting,
  leastGainAt,
  modeInForce,
  noPaces,
} from './auto-mode.ts';
import { frugalLead, type TimingKnowledge } from './stream-forecast.ts';

const counts = [1, 2, 3, 4, 5, 6, 7, 8];
const edge = { stepMs: line(40.4, 0.4), edgeDraftMs: null };
const draftingEdge = { ...edge, edgeDraftMs: 5 };

/** Steps of 1 to 8 rows. */
function line(oneRowMs: number, rowMs: number): number[] {
  return counts.map((rows) => oneRowMs + rowMs * (rows - 1));
}

const known: TimingKnowledge = { draftMs: 10, roundTripMs: 10, acceptance: 0.8, edge };
const unknown: TimingKnowledge = { draftMs: null, roundTripMs: null, acceptance: null, edge: null };
const least = leastGainAt(undefined);
const news: DraftingNews = {
  draftMs: 10,
  roundTripMs: 30,
  edge,
  matched: 0,
  mismatched: 0,
  tokens: 16,
  commits: 0,
  decodedTokens: 0,
  decodeMs: 0,
  leastGain: least,
};

function judgedAfter(count: number, given: Partial<DraftingNews>, from = freshJudgement): DraftingJudgement {
  let judged = from;
  for (let times = 0; times < count; times += 1) judged = judgeDrafting(judged, { ...news, ...given });
  return judged;
}

it.each([
  [true, true, 'mix'],
  [false, true, 'edge-sd'],
  [true, false, 'stream'],
  [false, false, 'ar'],
] as const)('the mode in force with drafts of the device %s and of the edge %s is %s', (device, onEdge, mode) => {
  expect(modeInForce(device, onEdge)).toBe(mode);
});

it('drafting can be switched off, and the edge looks up, in stream alone', () => {
  expect(modeNames.filter((name) => modeOf(name).draftingIsOptional)).toEqual(['stream']);
  expect(modeNames.filter((name) => modeOf(name).edgeLooksUp)).toEqual(['stream']);
});

describe('a gain in words', () => {
  const gain = { share: 0.25, withMs: 30, withoutMs: 9.96, isFelt: false };
  const start = 'drafts of this device save about 25 % (expected: 30 ms a token with them, 10.0 without';

  it.each<[Partial<TimingKnowledge>, string]>([
    [{}, ''],
    [{ roundTripMs: 12 }, '; the network takes 12 ms'],
    [{ draftMs: 4 }, '; a draft 4.0 ms'],
    [{ acceptance: 0.8, draftMs: 10 }, '; a draft 10 ms, 80 % of drafts hold'],
  ])('names the causes that are known: %j', (causes, said) => {
    expect(describeGain({ ...unknown, ...causes }, gain)).toBe(`${start}${said})`);
  });
});

describe('the expected gain', () => {
  const shareOf = (changes: Partial<TimingKnowledge>, paces = noPaces): number =>
    expectedGain({ ...known, ...changes }, paces)?.share ?? Number.NaN;

  it('is unknown before any measurement', () => {
    expect(expectedGain(unknown, noPaces)).toBeNull();
    expect(expectedGain({ ...known, draftMs: null }, noPaces)).toBeNull();
  });

  it('is that of stream over the edge alone', () => {
    expect(shareOf({})).toBeGreaterThan(0.4);
    expect(shareOf({ acceptance: 0.3, roundTripMs: 200 })).toBeLessThan(least);
  });

  it('is small beside drafts of the edge, and smaller the farther the edge is', () => {
    const [near, far] = [0, 100].map((roundTripMs) => shareOf({ edge: draftingEdge, roundTripMs }));
    expect(near).toBeGreaterThan(least);
    expect(near).toBeLessThan(0.1);
    expect(far).toBeLessThan(least);
  });

  it('is that of stream again where a draft of the edge takes longer than its step', () => {
    expect(shareOf({ edge: { ...edge, edgeDraftMs: 60 } })).toBeCloseTo(shareOf({}), 1);
  });

  it('grows with the load, which makes steps long beside drafts', () => {
    expect(shareOf({ roundTripMs: 60, loadMs: 100 })).toBeGreaterThan(shareOf({ roundTripMs: 60 }));
  });

  it('follows what was felt, the more the more tokens were', () => {
    const felt = (tokens: number): number =>
      shareOf({}, { drafting: { tokens, ms: 40 * tokens }, resting: { tokens, ms: 40 * tokens } });
    expect(felt(4)).toBe(shareOf({}));
    expect(felt(64)).toBeCloseTo(shareOf({}) / 2, 6);
    expect(felt(400)).toBeLessThan(0.1);
    const paces = { drafting: { tokens: 50, ms: 1000 }, resting: { tokens: 50, ms: 2000 } };
    expect(expectedGain(unknown, paces)?.share).toBeCloseTo(0.5, 6);
  });
});

it.each([
  ['two rows', { fixedMs: 100, stairMs: 40, length: 2 }, 5],
  ['four rows', { fixedMs: 0, stairMs: 200, length: 4 }, 3],
  ['eight rows', { fixedMs: 0, stairMs: 200, length: 8 }, 7],
])(
  'an edge that pads its calls makes the gain that of draft counts that fill calls of %s',
  (_name, { fixedMs, stairMs, length }, drafts) => {
    const stepMs = (rows: number): number => fixedMs + stairMs * Math.ceil(rows / length);
    const figures = { stepMs, draftMs: 10, edgeDraftMs: 10, roundTripMs: 10, acceptance: 0.8 };
    const tokenMs = (count: number): number => streamMsPerToken(figures, count);
    const best = counts.reduce((one, other) => (tokenMs(other) < tokenMs(one) ? other : one));
    expect(best).toBe(drafts);
    const gain = expectedGain({ ...known, edge: { stepMs: counts.map(stepMs), edgeDraftMs: null } }, noPaces);
    // The measurements are taken coarsely.
    expect(Math.abs((gain?.withMs ?? 0) / tokenMs(best) - 1)).toBeLessThan(0.03);
  },
);

describe('a turn', () => {
  it('begins with drafts before any measurement, except where rows cost too much', () => {
    expect(beginDrafting(unknown, noPaces, least)).toEqual({
      isDrafting: true,
      reason: 'nothing was measured before this answer',
    });
    const slope = { stepMs: line(54, 54), edgeDraftMs: null };
    expect(canDraftsPay(slope)).toBe(false);
    expect(beginDrafting({ ...unknown, edge: slope }, noPaces, least).isDrafting).toBe(false);
  });

  it.each([
    ['drafts that never hold', { acceptance: 0.05 }],
    ['a draft slower than the target', { draftMs: 90 }],
    ['expensive rows', { edge: { ...edge, stepMs: line(40, 36) } }],
    ['a poor draft far away', { acceptance: 0.3, roundTripMs: 200 }],
  ])('begins without drafts given %s', (_name, changes) => {
    expect(beginDrafting({ ...known, ...changes }, noPaces, least).isDrafting).toBe(false);
  });

  it('says why', () => {
    const gain = expectedGain(known, noPaces);
    if (gain === null) throw new Error('no gain');
    expect(beginDrafting(known, noPaces, least)).toEqual({ isDrafting: true, reason: describeGain(known, gain) });
  });

  it('asks for more gain with a low battery, and drafts no more when it is almost empty', () => {
    expect(leastGainAt(1)).toBe(least);
    expect(leastGainAt(0.5)).toBe(least);
    expect(leastGainAt(0.2)).toBeGreaterThan(5 * least);
    const near = { ...known, edge: draftingEdge, roundTripMs: 0 };
    expect(beginDrafting(near, noPaces, leastGainAt(0.9)).isDrafting).toBe(true);
    expect(beginDrafting(near, noPaces, leastGainAt(0.3)).isDrafting).toBe(false);
    expect(beginDrafting(known, noPaces, leastGainAt(0.04))).toMatchObject({ isDrafting: false });
  });
});

describe('drafting in a running turn', () => {
  it('continues while it saves time', () => {
    expect(judgedAfter(20, { matched: 12, mismatched: 3 }).isDrafting).toBe(true);
  });

  it('stops when drafts are rejected, but not after a few rejections', () => {
    expect(judgedAfter(1, { mismatched: 10 }).isDrafting).toBe(true);
    const stopped = judgedAfter(6, { mismatched: 10 });
    expect(stopped.isDrafting).toBe(false);
    expect(stopped.reason).toMatch(/save about \d %/);
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

  it('resumes when steps become long: other sessions of the edge share them', () => {
    const far = { roundTripMs: 150, matched: 0, mismatched: 0 };
    const resting = { ...freshJudgement, isDrafting: false, matched: 20, mismatched: 20, tokensSince: 8 };
    const alone = { commits: 16, decodedTokens: 16, decodeMs: 16 * 40.4 };
    expect(judgedAfter(1, { ...far, ...alone }, resting).isDrafting).toBe(false);
    expect(judgedAfter(1, { ...far, ...alone, decodeMs: 16 * 300 }, resting).isDrafting).toBe(true);
  });

  it('is tried again after a while, for a while', () => {
    const stopped = judgedAfter(6, { mismatched: 10 });
    expect(stopped.isDrafting).toBe(false);
    expect(judgedAfter(1, {}, { ...stopped, tokensSince: 0 }).isDrafting).toBe(false);
    const tried = judgedAfter(2, {}, { ...stopped, tokensSince: 0 });
    expect(tried).toMatchObject({ isDrafting: true, isTrial: true, matched: 3, mismatched: 1, tryAfter: 32 });
    const failed = { isDrafting: false, isTrial: false, tryAfter: 32 };
    expect(judgedAfter(1, { mismatched: 10 }, tried)).toMatchObject(failed);
    expect(judgedAfter(8, { matched: 10 }, tried)).toMatchObject({ isDrafting: true });
  });

  it('is tried more rarely where it was felt to cost time, and with a low battery', () => {
    const paces = { drafting: { tokens: 50, ms: 3000 }, resting: { tokens: 50, ms: 2000 } };
    const costly = judgedAfter(2, { mismatched: 10 }, { ...freshJudgement, paces });
    expect(costly).toMatchObject({ isDrafting: false, tryAfter: 64 });
    expect(judgedAfter(3, {}, { ...costly, tokensSince: 0 }).isDrafting).toBe(false);
    expect(judgedAfter(4, {}, { ...costly, tokensSince: 0 }).isDrafting).toBe(true);
    const low = { leastGain: leastGainAt(0.4) };
    const stopped = { ...freshJudgement, isDrafting: false, matched: 0, mismatched: 20 };
    expect(judgedAfter(5, low, stopped).isDrafting).toBe(false);
    expect(judgedAfter(7, low, stopped).isDrafting).toBe(true);
  });

  it('is never tried with an empty battery', () => {
    const stopped = { ...freshJudgement, isDrafting: false };
    expect(judgedAfter(200, { leastGain: leastGainAt(0.01) }, stopped).isDrafting).toBe(false);
  });

  it('rests once beside drafts of the edge, to compare, and goes on as was felt', () => {
    const good = { matched: 12, mismatched: 3, edge: draftingEdge, roundTripMs: 0 };
    const felt = { commits: 8, decodedTokens: 16, decodeMs: 16 * 15 };
    const compares = judgedAfter(6, { ...good, ...felt });
    expect(compares).toMatchObject({ isDrafting: false, reason: expect.stringMatching(/compare/) });
    const quick = judgedAfter(2, { ...good, ...felt, decodeMs: 16 * 5, matched: 0, mismatched: 0 }, compares);
    expect(quick.isDrafting).toBe(false);
    const slow = judgedAfter(2, { ...good, ...felt, decodeMs: 16 * 40, matched: 0, mismatched: 0 }, compares);
    expect(slow.isDrafting).toBe(true);
  });

  it('is switched at most every 16 tokens, and every 24 without a trial', () => {
    let judged = freshJudgement;
    for (let round = 0; round < 60; round += 1) {
      const isGood = round % 2 === 0;
      const given = { tokens: 8, matched: isGood ? 40 : 0, mismatched: isGood ? 0 : 40 };
      const after = judgeDrafting(judged, { ...news, ...given });
      if (after.isDrafting !== judged.isDrafting)
        expect(judged.tokensSince + 8).toBeGreaterThanOrEqual(judged.isTrial ? 16 : 24);
      judged = after;
    }
  });

  it('is not switched without measurements', () => {
    expect(judgedAfter(20, { mismatched: 10, roundTripMs: null }).isDrafting).toBe(true);
  });
});

describe('an order', () => {
  const on: DraftingOrder = { on: true, reason: 'drafts pay' };
  const off: DraftingOrder = { on: false, reason: 'the edge is quick enough' };
  const poor = { ...known, acceptance: 0.1, roundTripMs: 200 };
  const costly = { roundTripMs: 200, matched: 1, mismatched: 9, tokens: 1, commits: 1, decodedTokens: 1, decodeMs: 40 };
  const judge = (judged: DraftingJudgement, given: Partial<DraftingNews>, times = 1): DraftingJudgement =>
    judgedAfter(times, { ...costly, ...given }, judged);
  const felt = (withMs: number) => {
    return { drafting: { tokens: 200, ms: 200 * withMs }, resting: { tokens: 200, ms: 200 * 40 } };
  };

  it('decides how a turn begins, against a prediction', () => {
    expect(beginDrafting(poor, noPaces, least).isDrafting).toBe(false);
    expect(beginDrafting(poor, noPaces, least, on)).toEqual({ isDrafting: true, reason: on.reason });
    expect(beginDrafting(known, noPaces, least, off)).toEqual({ isDrafting: false, reason: off.reason });
  });

  it('switches at once, and stays in force', () => {
    const stopped = judge(freshJudgement, { order: off });
    expect(stopped).toMatchObject({ isDrafting: false, reason: off.reason, isTrial: false });
    // Without the order it would be tried again.
    const resting = judge(stopped, { tokens: 16, order: off }, 50);
    expect(resting.isDrafting).toBe(false);
    const resumed = judge(resting, { order: on });
    expect(resumed).toMatchObject({ isDrafting: true, reason: on.reason });
    const drafting = judge(resumed, { tokens: 16, order: on }, 50);
    expect(drafting.isDrafting).toBe(true);
    expect(judge(drafting, { tokens: 16, order: null }, 4).isDrafting).toBe(false);
  });

  it('does not make a device draft where drafts were felt to cost time, or its battery is almost empty', () => {
    expect(beginDrafting(known, felt(80), least, on).isDrafting).toBe(false);
    expect(beginDrafting(known, felt(30), least, on)).toEqual({ isDrafting: true, reason: on.reason });
    const slow = { ...freshJudgement, isDrafting: false, paces: felt(80) };
    expect(judge(slow, { order: on }).isDrafting).toBe(false);
    const empty = leastGainAt(0.01);
    expect(beginDrafting(known, noPaces, empty, on).isDrafting).toBe(false);
    expect(judge({ ...slow, paces: noPaces }, { leastGain: empty, order: on }).isDrafting).toBe(false);
  });
});

describe('how far ahead a device must draft', () => {
  const lead = (changes: Partial<TimingKnowledge>, share: number): number =>
    frugalLead({ ...known, ...changes }, share) ?? Number.NaN;

  it('is less the more time it may cost, and more the farther the edge is', () => {
    expect(lead({}, 0.27)).toBeLessThan(lead({}, 0.03));
    expect(lead({ roundTripMs: 100 }, 0.03)).toBeGreaterThan(lead({}, 0.03));
    expect(lead({}, 0.9)).toBe(0);
    expect(frugalLead(unknown, 0.03)).toBeNull();
  });

  it('costs no more than it may, in virtual time too', () => {
    // bench modes --modes stream,ar --acceptance 0.8 --rtt 60 --seeds 8 --max-ahead N: 24: 28.0 ms a token; 7: 28.9 ms; 4: 32.4 ms.
    expect([0.03, 0.27].map((share) => lead({ roundTripMs: 60 }, share))).toEqual([7, 4]);
    // 24 drafts ahead: 22.0 ms a token; 7: 21.9 ms; 3: 25.7 ms.
    expect([0.03, 0.27].map((share) => lead({}, share))).toEqual([7, 3]);
  });
});
