// Tokens of a slot: what a session that decodes gets, and what starts, moves and outages take from it and from its neighbours.

import { describe, expect, it } from 'vitest';
import { shareEqually } from '../paper/equal-shares.ts';
import { type PaceState, standingsOf } from '../slot/pace-state.ts';
import type { SlotState } from '../slot/slot-state.ts';
import type { PlacedText, Standing } from '../slot/standing.ts';
import { syntheticSlot } from '../slot/synthetic-slot.ts';
import { predictPace, rateOf } from './predict-pace.ts';
import { predictTokens } from './predict-tokens.ts';

const slotMs = 500;

/** Devices near all servers, alike, with texts that are known. */
function slotOf(deviceCount: number, serverCount = 2): SlotState {
  const objective = { kind: 'felt' } as const;
  const state = syntheticSlot({ deviceCount, serverCount, seed: 1, sideM: 60, objective });
  const pace = state.pace as NonNullable<SlotState['pace']>;
  const all = (value: number): Float64Array => new Float64Array(deviceCount).fill(value);
  const texts = { promptTokens: all(0), promptTokensDone: all(0), promptBits: all(8e3), answerTokens: all(200) };
  const none = { textServer: new Int32Array(deviceCount).fill(-1), textTokens: all(0) };
  const law = { stepFixedMs: pace.stepFixedMs.fill(10), stepRowMs: pace.stepRowMs.fill(0.2) };
  return { ...state, slotMs, pace: { ...pace, ...texts, ...none, ...law, draftMs: all(2), isTypical: false } };
}

const at = (server: number, leftTokens = 0, more: Partial<PlacedText> = {}): PlacedText => {
  return { server, leftTokens, aheadTokens: 0, fromMs: 0, share: 0.5, ...more };
};
const session = (...texts: PlacedText[]): Standing => ({ texts, textTokens: 400, wasCutOff: false, isUnread: false });
const fresh = (textTokens: number): Standing => ({ texts: [], textTokens, wasCutOff: false, isUnread: true });

function expected(state: SlotState, servers: readonly number[], standings: readonly Standing[]): number[] {
  return [...predictTokens(state, shareEqually(state, Int32Array.from(servers)), standings).tokens];
}

describe('tokens of a slot', () => {
  it('of sessions that decode are those of the pace', () => {
    const state = slotOf(3);
    const standings = [0, 0, 1].map((server) => session(at(server)));
    const { laterTokenMs } = predictPace(state, shareEqually(state, Int32Array.of(0, 0, 1)));
    const tokens = expected(state, [0, 0, 1], standings);
    for (const [device, one] of tokens.entries())
      expect(one * (laterTokenMs[device] as number)).toBeCloseTo(slotMs, -2);
    // One neighbour more costs a little.
    expect(tokens[2]).toBeGreaterThan(tokens[0] as number);
  });

  it('a prompt takes about half of the steps from those that decode, and its own session waits for it', () => {
    const state = slotOf(2, 1);
    const [alone] = expected(state, [0, 0], [session(at(0)), session(at(0, 10, { fromMs: slotMs }))]);
    const [beside, none] = expected(state, [0, 0], [session(at(0)), fresh(5000)]) as [number, number];
    expect(none).toBe(0);
    expect(beside / (alone as number)).toBeGreaterThan(0.45);
    expect(beside / (alone as number)).toBeLessThan(0.8);
    const short = expected(state, [0, 0], [session(at(0)), fresh(50)])[1] as number;
    expect(short).toBeGreaterThan(0);
    expect(short).toBeLessThan(alone as number);
  });

  it('a session that moves goes on where it was, and its new neighbours pay for its text', () => {
    const state = slotOf(3);
    const standings = [session(at(0)), session(at(1)), session(at(1))];
    const stays = expected(state, [0, 1, 1], standings) as [number, number, number];
    const moves = expected(state, [1, 1, 1], standings) as [number, number, number];
    expect(moves[0]).toBeGreaterThan(0.8 * stays[0]);
    expect(moves[1]).toBeLessThan(0.9 * stays[1]);
    // A session that has moved in every slot is on both servers, and on neither with its whole text.
    const restless = session(at(0, 3000), at(1, 3000));
    expect(expected(state, [0, 1, 1], [restless, session(at(1)), session(at(1))])[0]).toBe(0);
  });

  it('sessions that wait share the chunks by their weights', () => {
    const state = slotOf(2, 1);
    const compute = Float64Array.of(0.9, 0.1);
    const assignment = { ...shareEqually(state, Int32Array.of(0, 0)), computeShare: compute };
    const { tokens } = predictTokens(state, assignment, [session(at(0, 600)), session(at(0, 600))]);
    expect(tokens[0]).toBeGreaterThan(0);
    expect(tokens[1]).toBeLessThan(tokens[0] as number);
  });

  it('without a server none come; what was written meanwhile comes with the next one', () => {
    const state = slotOf(1, 1);
    const behind = session(at(0, 0, { aheadTokens: 7 }));
    expect(expected(state, [-1], [behind])).toEqual([0]);
    const [usual, late] = [behind, { ...behind, wasCutOff: true }].map((one) => expected(state, [0], [one])[0]);
    expect((late as number) - (usual as number)).toBeCloseTo(7, 6);
  });

  it('a slow uplink costs the drafts, but not the tokens that the server writes without them', () => {
    const state = slotOf(1, 1);
    const slow = { ...state, bandwidthHz: state.bandwidthHz.map((hz) => hz / 3000) };
    const [fast, poor] = [state, slow].map((one) => expected(one, [0], [session(at(0))])[0] as number);
    expect(poor).toBeLessThan(fast as number);
    expect(poor).toBeGreaterThan(0.9 * (slotMs / 10.2));
  });

  it('come after a wait, which lasts the whole slot where no server serves the device', () => {
    const state = slotOf(3, 1);
    const assignment = { ...shareEqually(state, Int32Array.of(0, 0, -1)) };
    const { tokens, waitedMs, laterMs } = predictTokens(state, assignment, [session(at(0)), fresh(300), fresh(300)]);
    expect(waitedMs[0]).toBe(0);
    expect(waitedMs[1]).toBeGreaterThan(20);
    expect(waitedMs[1]).toBeLessThan(slotMs);
    expect([tokens[2], waitedMs[2], laterMs[2]]).toEqual([0, slotMs, Number.POSITIVE_INFINITY]);
    expect([...laterMs.slice(0, 2)]).toEqual([0, 0]);
    const longer = predictTokens(state, assignment, [session(at(0)), fresh(900), fresh(300)]);
    expect(longer.waitedMs[1]).toBeGreaterThan(waitedMs[1] as number);
    // A prompt that the slot does not end is evaluated after it, the longer the later.
    const [late, later] = [9_000, 18_000].map((left) =>
      predictTokens(state, assignment, [fresh(left), session(at(0)), fresh(1)]),
    );
    expect([late?.tokens[0], late?.waitedMs[0]]).toEqual([0, slotMs]);
    expect(late?.laterMs[0]).toBeGreaterThan(100);
    expect(later?.laterMs[0]).toBeGreaterThan(1.8 * (late?.laterMs[0] as number));
    // A prompt that was evaluated before has its first token at once.
    const evaluated = predictTokens(state, assignment, [{ ...session(at(0)), isUnread: true }, fresh(300), fresh(1)]);
    expect(evaluated.waitedMs[0]).toBeLessThan(0.1 * slotMs);
    // An upload that ends after the slot is evaluated after it, beside those that wait.
    const sending = { ...fresh(9_000), texts: [at(0, 9_000, { fromMs: 2 * slotMs })] };
    const behind = predictTokens(state, assignment, [sending, session(at(0)), fresh(1)]);
    expect(behind.laterMs[0]).toBeGreaterThan(slotMs + (late?.laterMs[0] as number) / 2);
    expect(behind.laterMs[0]).toBeLessThan(1e5);
    const after = { ...sending, texts: [at(0, 9_000, { fromMs: 3 * slotMs })] };
    const more = predictTokens(state, assignment, [after, session(at(0)), fresh(1)]);
    expect((more.laterMs[0] as number) - (behind.laterMs[0] as number)).toBeCloseTo(slotMs, 6);
  });

  it('are those of the means where a slot does not say where sessions stand', () => {
    const state = slotOf(3);
    const pace = state.pace as NonNullable<SlotState['pace']>;
    const known = {
      ...pace,
      textServer: Int32Array.of(0, 1, -1),
      textTokens: Float64Array.of(400, 300, 0),
      promptTokens: Float64Array.of(0, 150, 200),
      promptTokensDone: Float64Array.of(100, 150, 50),
    };
    expect(standingsOf(known)).toEqual([
      { texts: [at(0, 0, { share: 1 })], textTokens: 400, wasCutOff: false, isUnread: false },
      { texts: [at(1, 150, { share: 1 })], textTokens: 300, wasCutOff: false, isUnread: true },
      fresh(250),
    ]);
    expect(standingsOf({ ...known, isTypical: true })[1]).toMatchObject({
      isUnread: false,
      texts: [{ leftTokens: 0 }],
    });
    const given = [fresh(1), fresh(2), fresh(3)];
    expect(standingsOf({ ...known, standings: given })).toBe(given);
  });

  it('where sessions follow each other at once, ends and prompts cost tokens', () => {
    const state = slotOf(2, 1);
    const pace = state.pace as NonNullable<SlotState['pace']>;
    const standings = [session(at(0)), session(at(0))];
    const [endless] = expected(state, [0, 0], standings);
    const all = { ...pace, isTypical: true, promptTokens: new Float64Array(2).fill(300) };
    const [typical] = expected({ ...state, pace: all }, [0, 0], standings);
    expect(typical).toBeLessThan(endless as number);
    expect(typical).toBeGreaterThan(0.6 * (endless as number));
  });

  /** What a device that is alone waits for: in the time, and after it. @param intervals of 20 ms */
  function waits(standing: Standing, pace: object, lengthMs = slotMs, intervals = lengthMs / 20): [number, number] {
    const state = { ...slotOf(1, 1), slotMs: lengthMs };
    const assignment = shareEqually(state, Int32Array.of(0));
    const other = { ...state, pace: { ...(state.pace as PaceState), ...pace } };
    const { waitedMs, laterMs } = predictTokens(other, assignment, [standing], undefined, intervals);
    return [waitedMs[0] as number, laterMs[0] as number];
  }

  it('come one round trip after the evaluation of a text that is not on the server yet', () => {
    const [none, some] = [0, 160].map((roundTripMs) => waits(fresh(300), { roundTripMs })[0]);
    expect((some as number) - (none as number)).toBeCloseTo(160, 0);
  });

  it('begin at the same time whether the slot ends before or after that', () => {
    const pace = { roundTripMs: 160 };
    const [within, none] = waits(fresh(9000), pace, 10 * slotMs);
    const [slot, later] = waits(fresh(9000), pace);
    expect([slot, none]).toEqual([slotMs, 0]);
    expect(slot + later).toBeCloseTo(within, 6);
  });

  it('of later sessions come after an upload and one round trip', () => {
    const roundTripMs = 2000;
    const longMs = 1e6;
    const bitPerMs = rateOf(slotOf(1, 1), shareEqually(slotOf(1, 1), Int32Array.of(0)), 0) / 1e3;
    // The time in which sessions wait, over that in which they decode: twice as long with an upload that takes a round trip.
    const [none, asLong] = [0, roundTripMs].map((uploadMs) => {
      const pace = { isTypical: true, roundTripMs, promptBits: Float64Array.of(uploadMs * bitPerMs) };
      const [waited] = waits(session(at(0)), pace, longMs, 240);
      return waited / (longMs - waited);
    }) as [number, number];
    expect(asLong / none).toBeGreaterThan(1.85);
    expect(asLong / none).toBeLessThan(2.05);
  });
});
