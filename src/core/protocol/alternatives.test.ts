// Alternatives on both machines (docs/internals/protocol.md, rules 31 to 34).

import { describe, expect, it } from 'vitest';
import { DeviceBed } from './device/device-session.fixture.ts';
import type { DeviceEffect, TurnRequest } from './device/device-state.ts';
import { EdgeBed, testHello, testOpening } from './edge/edge-session.fixture.ts';
import { limits } from './wire/limits.ts';

class Edge extends EdgeBed {
  alternative(branch: number, base: number, first: number, ...tokens: number[]): this {
    return this.say(1, { kind: 'alternative', branch, base, first, tokens });
  }
}

describe('an edge', () => {
  it('goes on from an alternative when a step refutes the draft beside it, and names it in the commit', () => {
    const edge = new Edge().draft(1, 3, 100, 7, 8).alternative(2, 1, 4, 101, 102, 9).verify(2);
    expect(edge.sent()).toEqual([{ kind: 'commit', first: 3, branch: 2, accepted: 2, tokens: [] }]);
    expect(edge.state.branch).toMatchObject({ number: 2, start: 3, end: 7, dead: false, agreedTo: 5, mismatched: 1 });
    edge.verify(2);
    expect(edge.sent()).toEqual([{ kind: 'commit', first: 5, branch: 2, accepted: 1, tokens: [103] }]);
    expect(edge.state.branch).toMatchObject({ number: 2, dead: true, matched: 2, mismatched: 2 });
  });

  it('takes one that comes after the text has passed its position', () => {
    const edge = new Edge().draft(1, 3, 100, 7).verify(2).verify(0);
    expect(edge.state.branch?.dead).toBe(true);
    edge.alternative(2, 1, 4, 101, 102, 103);
    expect(edge.state.branch).toMatchObject({ number: 2, dead: false, agreedTo: 6 });
    expect(edge.verify(1).sent()).toEqual([{ kind: 'commit', first: 6, branch: 2, accepted: 1, tokens: [104] }]);
  });

  it('takes frames of the alternative that it has taken as drafts, and drops those of the old branch', () => {
    const edge = new Edge().draft(1, 3, 7).alternative(2, 1, 3, 100, 101).verify(1);
    edge.draft(1, 4, 8).alternative(3, 1, 4, 9, 9).alternative(2, 1, 5, 102).draft(2, 6, 103);
    expect(edge.fault).toBeUndefined();
    expect(edge.state.branch).toMatchObject({ number: 2, end: 7 });
    expect(edge.state.alternatives).toEqual([]);
    expect(edge.verify(3).sent()).toEqual([{ kind: 'commit', first: 4, branch: 2, accepted: 3, tokens: [104] }]);
  });

  it('forgets those of a branch that is replaced or dies otherwise, those that the text has passed, and all at an attach', () => {
    const edge = new Edge().draft(1, 3, 100, 101).alternative(2, 1, 3, 8, 8).alternative(3, 1, 4, 9, 9);
    expect(edge.verify(0).state.alternatives.map(({ number }) => number)).toEqual([3]);
    expect(edge.draft(4, 4, 101, 102).state.alternatives).toEqual([]);
    edge.alternative(5, 4, 5, 6, 6).alternative(3, 4, 6, 1);
    expect(edge.state.alternatives.map(({ number }) => number)).toEqual([5]);
    expect(edge.resume(2, 2, 4).state).toMatchObject({ alternatives: [], branchCount: 0, branch: null });
    const dead = new Edge().draft(1, 3, 5, 101).alternative(2, 1, 4, 9, 9).verify(1);
    expect(dead.state.alternatives).toEqual([]);
  });

  it('keeps of the old branch only what commits may still name', () => {
    const edge = new Edge().draft(1, 3, 100, 101, 102, 7).alternative(2, 1, 6, 103, 104).verify(2);
    expect(edge.state.branch).toMatchObject({ number: 1, start: 3, agreedTo: 6 });
    edge.setWritable(false).verify(1);
    expect(edge.state.branch).toMatchObject({ number: 2, start: 6, end: 8, agreedTo: 7, matched: 3 });
    const blocked = new Edge().setWritable(false);
    blocked.draft(1, 3, 100, 101, 7).alternative(2, 1, 5, 102, 103).verify(3);
    expect(blocked.state.branch).toMatchObject({ number: 2, start: 3, agreedTo: 6 });
    blocked.setWritable(true);
    expect(blocked.sent()).toEqual([{ kind: 'commit', first: 3, branch: 2, accepted: 3, tokens: [] }]);
  });

  it('closes a connection that breaks a rule', () => {
    const kept = (): Edge =>
      new Edge({ maxAhead: 12 }).draft(1, 3, ...new Array(10).fill(7)).alternative(2, 1, 4, 8, 9);
    expect(kept().alternative(2, 1, 7, 9).fault).toBe('a gap in an alternative');
    expect(kept().alternative(3, 1, 13, 9).fault).toMatch(/beside a branch that ends at 13/);
    expect(kept().alternative(3, 1, 12, 1, 2, 3, 4).fault).toMatch(/more than 12 tokens ahead/);
    expect(kept().alternative(3, 1, 4, 1000).fault).toBe('an id beyond the vocabulary');
    expect(kept().draft(2, 6, 9).fault).toBe('drafts after an alternative that the text does not have');
    const many = kept();
    for (let number = 3; number < limits.alternatives + 2; number += 1) many.alternative(number, 1, 5, number);
    expect(many.fault).toBeUndefined();
    expect(many.alternative(limits.alternatives + 2, 1, 5, 1).fault).toBe('more than 16 alternatives');
    const long = new Edge({ maxAhead: 60 }).draft(1, 3, 7).alternative(2, 1, 3, ...new Array(32).fill(8));
    expect(long.fault).toBeUndefined();
    expect(long.alternative(2, 1, 35, 8).fault).toBe('an alternative of more than 32 tokens');
    const psd = new Edge({ mode: 'psd' }).draft(1, 3, 7).alternative(2, 1, 3, 8, 9);
    expect(psd.fault).toBe('an alternative in mode psd');
  });
});

const other = (token: number) => ({ token, confidence: 0.4 });

/** As a device of one draft branch sends it. */
const alternative = (branch: number, first: number, ...tokens: number[]) => {
  return { kind: 'alternative', branch, base: 1, first, tokens };
};

/** A device that hedges one draft at a time, connected to an edge. */
class Device extends DeviceBed {
  /** The alternatives of the last order for a draft. */
  orders: Extract<DeviceEffect, { kind: 'draft-next' }>['alternatives'] = [];

  constructor(changes: Partial<TurnRequest> = {}) {
    super({ hedges: 1, ...changes });
    this.connect(1).receive(1, testHello);
  }

  taken(first: number, branch: number, accepted: number, ...tokens: number[]): this {
    return this.receive(1, { kind: 'commit', first, branch, accepted, tokens });
  }

  /** The draft in progress is done; each alternative of its order gets the next of `extensions`. */
  override draft(token: number, confidence = 0.9, runnerUp?: number, ...extensions: number[]): this {
    const { drafting } = this.state;
    if (drafting === null) throw new Error('no draft');
    const alternatives = this.orders.flatMap(({ id, position, tokens }, index) => {
      const next = extensions[index];
      return next === undefined ? [] : [{ id, position: position + tokens.length, token: next, confidence: 0.9 }];
    });
    const second = runnerUp === undefined ? {} : { runnerUp: other(runnerUp) };
    return this.step({ kind: 'draft-produced', ...drafting, token, confidence, ...second, alternatives });
  }

  remember(): this {
    const order = this.effects.find((effect) => effect.kind === 'draft-next');
    if (order !== undefined) this.orders = order.alternatives;
    return this;
  }
}

/** Drafts 50 and 51 at 3 and 4, the first of them unsure with runner-up 60, which 61 follows. */
function hedged(changes: Partial<TurnRequest> = {}): Device {
  return new Device(changes).draft(50, 0.4, 60).remember().draft(51, 0.9, undefined, 61);
}

describe('a budget of drafts', () => {
  it('holds drafting back and lets it go on, within the request, and changes no frame', () => {
    const device = new Device({ maxAhead: 6 }).draft(50).draft(51);
    device.step({ kind: 'draft-budget-set', maxAhead: 2, hedges: 0 });
    expect(device.draft(52).state.drafting).toBeNull();
    expect(device.sent()).toEqual([{ kind: 'draft', branch: 1, first: 5, tokens: [52] }]);
    device.taken(3, 1, 2);
    expect(device.state.drafting).not.toBeNull();
    device.draft(53);
    expect(device.state).toMatchObject({ drafting: null, tail: [52, 53] });
    device.step({ kind: 'draft-budget-set', maxAhead: 500, hedges: 3 });
    expect(device.state.budget).toEqual({ maxAhead: 6, hedges: 1 });
    expect(device.state.drafting).not.toBeNull();
  });

  it('of no alternatives has none extended', () => {
    const device = new Device().step({ kind: 'draft-budget-set', maxAhead: 24, hedges: 0 });
    expect(device.draft(50, 0.4, 60).remember().orders).toEqual([]);
  });

  it('does not count in windows', () => {
    const device = new Device({ mode: 'sd' }).step({ kind: 'draft-budget-set', maxAhead: 1, hedges: 0 });
    expect(device.state.budget).toEqual({ maxAhead: testOpening().maxAhead, hedges: 1 });
  });
});

describe('a device', () => {
  it('has the least sure draft hedged, sends the alternative from its second token on, and extends it', () => {
    const device = hedged();
    expect(device.orders).toEqual([{ id: 1, position: 3, tokens: [60] }]);
    expect(device.sent()).toEqual([{ kind: 'draft', branch: 1, first: 4, tokens: [51] }, alternative(2, 3, 60, 61)]);
    device.remember().draft(52, 0.9, undefined, 62);
    expect(device.sent()[1]).toEqual(alternative(2, 5, 62));
    expect(device.state.account).toMatchObject({ drafted: 3, alternativeTokens: 2, sent: 6 });
  });

  it('hedges later choices at the same position as well, and sends what is new of half as many as it hedges', () => {
    const device = new Device({ hedges: 4 });
    const third = { ...other(60), next: { token: 80, confidence: 0.3 } };
    const drafted = { kind: 'draft-produced', generation: 0, position: 3, token: 50, confidence: 0.4 } as const;
    device.step({ ...drafted, runnerUp: third }).remember();
    expect(device.orders.map(({ position, tokens }) => `${position}: ${tokens}`)).toEqual(['3: 60', '3: 80']);
    expect(device.draft(51, 0.9, undefined, 61, 81).sent().slice(1)).toEqual([
      alternative(2, 3, 60, 61),
      alternative(3, 3, 80, 81),
    ]);
    device.remember().draft(52, 0.9, undefined, 62, 82);
    expect(device.sent().slice(1)).toEqual([alternative(2, 5, 62), alternative(3, 5, 82)]);
    expect(device.taken(3, 3, 1).state).toMatchObject({ tail: [81, 82], account: { alternativesTaken: 1 } });
    const frugal = new Device({ hedges: 3 });
    frugal.step({ ...drafted, runnerUp: third }).remember();
    expect(frugal.draft(51, 0.9, undefined, 61, 81).sent().slice(1)).toEqual([alternative(2, 3, 60, 61)]);
  });

  it('sends no alternative to an edge that lags behind the text, and sends it when that edge has caught up', () => {
    const device = new Device({ maxAhead: 24 }).connect(2, 'b');
    const sent = (): string[] =>
      device.effects.flatMap((effect) => (effect.kind === 'send' ? [`${effect.message.kind} ${effect.link}`] : []));
    device.receive(2, testHello);
    device.taken(3, 0, 0, 10, 11, 12, 13, 14, 15).draft(99);
    device.draft(50, 0.4, 60).remember();
    // The second edge writes from now on, and has six tokens less than the reader.
    device.commit(2, 3, 10);
    expect([device.state.main, device.state.text.length]).toEqual([2, 9]);
    for (const token of [51, 52, 53]) {
      device.draft(token, 0.9, undefined, token + 10).remember();
      expect(sent()).toEqual(['draft 2']);
    }
    expect(device.commit(2, 4, 11, 12, 13, 14).draft(54, 0.9, undefined, 64).remember() && sent()).toEqual(['draft 2']);
    device.commit(2, 8, 15).draft(55, 0.9, undefined, 65);
    expect(sent()).toEqual(['draft 2', 'alternative 2']);
  });

  it('hedges nothing below the least chance, in other modes, without a runner-up, or when it is not asked to', () => {
    for (const device of [
      new Device({ minHedgeChance: 0.9 }).draft(50, 0.4, 60),
      new Device({ hedges: 0 }).draft(50, 0.4, 60),
      new Device().draft(50, 0.4),
    ])
      expect(device.remember().orders).toEqual([]);
    const device = new Device({ minHedgeChance: 0.9 }).step({ kind: 'hedge-cut-set', minHedgeChance: 0 });
    expect(device.draft(50, 0.4, 60).remember().orders).toHaveLength(1);
  });

  it('continues the alternative where the text has it, on the same branch as the edge', () => {
    const device = hedged().remember().taken(3, 2, 1);
    const account = { mismatched: 1, alternativesTaken: 1 };
    expect(device.state).toMatchObject({ tail: [61], alternatives: [], account });
    // The pass in progress has extended the alternative: that is the next draft.
    device.draft(52, 0.9, undefined, 62);
    expect(device.state.tail).toEqual([61, 62]);
    expect(device.sent()).toEqual([{ kind: 'draft', branch: 2, first: 5, tokens: [62] }]);
    device.taken(4, 2, 2, 70);
    expect(device.state.text.slice(3)).toEqual([60, 61, 62, 70]);
  });

  it('compares the rest of it with what the text has already, and gives it up where that differs', () => {
    const right = hedged().taken(3, 0, 0, 60, 61, 99);
    expect(right.state).toMatchObject({ tail: [], account: { matched: 1, mismatched: 1, alternativesTaken: 1 } });
    const wrong = hedged().remember().taken(3, 0, 0, 60, 99);
    expect(wrong.state).toMatchObject({ tail: [], account: { mismatched: 1, alternativesTaken: 0 } });
    // The extension belongs to nothing any more.
    expect(wrong.draft(52, 0.9, undefined, 62).state.tail).toEqual([]);
    expect(wrong.draft(53).sent()).toEqual([{ kind: 'draft', branch: 3, first: 5, tokens: [53] }]);
  });

  it('starts a new branch with an alternative that was not sent', () => {
    const device = new Device().draft(50, 0.4, 60).remember();
    device.setWritable(false).draft(51, 0.9, undefined, 61);
    expect(device.sent()).toEqual([]);
    device.taken(3, 0, 0, 60).setWritable(true);
    expect(device.state.tail).toEqual([61]);
    expect(device.sent()).toEqual([{ kind: 'draft', branch: 2, first: 4, tokens: [61] }]);
  });

  it('counts how often its second choice is right, and sends alternatives again after a lost connection', () => {
    const before = new Device().state.runnerUpRates;
    const hit = hedged().taken(3, 2, 1).state.runnerUpRates;
    expect(hit.reduce((sum, { hits }) => sum + hits, 0)).toBe(1);
    expect(before.reduce((sum, { trials }) => sum + trials, 0)).toBe(0);
    const missed = new Device().draft(50, 0.4, 60).taken(3, 1, 1).state.runnerUpRates;
    expect(missed.map(({ hits, trials }) => [hits, trials]).filter(([, trials]) => trials !== 0)).toEqual([[0, 1]]);
    const device = hedged().lose(1).connect(2, 'a');
    expect(device.remember().draft(52).sent()).toContainEqual(alternative(2, 3, 60, 61));
  });
});
