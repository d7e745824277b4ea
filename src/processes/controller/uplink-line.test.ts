import { expect, it } from 'vitest';
import { idealLink } from '../../core/protocol/wire/link-model-settings.ts';
import { createInMemoryNetwork } from '../../network/transport/in-memory.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import { UplinkLine } from './uplink-line.ts';

const silent = { frame: () => {}, writable: () => {}, closed: () => {} };
/** 1,000 bytes on the wire. */
const frame = new Uint8Array(1000 - 46 - 2);

it('keeps to its rates, tells how much of them it uses, and has its share when nobody tells more', async () => {
  const clock = createManualClock();
  const arrived: number[] = [];
  const network = createInMemoryNetwork(() => ({ ...silent, frame: () => void arrived.push(clock.nowMs()) }), {
    clock,
    link: idealLink,
  });
  const line = new UplinkLine(network.connect, clock);
  const connection = await line.connect(() => silent);
  expect([line.use(), line.bitsPerSecond]).toEqual([null, Number.POSITIVE_INFINITY]);
  // Ten frames a second; four of them are sent.
  line.setRates({ bitsPerSecond: 80_000, shareBitsPerSecond: 160_000 });
  for (let count = 0; count < 4; count += 1) connection.send(frame);
  clock.moveTo(1000);
  expect(line.use()).toBeCloseTo(0.4);
  // A rate in between: half a second at each, and all that they allow.
  for (let count = 0; count < 40; count += 1) connection.send(frame);
  clock.moveTo(1500);
  line.setRates({ bitsPerSecond: 8000, shareBitsPerSecond: 160_000 });
  clock.moveTo(2000);
  expect(line.use()).toBeGreaterThan(0.9);
  expect(line.use()).toBeLessThanOrEqual(1);
  const before = arrived.length;
  line.keepShare();
  expect(line.bitsPerSecond).toBe(160_000);
  clock.moveTo(3000);
  // Twenty a second, also the rest of the one that was leaving at the low rate.
  expect(arrived.length - before).toBe(20);
  // A report from a moment without a link would hold a frame up for hours.
  line.setRates({ bitsPerSecond: 1, shareBitsPerSecond: 1 });
  expect(line.bitsPerSecond).toBe(2000);
  line.setRates({ bitsPerSecond: 1e6, shareBitsPerSecond: 160_000 });
  line.keepShare();
  expect(line.bitsPerSecond).toBe(1e6);
  // Each rate has allowed what its own time has: 40,000 and 4,000 bits.
  clock.moveTo(4000);
  line.setRates({ bitsPerSecond: 80_000, shareBitsPerSecond: 160_000 });
  line.use();
  connection.send(frame);
  clock.moveTo(4500);
  line.setRates({ bitsPerSecond: 8000, shareBitsPerSecond: 160_000 });
  clock.moveTo(5000);
  expect(line.use()).toBeCloseTo(8 / 44);
});
