import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOnLink, type Direction, deliver, dropQueued, type LinkSettings, openLink } from './link-model.ts';
import { idealLink } from './link-model-settings.ts';

const outage = (startMs: number, endMs: number) => ({ startMs, endMs });

function arrivals(settings: LinkSettings, direction: Direction, sends: readonly (readonly [number, number])[]) {
  let state = openLink(settings, direction, 0);
  return sends.map(([nowMs, frameBytes]) => {
    const delivery = deliver(state, nowMs, frameBytes);
    state = delivery.state;
    return delivery.arrivalMs;
  });
}

it('bytes on the link counts WebSocket, TCP and IP headers of every segment', () => {
  expect(bytesOnLink('up', 3)).toBe(3 + 6 + 40);
  expect(bytesOnLink('down', 3)).toBe(3 + 2 + 40);
  expect(bytesOnLink('down', 126)).toBe(126 + 4 + 40);
  expect(bytesOnLink('down', 65536)).toBe(65536 + 10 + 40 * 45);
});

describe('deliver', () => {
  it('takes half the round trip on an empty link', () => {
    expect(arrivals({ ...idealLink, roundTripMs: 30 }, 'up', [[5, 1000]])).toEqual([20]);
  });

  it('queues frames one behind the other at the rate of their direction', () => {
    // 125 bytes of headers and payload are 1,000 bits: 1 ms at 1 Mbit/s, 0.1 ms at ten times that.
    const settings = { ...idealLink, uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: 1e7 };
    const up = [0, 0, 0.5, 10].map((nowMs) => [nowMs, 125 - 46] as const);
    expect(arrivals(settings, 'up', up)).toEqual([1, 2, 3, 11]);
    expect(arrivals(settings, 'down', [[0, 125 - 42]])).toEqual([0.1]);
  });

  it('draws the same jitter for the same seed, different jitter in each direction, with the stated mean', () => {
    const settings = { ...idealLink, jitterMs: 4, seed: 11 };
    const sends = Array.from({ length: 4000 }, (_, index) => [index * 1000, 1] as const);
    const up = arrivals(settings, 'up', sends);
    expect(arrivals(settings, 'up', sends)).toEqual(up);
    expect(arrivals(settings, 'down', sends)).not.toEqual(up);
    expect(arrivals({ ...settings, seed: 12 }, 'up', sends)).not.toEqual(up);
    const delays = up.map((arrivalMs, index) => arrivalMs - index * 1000);
    expect(delays.reduce((sum, delay) => sum + delay, 0) / delays.length).toBeCloseTo(4, 0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(20);
  });
});

describe('outages', () => {
  it('delays frames in flight and stops sending during an outage', () => {
    const settings = { ...idealLink, roundTripMs: 20, uplinkBitsPerSecond: 1e6, outages: [outage(50, 90)] };
    const frame = 125 - 46;
    expect(arrivals(settings, 'up', [[30, frame]])).toEqual([41]);
    expect(arrivals(settings, 'up', [[45, frame]])).toEqual([90]);
    expect(arrivals(settings, 'up', [[60, frame]])).toEqual([101]);
    // One millisecond of sending, half of it before the outage.
    expect(arrivals(settings, 'up', [[49.5, frame]])).toEqual([100.5]);
  });

  it('suspends one long frame during several outages, adjacent ones included', () => {
    const outages = [outage(10, 20), outage(20, 30), outage(40, 50)];
    const settings = { ...idealLink, downlinkBitsPerSecond: 1e6, outages };
    // 3,125 bytes are 25 ms: 10 before, 10 between, 5 after.
    expect(arrivals(settings, 'down', [[0, 3125 - 4 - 120]])).toEqual([55]);
  });

  it('has one seeded outage in each period', () => {
    const settings = { ...idealLink, outages: { everyMs: 100, lastingMs: 10 }, seed: 3 };
    const sends = Array.from({ length: 10_000 }, (_, index) => [index / 10, 1] as const);
    const held = arrivals(settings, 'up', sends).map((arrivalMs, index) => arrivalMs - index / 10);
    for (let period = 0; period < 10; period++) {
      const inPeriod = held.slice(period * 1000, (period + 1) * 1000);
      expect(Math.max(...inPeriod)).toBeGreaterThan(9.8);
      expect(inPeriod.filter((heldMs) => heldMs > 0).length).toBeGreaterThanOrEqual(99);
      expect(inPeriod.filter((heldMs) => heldMs > 0).length).toBeLessThanOrEqual(101);
    }
  });

  it('counts the time of outages from the opening of the link', () => {
    const settings = { ...idealLink, outages: [outage(0, 5)] };
    expect(deliver(openLink(settings, 'up', 1000), 1001, 1).arrivalMs).toBe(1005);
  });
});

describe('order and loss', () => {
  it('drops its queue when the connection is lost', () => {
    const settings = { ...idealLink, uplinkBitsPerSecond: 1000 };
    const { state } = deliver(openLink(settings, 'up', 0), 0, 100_000);
    expect(deliver(dropQueued(state, 7), 7, 79).arrivalMs).toBe(7 + 1000);
    expect(deliver(state, 7, 79).arrivalMs).toBeGreaterThan(800_000);
  });

  it('never lets a frame overtake, arrive early, or arrive in an outage', () => {
    const sends = fc.array(fc.tuple(fc.double({ min: 0, max: 30, noNaN: true }), fc.nat(5000)), { maxLength: 60 });
    const numbers = { min: 0, max: 40, noNaN: true };
    fc.assert(
      fc.property(
        sends,
        fc.double(numbers),
        fc.double(numbers),
        fc.nat(),
        fc.boolean(),
        (steps, rtt, jitter, seed, up) => {
          const outages = [outage(20, 60), outage(100, 130)];
          const rates = { uplinkBitsPerSecond: 2e6, downlinkBitsPerSecond: 9e6 };
          const settings = { roundTripMs: rtt, jitterMs: jitter, ...rates, outages, seed };
          let nowMs = 0;
          const timed = steps.map(([pauseMs, frameBytes]) => {
            nowMs += pauseMs;
            return [nowMs, frameBytes] as const;
          });
          let previousMs = 0;
          for (const [index, arrivalMs] of arrivals(settings, up ? 'up' : 'down', timed).entries()) {
            expect(arrivalMs).toBeGreaterThanOrEqual(previousMs);
            expect(arrivalMs).toBeGreaterThanOrEqual((timed[index]?.[0] ?? 0) + rtt / 2);
            expect(outages.some(({ startMs, endMs }) => arrivalMs >= startMs && arrivalMs < endMs)).toBe(false);
            previousMs = arrivalMs;
          }
        },
      ),
    );
  });
});
