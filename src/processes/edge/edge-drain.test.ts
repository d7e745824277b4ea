// How an edge goes down, on a clock that the test advances.

import { describe, expect, it } from 'vitest';
import { scriptModel } from '../../../laboratory/engine-conformance/scripted.ts';
import { edgeKey } from '../../core/protocol/edge/edge-key.ts';
import type { OpenMessage } from '../../core/protocol/wire/messages.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { Gate } from '../../models/port/gate.fixture.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import { startEdge } from './edge.ts';
import type { EdgeLogEvent } from './edge-events.ts';
import { RawDevice } from './raw-device.fixture.ts';

/** An edge whose engine waits for a gate. */
async function bed() {
  const clock = createManualClock();
  const gate = new Gate();
  const toy = createToyModel({ seed: 21, role: 'target', sequences: 4, contextLength: 400 });
  const model = scriptModel(toy, { beforeEvaluate: () => gate.pass() });
  const events: EdgeLogEvent[] = [];
  const edge = await startEdge({
    model,
    clock,
    stepTime: linearStepTime(1, 0.01),
    lookUpTokens: 0,
    stallAfterMs: 1e9,
    keyOf: (shown) => edgeKey(shown || 'k', { name: `name of ${shown}` }),
    onEvent: (event) => void events.push(event),
  });
  let sessions = 0;
  const open = (changes: Partial<OpenMessage> = {}): RawDevice => {
    const session = (++sessions).toString(16).padStart(32, '0');
    return new RawDevice(edge).open(toy, { session, conversation: session, prompt: [300, 301], ...changes });
  };
  /** Lets what waits for the clock continue. */
  const pass = async (untilMs: number): Promise<void> => {
    while (clock.nowMs() < untilMs) {
      clock.moveTo(Math.min(untilMs, clock.nowMs() + 20));
      for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  return { clock, gate, edge, events, open, pass };
}

describe('an edge that drains', () => {
  it('waits for its answers as long as it may, and says so once', async () => {
    const { gate, edge, events, open, pass } = await bed();
    gate.close();
    const device = open();
    await gate.reached();
    const drained = Promise.all([edge.drain(100), edge.drain(100)]);
    await pass(80);
    expect([edge.status.state, device.closed]).toEqual(['draining', null]);
    await pass(100);
    expect(edge.status.state).toBe('closed');
    expect(device.closed).toBe('interrupted: the edge is going down');
    gate.open();
    await drained;
    expect(events.filter(({ kind }) => kind === 'draining')).toEqual([{ kind: 'draining', sessions: 1, forMs: 100 }]);
    expect(events.at(-1)).toEqual({ kind: 'closed' });
  });

  it('refuses new sessions meanwhile, and goes down when the last answer was sent', async () => {
    const { gate, edge, open, pass } = await bed();
    gate.close();
    const device = open({ maxAnswerTokens: 2 });
    await gate.reached();
    const drained = edge.drain(1e6);
    const late = open();
    await late.ended();
    expect(late.received.at(-1)).toMatchObject({ kind: 'refused', code: 'edge-draining' });
    gate.open();
    await device.ended();
    expect(device.text).toHaveLength(2);
    await pass(40);
    await drained;
    expect(edge.status.state).toBe('closed');
  });

  it('can be told to drain until that is taken back: answers go on, and devices are told', async () => {
    const { gate, edge, events, open, pass } = await bed();
    gate.close();
    const device = open({ maxAnswerTokens: 3 });
    await gate.reached();
    edge.setDraining(true);
    edge.setDraining(true);
    expect([edge.status.state, edge.status.answering]).toEqual(['draining', 1]);
    expect(device.received.filter(({ kind }) => kind === 'leaving')).toHaveLength(1);
    const late = open();
    await late.ended();
    expect(late.received.map(({ kind }) => kind)).toContain('leaving');
    expect(late.received.at(-1)).toMatchObject({ kind: 'refused', code: 'edge-draining' });
    await pass(200);
    gate.open();
    await device.ended();
    expect([device.text.length, edge.status.state, edge.status.answering]).toEqual([3, 'draining', 0]);
    edge.setDraining(false);
    const next = open({ maxAnswerTokens: 1 });
    await next.ended();
    expect([edge.status.state, next.text.length]).toEqual(['serving', 1]);
    expect(next.received.map(({ kind }) => kind)).not.toContain('leaving');
    const drains = events.filter(({ kind }) => kind === 'draining' || kind === 'serving');
    expect(drains).toEqual([{ kind: 'draining', sessions: 1, forMs: null }, { kind: 'serving' }]);
  });

  it('ends even if it was told to drain before, and then nothing takes that back', async () => {
    const { gate, edge, events, open, pass } = await bed();
    gate.close();
    const device = open();
    await gate.reached();
    edge.setDraining(true);
    const drained = edge.drain(100);
    edge.setDraining(false);
    expect(edge.status.state).toBe('draining');
    await pass(100);
    gate.open();
    await drained;
    edge.setDraining(false);
    expect([edge.status.state, device.closed]).toEqual(['closed', 'interrupted: the edge is going down']);
    expect(events.flatMap((event) => (event.kind === 'draining' ? [event.forMs] : []))).toEqual([null, 100]);
  });

  it('waits for no session whose device is gone, and for none that has its end', async () => {
    const { edge, open } = await bed();
    const device = open({ maxAnswerTokens: 1 });
    await device.ended();
    expect(device.text).toHaveLength(1);
    await edge.drain(1e6);
    expect(edge.status.state).toBe('closed');
  });

  it('is closed: it takes no connection, and closing again does nothing', async () => {
    const { edge, events } = await bed();
    await edge.drain(0);
    await edge.close();
    await edge.drain(1000);
    const device = new RawDevice(edge);
    expect([device.closed, device.received]).toEqual(['interrupted: the edge is going down', []]);
    expect(events.map(({ kind }) => kind)).toEqual(['draining', 'closed']);
  });
});

describe('the keys of an edge', () => {
  it('end their sessions when they are valid no more; the log has a line for each key', async () => {
    const { edge, events, open } = await bed();
    const devices = ['a', 'b', 'a'].map((credentials) => open({ credentials }));
    edge.renewKeys((id, shown) => (id === 'b' ? shown : null));
    expect(devices.map(({ closed }) => closed)).toEqual([
      'unauthorized: the key of this session is no longer valid',
      null,
      'unauthorized: the key of this session is no longer valid',
    ]);
    expect(events.filter(({ kind }) => kind === 'key-revoked')).toEqual([
      { kind: 'key-revoked', key: 'name of a', sessions: 2 },
    ]);
    await edge.close();
  });
});
