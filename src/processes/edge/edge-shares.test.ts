// Shares of running sessions on a live edge, without sockets.

import { describe, expect, it } from 'vitest';
import { edgeKey } from '../../core/protocol/edge/edge-key.ts';
import type { OpenMessage } from '../../core/protocol/wire/messages.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { createManualClock, type ManualClock } from '../../network/transport/manual-clock.contract.ts';
import { type Edge, startEdge } from './edge.ts';
import type { EdgeOptions } from './edge-options.ts';
import type { SessionShares } from './edge-shares.ts';
import { RawDevice } from './raw-device.fixture.ts';

const toy = createToyModel({ seed: 21, role: 'target', sequences: 4, contextLength: 30_000 });

/** An edge with one row a step, so that every token of one session is a step that the other does not get. */
function start(options: Partial<EdgeOptions> = {}): Promise<Edge> {
  return startEdge({ model: toy, stepTime: linearStepTime(1, 0.01), lookUpTokens: 0, maxRows: 1, ...options });
}

function nameOf(number: number): string {
  return number.toString(16).padStart(32, '0');
}

function open(edge: Edge, number: number, changes: Partial<OpenMessage> = {}): RawDevice {
  const session = nameOf(number);
  const prompt = Array.from({ length: 4 }, (_, index) => 300 + 50 * number + index);
  const endless = { maxAnswerTokens: 25_000, flowControlWindow: 30_000 };
  return new RawDevice(edge).open(toy, { session, conversation: session, prompt, ...endless, ...changes });
}

/** Tokens of the other device while the first one gets this many. */
async function tokensBeside(first: RawDevice, other: RawDevice, tokens: number): Promise<number> {
  const [from, before] = [first.text.length, other.text.length];
  await first.until(() => first.text.length >= from + tokens);
  return other.text.length - before;
}

describe('setShares', () => {
  it('changes how running sessions share the rows, from one step to the next', async () => {
    await using edge = await start();
    const [one, two] = [open(edge, 1), open(edge, 2)];
    await two.until(() => two.text.length > 4);
    expect(Math.abs((await tokensBeside(one, two, 90)) - 90)).toBeLessThanOrEqual(2);
    expect(edge.setShares([{ session: nameOf(1), compute: 3 }])).toEqual({ set: 1, unknown: [] });
    expect(Math.abs((await tokensBeside(one, two, 90)) - 30)).toBeLessThanOrEqual(2);
    edge.setShares([
      { session: nameOf(1), compute: 0.2 },
      { session: nameOf(2), compute: 0.8 },
    ]);
    expect(Math.abs((await tokensBeside(one, two, 30)) - 120)).toBeLessThanOrEqual(8);
  });

  it('finds a session by its id and its key, and tells back those that it does not have', async () => {
    const keys = [edgeKey('a'), edgeKey('b')];
    await using edge = await start({ keyOf: (shown) => keys.find(({ id }) => id === shown) ?? null });
    const one = open(edge, 1, { credentials: 'a' });
    await one.until(() => one.text.length > 0);
    const shares: SessionShares[] = [
      { session: nameOf(1), key: 'a', compute: 2 },
      { session: nameOf(1), key: 'b', compute: 2 },
      { session: nameOf(1) },
      { session: nameOf(9), key: 'a', downlink: 2 },
      { session: nameOf(9) },
    ];
    const gone = [{ session: nameOf(9), key: 'a' }, { session: nameOf(9) }];
    expect(edge.setShares(shares)).toEqual({ set: 2, unknown: [{ session: nameOf(1), key: 'b' }, ...gone] });
    // Another key has a session of the same id: by its id alone it is not found any more.
    const other = open(edge, 1, { credentials: 'b' });
    await other.until(() => other.text.length > 0);
    expect(edge.setShares(shares)).toEqual({ set: 2, unknown: [{ session: nameOf(1) }, ...gone] });
    expect(edge.setShares([])).toEqual({ set: 0, unknown: [] });
  });

  it.each([
    ['compute', 0],
    ['compute', -1],
    ['compute', Number.NaN],
    ['compute', Number.POSITIVE_INFINITY],
    ['compute', '3'],
    ['downlink', 0],
    ['downlink', Number.NaN],
    ['session', 5],
    ['key', 5],
    ['weight', 1],
  ])('refuses %s %o, and then sets nothing at all', async (field, value) => {
    await using edge = await start();
    const [one, two] = [open(edge, 1), open(edge, 2)];
    await two.until(() => two.text.length > 4);
    const wrong = [
      { session: nameOf(1), compute: 50 },
      { session: nameOf(2), [field]: value },
    ] as unknown as SessionShares[];
    expect(() => edge.setShares(wrong)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(Math.abs((await tokensBeside(one, two, 60)) - 60)).toBeLessThanOrEqual(2);
  });

  it('divides the part of a key among its sessions, whatever their shares are worth elsewhere', async () => {
    const keys = [edgeKey('a', { share: 3 }), edgeKey('b')];
    await using edge = await start({ keyOf: (shown) => keys.find(({ id }) => id === shown) ?? null });
    const [big, small] = [open(edge, 1, { credentials: 'a' }), open(edge, 2, { credentials: 'b' })];
    await small.until(() => small.text.length > 4);
    edge.setShares([{ session: nameOf(2), key: 'b', compute: 1000 }]);
    expect(Math.abs((await tokensBeside(big, small, 90)) - 30)).toBeLessThanOrEqual(2);
  });

  it('refuses what is no list', async () => {
    await using edge = await start();
    expect(() => edge.setShares({} as unknown as SessionShares[])).toThrow('setShares is an object');
  });
});

describe('the downlink', () => {
  const padded = { padding: 1024 };

  async function run(clock: ManualClock, fromMs: number, untilMs: number): Promise<void> {
    for (let now = fromMs; now <= untilMs; now += 2) {
      clock.moveTo(now);
      // The edge's steps run between two turns of the event loop.
      for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Two sessions that write frames of 1,024 bytes as fast as the paced downlink takes them; the bytes of each after `ms`. */
  async function bytesAfter(ms: number, shares: readonly SessionShares[]): Promise<readonly number[]> {
    const clock = createManualClock();
    await using edge = await start({ maxRows: 2, clock, downlinkBitsPerSecond: 8e5 });
    const devices = [open(edge, 1, padded), open(edge, 2, padded)];
    edge.setShares(shares);
    await run(clock, 0, ms);
    return devices.map(({ frameBytes }) => frameBytes);
  }

  it('is shared as the shares y say, and no faster than its rate', async () => {
    const [one = 0, two = 0] = await bytesAfter(2000, [{ session: nameOf(1), downlink: 3 }]);
    // 100 bytes a millisecond.
    expect(one + two).toBeGreaterThan(0.9 * 200_000);
    expect(one + two).toBeLessThan(1.02 * 200_000);
    expect(one / two).toBeGreaterThan(2.8);
    expect(one / two).toBeLessThan(3.2);
  });

  it('goes with a session to its next connection', async () => {
    const clock = createManualClock();
    await using edge = await start({ maxRows: 2, clock, downlinkBitsPerSecond: 8e5 });
    const [one, two] = [open(edge, 1, padded), open(edge, 2, padded)];
    edge.setShares([{ session: nameOf(1), downlink: 3 }]);
    await run(clock, 0, 100);
    const again = open(edge, 1, { ...padded, attempt: 2 });
    const before = two.frameBytes;
    await run(clock, 100, 1100);
    expect(one.closed).toMatch(/superseded/);
    expect(again.frameBytes / (two.frameBytes - before)).toBeGreaterThan(2.7);
  });

  it('is shared equally without them', async () => {
    const [one = 0, two = 0] = await bytesAfter(1000, []);
    expect(Math.abs(one - two)).toBeLessThanOrEqual(2 * 1100);
  });

  it('refuses a rate that could carry nothing', async () => {
    await expect(start({ downlinkBitsPerSecond: 0 })).rejects.toThrow('downlinkBitsPerSecond is 0');
  });
});
