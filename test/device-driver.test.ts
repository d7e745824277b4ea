// The rules of a device's turn that time decides, on a clock that the test advances.

import { describe, expect, it } from 'vitest';
import { OutriderError } from '../src/core/basics/errors.ts';
import { createRandom, type Random } from '../src/core/basics/philox.ts';
import { neutralSampling } from '../src/core/decoding/sampling.ts';
import { DeviceDriver } from '../src/core/protocol/device/device-driver.ts';
import { stepDevice } from '../src/core/protocol/device/device-session.ts';
import { createDeviceState, type DeviceEvent } from '../src/core/protocol/device/device-state.ts';
import type { DraftingAdvice, DraftingSwitch } from '../src/core/protocol/device/drafting-advice.ts';
import { guardMessage } from '../src/core/protocol/device/message-guard.ts';
import { testHello } from '../src/core/protocol/edge/edge-session.fixture.ts';
import type { DeviceMessage, EdgeMessage } from '../src/core/protocol/wire/messages.ts';
import type { ModeName } from '../src/core/protocol/wire/mode.ts';
import { byteWire, type FrameConnection, type FrameHandler } from '../src/core/protocol/wire/wire.ts';
import { createManualClock } from '../src/network/transport/manual-clock.contract.ts';

const tokenizerHash = 'ab'.repeat(32);
const turn = {
  session: '11'.repeat(16),
  conversation: '22'.repeat(16),
  credentials: '',
  padding: 0,
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
interface BedOptions {
  readonly advice?: DraftingAdvice;
  readonly giveUpAfterMs?: number;
  readonly mode?: ModeName;
  readonly uniform?: () => number;
  readonly measuresRoundTrip?: boolean;
}

function bed(options: BedOptions = {}) {
  const { advice, giveUpAfterMs = 30_000, mode = 'stream', uniform = () => 1, measuresRoundTrip = false } = options;
  const clock = createManualClock();
  const connects: number[] = [];
  const tried: string[] = [];
  const events: DeviceEvent[] = [];
  const sent: DeviceMessage[] = [];
  const queued: number[] = [];
  const closes: string[] = [];
  const shown: (string | number)[] = [];
  let edgeEnd = byteWire.edge();
  let handler: FrameHandler | undefined;
  const settings = {
    machines: { stepDevice, guardMessage },
    wire: byteWire,
    liveness: { pingAfterMs: 4000, lostAfterMs: 15_000 },
    vocabularySize: 100,
    giveUpAfterMs,
    firstTokenWithinMs: 120_000,
    nextTokenWithinMs: 30_000,
    uniform,
    retriesFirstConnection: false,
    measuresRoundTrip,
    cutsChains: false,
    judgesHedges: false,
  };
  const host = {
    connect: (edge: string) => {
      connects.push(clock.nowMs());
      tried.push(edge);
    },
    beginDraft: () => {},
    emit: (tokens: readonly number[]) => void shown.push(...tokens),
    servedBy: (edge: string) => void shown.push(edge),
    queued: (ahead: number) => void queued.push(ahead),
    stepped: (event: DeviceEvent) => void events.push(event),
  };
  const driver = new DeviceDriver(settings, clock, host, createDeviceState({ ...turn, mode }), advice ?? null);
  const connection: FrameConnection<DeviceMessage> = {
    writable: true,
    send: (frame) => void sent.push(edgeEnd.unpack(frame)),
    close: (code) => void closes.push(`${code} at ${clock.nowMs()}`),
  };
  return {
    clock,
    driver,
    connects,
    /** The edges of these attempts. */
    tried,
    events,
    sent,
    queued,
    closes,
    /** What the host was told: edges that write, and their tokens. */
    shown,
    /** Advances the clock, while the edge pings. */
    pingUntil(untilMs: number) {
      while (clock.nowMs() < untilMs) {
        clock.moveTo(Math.min(untilMs, clock.nowMs() + 1000));
        this.hear({ kind: 'ping', stamp: clock.nowMs() });
      }
    },
    connect(edge = 'edge') {
      edgeEnd = byteWire.edge();
      handler = driver.connected(edge, connection);
      this.hear(testHello);
    },
    hear: (message: EdgeMessage) => handler?.frame(edgeEnd.pack(message)),
    lose: () => handler?.closed(),
    commit(tokens: readonly number[]) {
      this.hear({ kind: 'commit', first: driver.state.text.length, branch: 0, accepted: 0, tokens });
    },
  };
}

const unreachable = new OutriderError('edge-unreachable', 'nobody answers', 'try again');

it('waits 50 ms and half of the outage so far, at most 4 s; new text resets the wait', () => {
  const one = bed({ giveUpAfterMs: 1e9 });
  const { clock, driver, connects } = one;
  one.connect();
  one.lose();
  const triesMs: number[] = [];
  for (let atMs = 0; triesMs.length < 12; atMs += 1) {
    clock.moveTo(atMs);
    if (connects.length === 0) continue;
    triesMs.push(Math.round(connects.pop() as number));
    driver.unreachable('edge', unreachable);
  }
  expect(triesMs).toEqual([50, 125, 238, 407, 661, 1042, 1613, 2470, 3755, 5683, 8575, 12_575]);
  clock.moveTo(clock.nowMs() + 4000);
  one.connect();
  one.commit([5]);
  one.lose();
  const lostAtMs = clock.nowMs();
  clock.moveTo(lostAtMs + 4000);
  expect(connects.at(-1)).toBe(lostAtMs + 50);
});

/** @returns when this device connects again after an outage of so long */
function backAfter(outageMs: number, random: Random): number {
  const one = bed({ uniform: () => random.uniform() });
  const { clock, driver, connects } = one;
  one.connect();
  one.lose();
  for (let atMs = 0; ; atMs += 1) {
    clock.moveTo(atMs);
    if (connects.length === 0) continue;
    const triedMs = connects.pop() as number;
    if (triedMs >= outageMs) return triedMs;
    driver.unreachable('edge', unreachable);
  }
}

it('tells that another edge writes before it hands on the text of that edge', () => {
  const one = bed();
  one.connect();
  one.commit([5]);
  one.driver.moveTo('other');
  one.connect('other');
  one.commit([6]);
  expect(one.shown).toEqual(['edge', 5, 'other', 6]);
});

it('comes back within half of the outage, and not at the same moment as other devices', () => {
  for (const outageMs of [300, 3000, 10_000]) {
    const backMs = Array.from({ length: 200 }, (_, seed) => backAfter(outageMs, createRandom(seed)));
    expect(Math.max(...backMs)).toBeLessThanOrEqual(1.5 * outageMs + 51);
    const inTenths = backMs.map((ms) => Math.floor((10 * (ms - outageMs)) / (0.5 * outageMs + 51)));
    const fullest = Math.max(
      ...Array.from({ length: 10 }, (_, tenth) => inTenths.filter((one) => one === tenth).length),
    );
    expect(fullest).toBeLessThan(0.4 * backMs.length);
  }
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
  const [off, on] = [
    { on: false, reason: 'it costs' },
    { on: true, reason: 'it pays' },
  ] as const;
  const answers: (DraftingSwitch | null)[] = [null, off, on];
  const seen: number[] = [];
  const quiet: DraftingAdvice = {
    begins: () => null,
    greeted: () => null,
    isDue: () => true,
    judge: () => null,
    ended: ({ committedTokens }) => void seen.push(committedTokens),
  };
  const advised = bed({ advice: { ...quiet, judge: () => answers.shift() ?? null } });
  advised.connect();
  for (const token of [5, 6, 7]) advised.commit([token]);
  expect(advised.events.filter(({ kind }) => kind === 'drafting-switched')).toEqual([
    { kind: 'drafting-switched', ...off },
    { kind: 'drafting-switched', ...on },
  ]);
  expect(advised.driver.state.isDraftingOn).toBe(true);
  advised.driver.stop();
  expect(seen).toEqual([3]);

  const slow = bed({ advice: { ...quiet, greeted: () => off } });
  slow.connect();
  expect(slow.driver.state.isDraftingOn).toBe(false);
  const resting = bed({ advice: { ...quiet, begins: () => off } });
  resting.connect();
  expect(resting.events.slice(0, 2).map(({ kind }) => kind)).toEqual(['drafting-switched', 'link-opened']);
});

it.each([
  [false, 4000, [4000]],
  [true, 4000, [0, 40_000]],
])(
  'stamps its pings in ms, and in tenths where it measures the round trip: %s',
  (measuresRoundTrip, untilMs, stamps) => {
    const one = bed({ measuresRoundTrip });
    one.connect();
    one.clock.moveTo(untilMs);
    expect(one.sent.flatMap((message) => (message.kind === 'ping' ? [message.stamp] : []))).toEqual(stamps);
    one.clock.moveTo(untilMs + 3);
    one.hear({ kind: 'pong', stamp: stamps.at(-1) as number });
    expect(one.driver.connections.roundTripMs).toBe(3);
  },
);

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

it('replaces a connection that brings no first token in two minutes, and fails when the second one brings none either', () => {
  const one = bed();
  one.connect();
  one.pingUntil(119_000);
  expect(one.closes).toEqual([]);
  one.pingUntil(120_000);
  expect(one.closes).toEqual(['silent at 120000']);
  one.pingUntil(121_000);
  expect(one.connects).toEqual([120_050]);
  one.connect();
  expect(one.sent.at(-1)).toMatchObject({ kind: 'resume', attempt: 2, length: 3 });
  one.pingUntil(240_000);
  expect(one.driver.state.outcome).toBeNull();
  one.pingUntil(241_000);
  expect(one.driver.state.outcome).toMatchObject({ kind: 'failed', code: 'edge-silent' });
  expect(one.clock.pendingCount).toBe(0);
});

it('gives the next token half a minute, and begins again with each one', () => {
  const one = bed();
  one.connect();
  one.pingUntil(100_000);
  one.commit([5]);
  one.pingUntil(129_000);
  one.commit([6]);
  one.pingUntil(158_000);
  expect(one.closes).toEqual([]);
  one.pingUntil(159_000);
  expect(one.closes).toEqual(['silent at 159000']);
  one.connect();
  one.pingUntil(180_000);
  one.commit([7]);
  one.pingUntil(209_000);
  expect(one.closes.length).toBe(1);
  one.pingUntil(210_000);
  expect(one.closes.length).toBe(2);
  expect(one.driver.state.outcome).toBeNull();
  expect(one.driver.state.text.slice(3)).toEqual([5, 6, 7]);
});

it('adds up the silence of connections that an edge closes again and again', () => {
  const one = bed();
  one.connect();
  while (one.driver.state.outcome === null && one.clock.nowMs() < 1_000_000) {
    one.pingUntil(one.clock.nowMs() + 31_000);
    one.lose();
    one.clock.moveTo(one.clock.nowMs() + 1000);
    one.connect();
  }
  expect(one.driver.state.outcome).toMatchObject({ kind: 'failed', code: 'edge-silent' });
  expect(one.clock.nowMs()).toBeLessThan(300_000);
});

it('gives an edge that has lost the session the time of a first token again', () => {
  const one = bed();
  one.connect();
  one.commit([5]);
  one.pingUntil(10_000);
  one.lose();
  one.connect();
  one.hear({ kind: 'gone' });
  expect(one.sent.at(-1)).toMatchObject({ kind: 'open', answer: [5] });
  one.pingUntil(119_000);
  expect(one.closes).toEqual([]);
  one.pingUntil(120_000);
  expect(one.closes).toEqual(['silent at 120000']);
});

it('does not count the time in which the edge rightly waits for this device', () => {
  const one = bed({ mode: 'sd' });
  one.connect();
  one.pingUntil(300_000);
  expect(one.closes).toEqual([]);
  const draft = () => {
    const { drafting } = one.driver.state;
    if (drafting === null) return;
    one.driver.drafted({ ...drafting, lookUpMargin: 0, alternatives: [] }, { token: 9, confidence: 1 }, 75_000);
  };
  for (let count = 0; count < 4; count += 1) draft();
  expect(one.sent.some(({ kind }) => kind === 'verify')).toBe(true);
  one.pingUntil(419_000);
  expect(one.closes).toEqual([]);
  one.pingUntil(420_000);
  expect(one.closes).toEqual(['silent at 420000']);
});

describe('a full edge', () => {
  const full: EdgeMessage = { kind: 'refused', code: 'edge-full', cause: 'all places are taken', remedy: 'later' };

  it('fails a turn that has no text', () => {
    const one = bed();
    one.connect();
    one.hear(full);
    expect(one.driver.state.outcome).toMatchObject({ kind: 'failed', code: 'edge-full' });
  });

  it('does not fail a turn that has text: it is opened again, and fails as edge-full when the edge stays full', () => {
    const one = bed();
    one.connect();
    one.commit([5]);
    one.hear(full);
    for (let tries = 0; one.driver.state.outcome === null && tries < 100; tries += 1) {
      one.clock.moveTo(one.clock.nowMs() + 4000);
      one.connect();
      expect(one.sent.at(-1)).toMatchObject({ kind: 'open', answer: [5] });
      one.hear(full);
    }
    expect(one.driver.state.outcome).toMatchObject({
      kind: 'failed',
      code: 'edge-full',
      cause: 'all places are taken',
    });
    expect(one.clock.nowMs()).toBeGreaterThan(30_000);
  });

  it('that lets a session wait in the middle of its text has the time of a first token, however often it says so', () => {
    const one = bed();
    one.connect();
    one.commit([5]);
    one.hear({ kind: 'queued', ahead: 2 });
    one.pingUntil(60_000);
    one.hear({ kind: 'queued', ahead: 1 });
    one.pingUntil(119_000);
    expect(one.closes).toEqual([]);
    one.pingUntil(121_000);
    expect(one.closes).toHaveLength(1);
    expect(one.queued).toEqual([2, 1]);
  });
});

describe('a move to another edge', () => {
  it('is tried once while it is on its way, and again when it is ordered after the edge was not reached', () => {
    const one = bed();
    one.connect('a');
    one.commit([5]);
    for (const round of [1, 2, 3]) {
      for (let order = 0; order < 3; order += 1) one.driver.moveTo('b');
      expect(one.tried).toEqual(Array(round).fill('b'));
      one.driver.unreachable('b', unreachable);
    }
    expect(one.driver.state.links.map(({ edge }) => edge)).toEqual(['a']);
  });

  it('is tried again after the edge has refused it, and not while the turn is there', () => {
    const one = bed();
    one.connect('a');
    one.commit([5]);
    one.driver.moveTo('b');
    one.connect('b');
    one.driver.moveTo('b');
    expect(one.tried).toEqual(['b']);
    one.hear({ kind: 'refused', code: 'edge-full', cause: 'no place', remedy: 'wait' });
    expect(one.driver.state.links.map(({ edge }) => edge)).toEqual(['a']);
    one.driver.moveTo('b');
    expect(one.tried).toEqual(['b', 'b']);
    one.driver.moveTo('a');
    expect(one.tried).toEqual(['b', 'b']);
  });
});
