import { describe, expect, it } from 'vitest';
import type { EdgeEntry } from '../../core/protocol/edge/edge-core.ts';
import { anyone, edgeKey } from '../../core/protocol/edge/edge-key.ts';
import { testOpening, testRules } from '../../core/protocol/edge/edge-session.fixture.ts';
import { createEdgeSession, stepEdge } from '../../core/protocol/edge/edge-session.ts';
import type { EdgeEvent } from '../../core/protocol/edge/edge-state.ts';
import type { OpenMessage } from '../../core/protocol/wire/messages.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { CloseReason, Connection } from '../../network/transport/transport.ts';
import type { EdgeLogEvent } from './edge-events.ts';
import { EdgeJournal } from './edge-journal.ts';

function bed() {
  const clock = createManualClock();
  const events: EdgeLogEvent[] = [];
  const journal = new EdgeJournal((event) => events.push(event), clock);
  const carriers: Connection[] = [];
  journal.carrierOf = (link) => carriers[link - 1];
  const connect = (address?: string): Connection => {
    const carrier = { address } as Connection;
    carriers.push(carrier);
    journal.opened(carrier);
    return carrier;
  };
  /** The events since the last call. */
  const news = (): EdgeLogEvent[] => events.splice(0);
  return { clock, journal, connect, news };
}

const by = (reason: string, changes: object = {}): CloseReason =>
  ({ by: reason, code: 'edge-unreachable', detail: 'what the transport says', ...changes }) as CloseReason;

describe('the journal of connections', () => {
  it('numbers them and says where they came from', () => {
    const { connect, journal, news } = bed();
    connect('a');
    connect();
    expect(news()).toEqual([
      { kind: 'connection-opened', connection: 1, address: 'a' },
      { kind: 'connection-opened', connection: 2, address: null },
    ]);
    expect(journal.counts(7)).toEqual({
      connectionsOpened: 2,
      sessionsOpened: 0,
      sessionsEnded: 0,
      sessionsForgotten: 0,
      refusals: {},
      upgradeRefusals: {},
      faults: 7,
    });
  });

  it.each([
    ['peer', 'device', ''],
    ['network', 'network', ''],
    ['us', 'edge', 'what the transport says'],
  ])('says that one was closed by %s, with no words but our own, once', (reason, side, detail) => {
    const { connect, journal, news } = bed();
    const carrier = connect('a');
    news();
    journal.closed(carrier, by(reason));
    journal.closed(carrier, by(reason));
    expect(news()).toEqual([
      {
        kind: 'connection-closed',
        connection: 1,
        address: 'a',
        by: side,
        code: 'edge-unreachable',
        detail,
        wasRefused: false,
      },
    ]);
    // Closed by the edge’s transport for what the device has done: a refusal.
    expect(journal.counts(0).refusals).toEqual(reason === 'us' ? { 'edge-unreachable': 1 } : {});
  });

  it('says why the edge has closed one, whoever ends it then, and counts it once', () => {
    const { connect, journal, news } = bed();
    const carrier = connect('a');
    news();
    journal.closing(carrier, 'silent', 'too long');
    journal.closing(carrier, 'rate-limited', 'too fast');
    journal.closed(carrier, by('peer'));
    expect(news()).toMatchObject([{ by: 'edge', code: 'silent', detail: 'too long', wasRefused: false }]);
    expect(journal.counts(0).refusals).toEqual({ silent: 1 });
    journal.closing(carrier, 'silent', 'after its end');
    expect(journal.counts(0).refusals).toEqual({ silent: 1 });
  });

  it('counts no ordinary end as a refusal', () => {
    const { connect, journal } = bed();
    const carrier = connect('a');
    journal.closing(carrier, 'done', '');
    journal.closed(carrier, by('us'));
    expect(journal.counts(0).refusals).toEqual({});
  });

  it('tells of a refusal with the name of the key, and counts it once', () => {
    const { connect, journal, news } = bed();
    const [known, unknown] = [connect('a'), connect('b')];
    news();
    journal.admitted(known, edgeKey('1', { name: 'phone' }));
    for (const carrier of [known, unknown]) {
      journal.sending(carrier, { kind: 'gone' });
      journal.sending(carrier, { kind: 'refused', code: 'edge-full', cause: 'no place', remedy: 'wait' });
      journal.closing(carrier, 'edge-full', 'no place');
    }
    const refused = { kind: 'refused', code: 'edge-full', cause: 'no place' };
    expect(news()).toEqual([
      { ...refused, connection: 1, address: 'a', key: 'phone' },
      { ...refused, connection: 2, address: 'b', key: null },
    ]);
    expect(journal.counts(0).refusals).toEqual({ 'edge-full': 2 });
    journal.closed(known, by('us'));
    expect(news()).toMatchObject([{ kind: 'connection-closed', wasRefused: true, code: 'edge-full' }]);
    // It reports nothing that it does not know.
    journal.sending(known, { kind: 'refused', code: 'edge-full', cause: 'no place', remedy: 'wait' });
    journal.admitted(known, edgeKey('2'));
    expect([news(), journal.counts(0).refusals]).toEqual([[], { 'edge-full': 2 }]);
  });

  it('tells of requests that became no connection, by reason', () => {
    const { journal, news } = bed();
    journal.upgradeRefused('a', 'origin', 'https://x');
    journal.upgradeRefused(null, 'origin', '');
    journal.upgradeRefused('a', 'subprotocol', 'chat');
    expect(news()[0]).toEqual({ kind: 'upgrade-refused', address: 'a', reason: 'origin', detail: 'https://x' });
    expect(journal.counts(0).upgradeRefusals).toEqual({ origin: 2, subprotocol: 1 });
  });

  it('tells of faults with their stack, and of its end last', () => {
    const { journal, news } = bed();
    const error = new Error('a fault');
    journal.fault(error);
    journal.fault('only words');
    journal.fault(null);
    journal.fault(Object.assign(new Error('bare'), { stack: undefined }));
    journal.close();
    journal.fault(error);
    expect(news()).toEqual([
      { kind: 'fault', cause: 'a fault', stack: error.stack },
      { kind: 'fault', cause: 'only words', stack: null },
      { kind: 'fault', cause: 'null', stack: null },
      { kind: 'fault', cause: 'bare', stack: null },
      { kind: 'closed' },
    ]);
  });
});

describe('the journal of sessions', () => {
  /** One session on connection 1 from address a, and a second connection from b. */
  function sessionBed(changes: Partial<OpenMessage> = {}) {
    const base = bed();
    const { journal, connect, news, clock } = base;
    connect('a');
    connect('b');
    news();
    const created = { kind: 'session-created', link: 1, open: testOpening(changes) } as const;
    const { state } = createEdgeSession(testRules, 5, created);
    const entry = { number: 5, key: edgeKey('1', { name: 'phone' }), state } as unknown as EdgeEntry;
    clock.moveTo(1000);
    journal.stepped(entry, created, null);
    const step = (event: EdgeEvent): void => {
      const before = entry.state;
      entry.state = stepEdge(before, event).state;
      journal.stepped(entry, event, before);
    };
    const write = (ids: readonly number[] = [9], drafts = 0): void => {
      step({ kind: 'step-started', drafts });
      const { ticket } = entry.state;
      if (ticket === null) throw new Error('no step');
      step({ kind: 'step-done', ticket, rows: ids.map((id) => ({ ids: [id], logits: [1] })) });
    };
    const resume = (link: number): void => {
      const { version, session } = entry.state.open;
      const { length } = entry.state.text;
      const first = { kind: 'resume', version, credentials: '', padding: 0 } as const;
      step({ kind: 'message-received', link, message: { ...first, session, attempt: link, length } });
    };
    return { ...base, entry, step, write, resume };
  }

  const of = { session: 5, address: 'a' };
  const nothing = { key: 'phone', tokens: 0, firstTokenMs: null, msPerToken: null, draftRows: 0, acceptedRows: 0 };

  it('tells of an opening with its mode and lengths', () => {
    const { news, journal } = sessionBed({ mode: 'sd', answer: [7, 8] });
    expect(news()).toEqual([
      { kind: 'session-opened', ...of, key: 'phone', mode: 'sd', promptTokens: 3, answerTokens: 2 },
    ]);
    expect(journal.counts(0).sessionsOpened).toBe(1);
  });

  it('tells of an end once, with the times of the first token and of the others', () => {
    const { clock, news, write, journal, step } = sessionBed({ maxAnswerTokens: 5, answer: [7, 8] });
    news();
    clock.moveTo(1100.123);
    write();
    clock.moveTo(1150);
    step({ kind: 'message-received', link: 1, message: { kind: 'ack', length: 5 } });
    clock.moveTo(1200.129);
    write();
    clock.moveTo(1300.133);
    write();
    const figures = {
      key: 'phone',
      tokens: 3,
      firstTokenMs: 100.12,
      msPerToken: 100.01,
      draftRows: 0,
      acceptedRows: 0,
    };
    expect(news()).toEqual([{ kind: 'session-ended', ...of, reason: 'length', ...figures }]);
    step({ kind: 'message-received', link: 1, message: { kind: 'bye' } });
    expect(news()).toEqual([]);
    expect(journal.counts(0)).toMatchObject({ sessionsOpened: 1, sessionsEnded: 1, sessionsForgotten: 0 });
  });

  it('has no time per token where there is one token', () => {
    const { clock, news, write } = sessionBed({ maxAnswerTokens: 1 });
    news();
    clock.moveTo(1007);
    write();
    expect(news()).toMatchObject([{ kind: 'session-ended', tokens: 1, firstTokenMs: 7, msPerToken: null }]);
  });

  it('has one where there are two', () => {
    const { clock, news, write } = sessionBed({ maxAnswerTokens: 2 });
    news();
    write();
    clock.moveTo(1050);
    write();
    expect(news()).toMatchObject([{ kind: 'session-ended', tokens: 2, firstTokenMs: 0, msPerToken: 50 }]);
  });

  it('counts no step whose text was opened again meanwhile', () => {
    const { clock, news, write, step, entry } = sessionBed({ maxAnswerTokens: 1 });
    step({ kind: 'step-started', drafts: 0 });
    const { ticket } = entry.state;
    if (ticket === null) throw new Error('no step');
    step({ kind: 'message-received', link: 2, message: testOpening({ attempt: 2, maxAnswerTokens: 1 }) });
    news();
    clock.moveTo(1500);
    step({ kind: 'step-done', ticket, rows: [{ ids: [9], logits: [1] }] });
    clock.moveTo(1700);
    write();
    expect(news()).toMatchObject([{ kind: 'session-ended', tokens: 1, firstTokenMs: 700 }]);
  });

  it('names no key where none is asked for', () => {
    const { connect, journal, news } = bed();
    const carrier = connect('a');
    news();
    journal.admitted(carrier, anyone);
    journal.sending(carrier, { kind: 'refused', code: 'edge-full', cause: 'no place', remedy: 'wait' });
    expect(news()).toMatchObject([{ kind: 'refused', key: null }]);
  });

  it('counts drafts of the device and of the edge together', () => {
    const { news, write, step, entry } = sessionBed({ mode: 'mix', maxAnswerTokens: 7 });
    news();
    step({ kind: 'message-received', link: 1, message: { kind: 'draft', branch: 1, first: 3, tokens: [20, 21] } });
    write([20, 99, 99], 2);
    const { length } = entry.state.text;
    step({ kind: 'edge-drafted', drafts: { length, tokens: [30, 31, 32], isComplete: true } });
    write([30, 31, 98, 98], 3);
    write();
    write();
    // One of two, and two of three.
    expect(news()).toMatchObject([{ kind: 'session-ended', tokens: 7, draftRows: 5, acceptedRows: 3 }]);
  });

  it.each([
    ['left', { kind: 'message-received', link: 1, message: { kind: 'bye' } }],
    ['failed', { kind: 'step-failed', cause: 'the engine failed' }],
    ['refused', { kind: 'refused', code: 'unauthorized', cause: 'a key', remedy: 'another' }],
    ['failed', { kind: 'refused', code: 'internal', cause: 'a fault', remedy: 'try again' }],
  ] as const)('says that a session has %s', (reason, event) => {
    const { news, step } = sessionBed();
    news();
    step(event);
    expect(news()).toEqual([{ kind: 'session-ended', ...of, reason, ...nothing }]);
  });

  it('tells of a lost connection, and where the device is back', () => {
    const { news, step, resume, journal, entry } = sessionBed();
    news();
    step({ kind: 'link-closed', link: 1 });
    expect(news()).toEqual([{ kind: 'session-lost', ...of }]);
    resume(2);
    expect(news()).toEqual([{ kind: 'session-resumed', session: 5, address: 'b' }]);
    resume(3);
    // A connection that it does not know.
    expect(news()).toEqual([{ kind: 'session-resumed', session: 5, address: null }]);
    journal.forgotten(entry);
    journal.forgotten(entry);
    expect(news()).toEqual([{ kind: 'session-forgotten', session: 5, address: null, ...nothing }]);
    expect(journal.counts(0)).toMatchObject({ sessionsEnded: 0, sessionsForgotten: 1 });
  });

  it('calls no session lost that has ended or left, and none forgotten', () => {
    const ended = sessionBed({ maxAnswerTokens: 1 });
    ended.write();
    ended.news();
    ended.step({ kind: 'link-closed', link: 1 });
    ended.journal.forgotten(ended.entry);
    expect(ended.news()).toEqual([]);
    const left = sessionBed();
    left.step({ kind: 'message-received', link: 1, message: { kind: 'bye' } });
    left.news();
    left.step({ kind: 'link-closed', link: 1 });
    left.journal.forgotten(left.entry);
    expect(left.news()).toEqual([]);
  });

  it('tells how a session waits for a place, gets one and loses it; a place at once is no news', () => {
    const { news, journal, entry } = sessionBed();
    news();
    journal.placeChanged(entry, 'given', 0);
    expect(news()).toEqual([]);
    journal.placeChanged(entry, 'shared', 0);
    journal.placeChanged(entry, 'given', 12.3456);
    journal.placeChanged(entry, 'waiting', 0);
    journal.placeChanged(entry, 'given', 5);
    journal.placeChanged(entry, 'lost', 0);
    // It was not waiting.
    journal.placeChanged(entry, 'given', 0);
    expect(news()).toEqual([
      { kind: 'session-displaced', ...of, why: 'shared' },
      { kind: 'session-placed', ...of, waitedMs: 12.35 },
      { kind: 'session-waiting', ...of },
      { kind: 'session-placed', ...of, waitedMs: 5 },
      { kind: 'session-displaced', ...of, why: 'lost' },
    ]);
  });

  it('says nothing of the place of a session that is over, or that it does not know', () => {
    const { news, journal, entry, step } = sessionBed();
    step({ kind: 'message-received', link: 1, message: { kind: 'bye' } });
    news();
    journal.placeChanged(entry, 'waiting', 0);
    const stranger = { ...entry } as EdgeEntry;
    journal.placeChanged(stranger, 'waiting', 0);
    journal.stepped(stranger, { kind: 'link-closed', link: 1 }, stranger.state);
    journal.forgotten(stranger);
    expect(news()).toEqual([]);
  });
});
