// An edge without its engine: whom it admits, what it asks its draft model, and how its sessions end.

import { describe, expect, it } from 'vitest';
import { OutriderError } from '../src/core/basics/errors.ts';
import { neighbours } from '../src/core/basics/neighbours.fixture.ts';
import { equalPrices } from '../src/core/decoding/pass-times.ts';
import { defaultRate } from '../src/core/protocol/edge/edge-connections.ts';
import { EdgeCore, type EdgeEntry, type EdgeSettings } from '../src/core/protocol/edge/edge-core.ts';
import type { EdgeDraftOrder } from '../src/core/protocol/edge/edge-hedges.ts';
import { anyone, edgeKey } from '../src/core/protocol/edge/edge-key.ts';
import { testOpening, testRules } from '../src/core/protocol/edge/edge-session.fixture.ts';
import { createEdgeSession, stepEdge } from '../src/core/protocol/edge/edge-session.ts';
import type { EdgeMessage, OpenMessage } from '../src/core/protocol/wire/messages.ts';
import { protocolVersion } from '../src/core/protocol/wire/messages.ts';
import { byteWire, type Frame } from '../src/core/protocol/wire/wire.ts';
import { linearStepTime } from '../src/core/scheduling/step-time.ts';
import { createManualClock } from '../src/network/transport/manual-clock.contract.ts';

const tokenizerHash = testOpening().tokenizerHash;

function bed(changes: Partial<EdgeSettings> = {}) {
  const clock = createManualClock();
  const log: string[] = [];
  const orders: [entry: EdgeEntry, order: EdgeDraftOrder][] = [];
  const settings: EdgeSettings = {
    machines: { stepEdge, createEdgeSession },
    target: { model: 'large', fingerprint: 'f', tokenizerHash },
    rules: testRules,
    keepLostMs: 60_000,
    shareOf: () => 1,
    keyOf: () => anyone,
    placeCount: 1,
    limits: { maxRows: 16, usefulRows: 4, prefillChunk: 16 },
    endIds: new Set([7]),
    stepTime: () => linearStepTime(10, 0.5),
    edgeDraft: null,
    rate: defaultRate,
    liveness: { pingAfterMs: 4000, lostAfterMs: 15_000 },
    wire: byteWire,
    ...changes,
  };
  let isPlaceTaken = false;
  const core = new EdgeCore<EdgeEntry, { writable: boolean; send(frame: Frame): void; close(code: string): void }>(
    settings,
    clock,
    {
      enter: (entry) => entry,
      takePlace: () => {
        const hadPlace = !isPlaceTaken;
        isPlaceTaken = true;
        return hadPlace;
      },
      leavePlace: ({ id }) => {
        isPlaceTaken = false;
        log.push(`leave ${id.slice(-1)}`);
      },
      placeChanged: ({ id }, change) => log.push(`${change} ${id.slice(-1)}`),
      stepped: (_entry, { kind }) => log.push(kind),
      forgotten: ({ id }) => log.push(`forgotten ${id.slice(-1)}`),
      cleared: () => log.push('cleared'),
      heldTokens: ({ state }) => state.text.length - 1,
      lookUp: () => undefined,
      beginDraft: (entry, order) => orders.push([entry, order]),
      wake: () => log.push('wake'),
    },
  );
  const connect = (openings: Partial<OpenMessage> | null = {}) => {
    const wire = byteWire.device();
    const heard: EdgeMessage[] = [];
    const closed: string[] = [];
    const carrier = {
      writable: true,
      send: (frame: Frame) => void heard.push(wire.unpack(frame)),
      close: (code: string) => void closed.push(code),
    };
    const handler = core.accept(carrier);
    if (openings !== null) handler.frame(wire.pack(testOpening(openings)));
    return { heard, closed, carrier, handler, wire };
  };
  return { clock, core, log, orders, connect };
}

const drafting = { draftLength: 3, draftMs: 2.5 };

describe('an edge admits', () => {
  it('a session in mode edge-sd only if it has a draft model', () => {
    const mode = 'edge-sd';
    const { connect, core } = bed();
    const refused = connect({ mode });
    expect(refused.heard.at(-1)).toMatchObject({ code: 'bad-argument', cause: 'this edge has no draft model' });
    expect(core.sessions.count).toBe(0);
    const able = bed({ edgeDraft: drafting });
    expect(able.connect({ mode }).heard.map(({ kind }) => kind)).toEqual(['hello', 'held']);
    expect(able.core.sessions.count).toBe(1);
  });

  it('a session in mode mix without one as stream, also when it is opened again', () => {
    const { connect, core } = bed();
    const modes = (): string[] => [...core.sessions.entries].map(({ state }) => state.open.mode);
    connect({ mode: 'mix' });
    expect(modes()).toEqual(['stream']);
    connect({ mode: 'mix', attempt: 2 });
    expect(modes()).toEqual(['stream']);
    const able = bed({ edgeDraft: drafting });
    able.connect({ mode: 'mix' });
    expect([...able.core.sessions.entries].map(({ state }) => state.open.mode)).toEqual(['mix']);
  });

  it('sessions in other modes without one', () => {
    const { connect, core } = bed();
    expect(connect({ mode: 'stream' }).closed).toEqual([]);
    expect(core.sessions.count).toBe(1);
  });

  it('no session whose tokenizer is another', () => {
    const { heard, closed } = bed().connect({ tokenizerHash: 'cd'.repeat(32) });
    expect(heard.at(-1)).toMatchObject({
      code: 'tokenizer-mismatch',
      cause: 'this edge runs large, which has another tokenizer',
    });
    expect(closed).toEqual(['tokenizer-mismatch']);
  });

  it('no session whose tokenizer differs in one digit, also when it is opened again', () => {
    for (const other of [...neighbours(tokenizerHash), 'cd'.repeat(32)]) {
      const { connect, core } = bed();
      expect(connect({ tokenizerHash: other }).closed).toEqual(['tokenizer-mismatch']);
      expect(core.sessions.count).toBe(0);
      const right = connect();
      expect(connect({ attempt: 2, tokenizerHash: other }).closed).toEqual(['tokenizer-mismatch']);
      expect([core.sessions.count, right.closed]).toEqual([1, []]);
    }
  });

  it('a session that is opened again by its own key only, and not while it is closed', () => {
    let reason: OutriderError | undefined;
    const keyOf = (shown: string) => (shown === 'right' ? edgeKey('right') : null);
    const { connect, core } = bed({ keyOf, closedFor: () => reason });
    const right = connect({ credentials: 'right' });
    for (const credentials of ['', 'wrong', ...neighbours('right')]) {
      expect(connect({ credentials, attempt: 2 }).closed).toEqual(['unauthorized']);
    }
    reason = new OutriderError('edge-draining', 'going down', 'try another');
    expect(connect({ credentials: 'right', attempt: 2 }).closed).toEqual(['edge-draining']);
    expect([core.sessions.count, right.closed]).toEqual([1, []]);
    reason = undefined;
    connect({ credentials: 'right', attempt: 2 });
    expect([core.sessions.count, right.closed]).toEqual([1, ['superseded']]);
  });

  it('none while it is closed, and says why', () => {
    let reason: OutriderError | undefined = new OutriderError('edge-draining', 'going down', 'try another');
    const { connect } = bed({ closedFor: () => reason });
    expect(connect({ tokenizerHash: 'cd'.repeat(32) }).heard.at(-1)).toMatchObject({ code: 'edge-draining' });
    reason = undefined;
    expect(connect().closed).toEqual([]);
  });
});

describe('a key with a quota of rows', () => {
  const limited = edgeKey('limited', { rowsPerMinute: 60 });
  /** A session that begins with all rows of a minute left, beside what others of the key have promised. */
  function second(first: Partial<OpenMessage>, act: (session: EdgeEntry, made: ReturnType<typeof bed>) => void) {
    const made = bed({ keyOf: () => limited });
    made.connect({ session: '01'.repeat(16), ...first });
    const [session] = made.core.sessions.entries;
    if (session === undefined) throw new Error('no session');
    act(session, made);
    return made.connect({ session: '02'.repeat(16), prompt: Array.from({ length: 60 }, () => 1) }).closed;
  }
  const write = (session: EdgeEntry, { core }: ReturnType<typeof bed>): void => {
    core.sessions.step(session, { kind: 'step-started', drafts: 0 });
    const ticket = session.state.ticket;
    if (ticket === null) throw new Error('no step');
    core.sessions.step(session, { kind: 'step-done', ticket, rows: [{ ids: [9], logits: [1] }] });
  };

  it('has promised what its running answers still need, and nothing for an answer that has ended', () => {
    expect(second({}, () => {})).toEqual(['quota-used']);
    expect(second({}, write)).toEqual(['quota-used']);
    expect(second({ maxAnswerTokens: 1 }, write)).toEqual([]);
  });

  it('has promised nothing for another key', () => {
    const keyOf = (shown: string) => edgeKey(shown, { rowsPerMinute: 60 });
    const { connect } = bed({ keyOf });
    connect({ credentials: 'one' });
    const prompt = Array.from({ length: 60 }, () => 1);
    expect(connect({ credentials: 'two', prompt }).closed).toEqual([]);
    expect(connect({ credentials: 'one', session: '02'.repeat(16), prompt }).closed).toEqual(['quota-used']);
  });
});

describe('the greeting', () => {
  it('names the target and its limits, and the times of steps and drafts', () => {
    const { vocabularySize, contextLength } = testRules;
    const expected = {
      ...{ kind: 'hello', version: protocolVersion, model: 'large', fingerprint: 'f', tokenizerHash },
      ...{ vocabularySize, contextLength },
    };
    const [hello] = bed({ edgeDraft: drafting }).connect(null).heard;
    expect(hello).toMatchObject({ ...expected, timing: { edgeDraftMs: 2.5 } });
    expect(bed().connect(null).heard).toMatchObject([{ ...expected, timing: { edgeDraftMs: null } }]);
  });
});

describe('the draft model of the edge', () => {
  it('is asked for one draft after the other until a step has enough', () => {
    const { connect, core, orders, log } = bed({ edgeDraft: drafting });
    connect({ mode: 'edge-sd' });
    expect(log.at(-1)).toBe('wake');
    for (const [index, token] of [40, 41, 42].entries()) {
      expect(orders).toHaveLength(index + 1);
      const [entry, order] = orders[index] as (typeof orders)[number];
      expect(order).toMatchObject({ length: 3, tokens: [40, 41, 42].slice(0, index), alternatives: [] });
      core.edgeDrafted(entry, order, { token, confidence: 1 });
    }
    expect(orders).toHaveLength(3);
    const [entry] = [...core.sessions.entries];
    expect(entry).toMatchObject({ wanted: { length: 3, drafts: 3 } });
    expect(entry?.state.edgeDrafts).toEqual({ length: 3, tokens: [40, 41, 42], isComplete: false });
  });

  it.each([
    [{}, 0],
    [{ hedges: 1 }, 1],
    [{ hedges: 2, prices: equalPrices(0.1) }, 2],
    // A row that costs as much as a pass is not worth it, nor one that lengthens the step by more than it saves.
    [{ hedges: 2, prices: equalPrices(3) }, 0],
    [{ hedges: 2, prices: equalPrices(0.7) }, 1],
    [{ hedges: 2, prices: equalPrices(0.7), besideMs: 0.6 }, 0],
  ])('goes on from second choices beside a step, not before one: %j', (changes, count) => {
    const { connect, core, orders } = bed({ edgeDraft: { ...drafting, prices: equalPrices(0.1), ...changes } });
    connect({ mode: 'edge-sd' });
    for (const token of [40, 41, 42]) {
      const [entry, order] = orders.at(-1) as (typeof orders)[number];
      expect(order.alternatives).toEqual([]);
      core.edgeDrafted(entry, order, { token, confidence: 0.6, runnerUp: { token: token + 100, confidence: 0.5 } });
    }
    core.steps.begin(core.steps.gather(), linearStepTime(10, 0.5));
    const [entry, order] = orders.at(-1) as (typeof orders)[number];
    expect(entry.state.ticket?.drafts).toEqual([40, 41, 42]);
    expect(orders).toHaveLength(4);
    expect(order.alternatives).toHaveLength(count);
  });

  it('is asked after a prompt of a single token, too', () => {
    const { connect, orders } = bed({ edgeDraft: drafting });
    connect({ mode: 'edge-sd', prompt: [5] });
    expect(orders.map(([, order]) => order)).toMatchObject([{ length: 1, tokens: [] }]);
  });

  it.each([
    ['has no proposal', null, []],
    ['has proposed the end of a text', { token: 7, confidence: 1 }, [7]],
  ] as const)('is not asked again when it %s', (_name, draft, tokens) => {
    const { connect, core, orders } = bed({ edgeDraft: drafting });
    connect({ mode: 'edge-sd' });
    const [entry, order] = orders[0] as (typeof orders)[number];
    core.edgeDrafted(entry, order, draft);
    expect(orders).toHaveLength(1);
    expect(entry.state.edgeDrafts).toEqual({ length: 3, tokens, isComplete: true });
  });

  it('is asked for no more than the useful rows, without the row of the text', () => {
    const { connect, core, orders } = bed({
      edgeDraft: { draftLength: 9, draftMs: 0.001 },
      limits: { maxRows: 16, usefulRows: 4, prefillChunk: 16 },
    });
    connect({ mode: 'mix' });
    for (let made = 0; made < 9 && orders[made] !== undefined; made += 1) {
      const [entry, order] = orders[made] as (typeof orders)[number];
      core.edgeDrafted(entry, order, { token: 50 + made, confidence: 1 });
    }
    expect(orders).toHaveLength(3);
  });

  it('is asked for fewer drafts while it makes those of other sessions', () => {
    const wanted = (sessions: number): number => {
      const { connect, core } = bed({ edgeDraft: { draftLength: 9, draftMs: 2.5 } });
      for (let index = 0; index < sessions; index += 1)
        connect({ mode: 'mix', session: `${index}${index}`.repeat(16) });
      return [...core.sessions.entries].at(-1)?.wanted.drafts ?? -1;
    };
    expect(wanted(1)).toBeGreaterThan(0);
    expect(wanted(2)).toBe(0);
  });

  it('is asked for as many as before after a step of the session alone, since it misses no step of others', () => {
    const { connect, core, orders } = bed({ edgeDraft: { draftLength: 9, draftMs: 1 } });
    connect({ mode: 'mix' });
    const [entry] = [...core.sessions.entries];
    if (entry === undefined) throw new Error('no session');
    expect(entry.wanted).toEqual({ length: 3, drafts: 3 });
    for (let made = 0; made < 9 && orders[made] !== undefined; made += 1)
      core.edgeDrafted(entry, (orders[made] as (typeof orders)[number])[1], { token: 50 + made, confidence: 1 });
    core.steps.begin(core.steps.gather(), linearStepTime(10, 0.5));
    const ticket = entry.state.ticket;
    if (ticket === null) throw new Error('no step');
    const rows = [...ticket.drafts, 99].map((id) => ({ ids: [id], logits: [1] }));
    core.sessions.step(entry, { kind: 'step-done', ticket, rows });
    expect(entry.wanted).toEqual({ length: 7, drafts: 3 });
  });

  it('is not asked in modes in which the edge does not draft, nor without a place', () => {
    const { connect, orders, core } = bed({ edgeDraft: drafting });
    connect({ mode: 'stream' });
    connect({ mode: 'edge-sd', session: '22'.repeat(16) });
    expect(core.sessions.waitingCount).toBe(1);
    expect(orders).toEqual([]);
  });

  it('answers nobody whose place is gone meanwhile', () => {
    const { connect, core, orders, log } = bed({ edgeDraft: drafting });
    const { handler, wire } = connect({ mode: 'edge-sd' });
    const [entry, order] = orders[0] as (typeof orders)[number];
    handler.frame(wire.pack({ kind: 'bye' }));
    log.length = 0;
    core.edgeDrafted(entry, order, { token: 40, confidence: 1 });
    expect([log, entry.state.edgeDrafts]).toEqual([[], null]);
  });

  it('ends the session when it fails', () => {
    const { connect, core, orders } = bed({ edgeDraft: drafting });
    const { heard, closed } = connect({ mode: 'edge-sd' });
    const [entry] = orders[0] as (typeof orders)[number];
    core.edgeDraftFailed(entry);
    expect(heard.at(-1)).toMatchObject({ code: 'internal', cause: 'the draft model of the edge failed' });
    expect([closed, core.sessions.count]).toEqual([['internal'], 0]);
  });
});

describe('a session that the edge cannot serve', () => {
  it('is refused once, and never after it was forgotten', () => {
    const { connect, core, log } = bed();
    const { heard, handler, wire } = connect();
    const [entry] = [...core.sessions.entries];
    if (entry === undefined) throw new Error('no session');
    handler.frame(wire.pack({ kind: 'bye' }));
    const again = connect({ attempt: 2 });
    log.length = 0;
    core.fail(entry, 'too late');
    expect([log, again.closed, heard.map(({ kind }) => kind)]).toEqual([[], [], ['hello', 'held']]);
  });

  it('is dropped when its machine cannot even refuse it', () => {
    let isBroken = false;
    const machines = {
      createEdgeSession,
      stepEdge: (...[state, event]: Parameters<typeof stepEdge>) => {
        if (isBroken && event.kind === 'step-failed') throw new Error('a fault');
        return stepEdge(state, event);
      },
    };
    const { connect, core, log } = bed({ machines });
    const { closed } = connect();
    const [entry] = [...core.sessions.entries];
    if (entry === undefined) throw new Error('no session');
    isBroken = true;
    core.fail(entry, 'the engine failed');
    expect([closed, core.sessions.count]).toEqual([['internal'], 0]);
    expect(log.slice(-2)).toEqual(['leave 0', 'forgotten 0']);
  });
});

it('tells its host of places, and forgets all without a word when the process crashes', () => {
  const { connect, core, log, clock } = bed();
  const [one, two] = [connect(), connect({ session: '22'.repeat(16) })];
  expect(log.filter((line) => /^(given|waiting)/.test(line))).toEqual(['given 0', 'waiting 2']);
  const heard = [one, two].map((device) => device.heard.length);
  expect(core.abandon()).toEqual([one.carrier, two.carrier]);
  expect(log.at(-1)).toBe('cleared');
  expect([core.sessions.count, core.connections.count]).toEqual([0, 0]);
  clock.moveTo(100_000);
  expect([one, two].map((device) => device.heard.length)).toEqual(heard);
});
