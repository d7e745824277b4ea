// The rules of a device's turn that time decides, on a clock that the test advances.

import { expect, it } from 'vitest';
import { OutriderError } from '../src/basics/errors.ts';
import { neutralSampling } from '../src/decoding/sampling.ts';
import { DeviceDriver, type DraftingAdvice } from '../src/protocol/device-driver.ts';
import { stepDevice } from '../src/protocol/device-session.ts';
import { createDeviceState, type DeviceEvent } from '../src/protocol/device-state.ts';
import { guardMessage } from '../src/protocol/message-guard.ts';
import { type DeviceMessage, type EdgeMessage, protocolVersion } from '../src/protocol/messages.ts';
import { byteWire, type FrameConnection, type FrameHandler } from '../src/protocol/wire.ts';
import { createManualClock } from '../src/transport/manual-clock.contract.ts';

const tokenizerHash = 'ab'.repeat(32);
const turn = {
  session: '11'.repeat(16),
  conversation: '22'.repeat(16),
  credentials: '',
  tokenizerHash,
  mode: 'stream',
  sampling: neutralSampling,
  stopStrings: [],
  maxAnswerTokens: 50,
  flowControlWindow: 256,
  maxAhead: 4,
  prompt: [1, 2, 3],
  endIds: new Set([0]),
  minChainConfidence: 0,
  draftLength: 4,
} as const;
const hello: EdgeMessage = {
  kind: 'hello',
  version: protocolVersion,
  model: 'toy',
  fingerprint: 'toy',
  tokenizerHash,
  vocabularySize: 100,
  contextLength: 500,
  timing: { stepMs: null, edgeDraftMs: null },
};

function bed(advice: DraftingAdvice | null = null, giveUpAfterMs = 30_000) {
  const clock = createManualClock();
  const connects: number[] = [];
  const events: DeviceEvent[] = [];
  let edgeEnd = byteWire.edge();
  let handler: FrameHandler | undefined;
  const settings = {
    machines: { stepDevice, guardMessage },
    wire: byteWire,
    liveness: { pingAfterMs: 4000, lostAfterMs: 15_000 },
    vocabularySize: 100,
    giveUpAfterMs,
    retriesFirstConnection: false,
    measuresRoundTrip: false,
    cutsChains: false,
  };
  const host = {
    connect: () => void connects.push(clock.nowMs()),
    beginDraft: () => {},
    emit: () => {},
    stepped: (event: DeviceEvent) => void events.push(event),
  };
  const driver = new DeviceDriver(settings, clock, host, createDeviceState(turn), advice);
  const connection: FrameConnection<DeviceMessage> = {
    writable: true,
    send: (frame) => void edgeEnd.unpack(frame),
    close: () => {},
  };
  return {
    clock,
    driver,
    connects,
    events,
    connect() {
      edgeEnd = byteWire.edge();
      handler = driver.connected('edge', connection);
      this.hear(hello);
    },
    hear: (message: EdgeMessage) => handler?.frame(edgeEnd.pack(message)),
    lose: () => handler?.closed(),
    commit(tokens: readonly number[]) {
      this.hear({ kind: 'commit', first: driver.state.text.length, branch: 0, accepted: 0, tokens });
    },
  };
}

const unreachable = new OutriderError('edge-unreachable', 'nobody answers', 'try again');

it('waits 50 ms, then twice as long each time, at most 4 s; new text resets the wait', () => {
  const one = bed(null, 1e9);
  const { clock, driver, connects } = one;
  one.connect();
  one.lose();
  const waitsMs: number[] = [];
  for (let failed = 0; failed < 9; failed += 1) {
    const fromMs = clock.nowMs();
    clock.moveTo(fromMs + 4000);
    waitsMs.push((connects.at(-1) ?? Number.NaN) - fromMs);
    driver.unreachable('edge', unreachable);
  }
  expect(waitsMs).toEqual([50, 100, 200, 400, 800, 1600, 3200, 4000, 4000]);
  clock.moveTo(clock.nowMs() + 4000);
  one.connect();
  one.commit([5]);
  one.lose();
  const lostAtMs = clock.nowMs();
  clock.moveTo(lostAtMs + 4000);
  expect(connects.at(-1)).toBe(lostAtMs + 50);
});

it('gives up when connections have brought no text for the time limit, but not on an edge that was long at work', () => {
  const quick = bed();
  quick.connect();
  quick.clock.moveTo(14_000);
  quick.lose();
  quick.clock.moveTo(31_000);
  quick.driver.unreachable('edge', unreachable);
  expect(quick.driver.state.outcome).toMatchObject({ kind: 'failed', code: 'edge-unreachable' });

  const busy = bed();
  busy.connect();
  for (let atMs = 4000; atMs <= 40_000; atMs += 4000) {
    busy.clock.moveTo(atMs);
    busy.hear({ kind: 'ping', stamp: atMs });
  }
  busy.lose();
  expect(busy.driver.state.outcome).toBeNull();
  busy.clock.moveTo(41_000);
  expect(busy.connects).toEqual([40_050]);
});

it('fails at once where the first connection fails', () => {
  const { driver } = bed();
  driver.unreachable('edge', unreachable);
  expect(driver.state.outcome).toMatchObject({ kind: 'failed', code: 'edge-unreachable', cause: 'nobody answers' });
});

it('leaves no timer behind when the turn is over', () => {
  const waiting = bed();
  waiting.connect();
  waiting.lose();
  expect(waiting.clock.pendingCount).toBe(1);
  waiting.driver.stop();
  expect(waiting.clock.pendingCount).toBe(0);

  const connected = bed();
  connected.connect();
  connected.driver.stop();
  expect(connected.clock.pendingCount).toBe(0);
});

it('switches drafting as it is advised, after the effects of the commit', () => {
  const answers = [null, false, true];
  const advised = bed({ greeted: () => null, committed: () => answers.shift() ?? null });
  advised.connect();
  for (const token of [5, 6, 7]) advised.commit([token]);
  expect(advised.events.filter(({ kind }) => kind === 'drafting-switched')).toEqual([
    { kind: 'drafting-switched', on: false },
    { kind: 'drafting-switched', on: true },
  ]);
  expect(advised.driver.state.isDraftingOn).toBe(true);

  const slow = bed({ greeted: () => false, committed: () => null });
  slow.connect();
  expect(slow.driver.state.isDraftingOn).toBe(false);
});

it('closes a connection that says what no honest edge says, and connects again', () => {
  const one = bed();
  one.connect();
  one.commit([5]);
  one.hear({ kind: 'commit', first: 4, branch: 0, accepted: 0, tokens: [100] });
  expect(one.driver.connections.count).toBe(0);
  expect(one.driver.state.text.slice(3)).toEqual([5]);
  one.clock.moveTo(50);
  expect(one.connects).toEqual([50]);
});
