import { describe, expect, it } from 'vitest';
import { bytesOnLink } from '../../core/protocol/wire/link-model.ts';
import { idealLink } from '../../core/protocol/wire/link-model-settings.ts';
import { createInMemoryNetwork } from './in-memory.ts';
import { machineClock } from './machine-clock.ts';
import { createManualClock } from './manual-clock.contract.ts';
import { PacedDirection, paceUplink } from './paced-direction.ts';
import { transportContract, witness } from './transport.contract.ts';
import type { Connection } from './transport.ts';

describe('in memory, paced at both ends', () =>
  transportContract(async (accept, maxFrameBytes) => {
    const rates = { uplinkBitsPerSecond: 1e9, downlinkBitsPerSecond: 1e9 };
    const link = { ...idealLink, ...rates, roundTripMs: 2 };
    const downlink = new PacedDirection('down', 5e8, machineClock);
    const network = createInMemoryNetwork((inner) => downlink.join(inner, accept), {
      clock: machineClock,
      link,
      maxFrameBytes,
    });
    const uplink = paceUplink(network.connect, 5e8, machineClock);
    return { connect: uplink.connect, vanish: network.cut, close: async () => network.close() };
  }));

/** Bytes that take ten milliseconds on the wire at the rate. */
const rate = 8e5;
const tenMs = 1000 - 46 - 2;

/** What has left, with its time. */
function line(count: number, bitsPerSecond = rate) {
  const clock = createManualClock();
  const sent: string[] = [];
  const direction = new PacedDirection('up', bitsPerSecond, clock);
  const ends = Array.from({ length: count }, (_, index) => {
    const inner: Connection = {
      writable: true,
      sentBytes: 0,
      receivedBytes: 0,
      sentFrames: 0,
      receivedFrames: 0,
      send: () => sent.push(`${index} at ${Math.round(clock.nowMs())}`),
      close: (code) => sent.push(`${index} ${code} at ${Math.round(clock.nowMs())}`),
    };
    let seen: ReturnType<typeof witness> | undefined;
    let paced: { setWeight(weight: number): void } | undefined;
    const handler = direction.join(inner, (connection) => {
      paced = connection;
      seen = witness(connection);
      return seen.handler;
    });
    return {
      handler,
      seen: seen as ReturnType<typeof witness>,
      setWeight: (weight: number) => paced?.setWeight(weight),
    };
  });
  const send = (index: number, times = 1): void => {
    for (let time = 0; time < times; time += 1) ends[index]?.seen.connection.send(new Uint8Array(tenMs));
  };
  return { clock, sent, direction, ends, send };
}

describe('a paced direction', () => {
  it('lets frames leave at the rate, after a burst', () => {
    expect(bytesOnLink('up', tenMs)).toBe(1000);
    const { clock, sent, send } = line(1);
    send(0, 5);
    // 20 ms of line may be made up for.
    expect(sent).toEqual(['0 at 0', '0 at 0', '0 at 0']);
    clock.moveTo(100);
    expect(sent.slice(3)).toEqual(['0 at 10', '0 at 20']);
  });

  it('takes turns by weight, and gives the turns of an idle connection to the others', () => {
    const { clock, sent, ends, send } = line(3);
    ends[0]?.setWeight(3);
    for (let index = 0; index < 2; index += 1) send(index, 40);
    clock.moveTo(380);
    const of = (index: number): number => sent.filter((one) => one.startsWith(`${index} `)).length;
    expect(of(0) + of(1)).toBe(41);
    expect(Math.abs(of(0) - 30.75)).toBeLessThan(2);
  });

  it('says that a connection is not writable while its frames need more than 50 ms, and tells when they do not', () => {
    const { clock, ends, send } = line(1);
    const seen = ends[0]?.seen;
    send(0, 3);
    send(0, 5);
    expect(seen?.connection.writable).toBe(true);
    send(0);
    expect(seen?.connection.writable).toBe(false);
    clock.moveTo(9);
    expect(seen?.writableCount).toBe(0);
    clock.moveTo(11);
    expect([seen?.connection.writable, seen?.writableCount]).toEqual([true, 1]);
    clock.moveTo(200);
    expect(seen?.writableCount).toBe(1);
  });

  it('tells nobody of room within a send', () => {
    const { clock, ends, send } = line(2);
    const seen = ends[0]?.seen;
    send(0, 9);
    expect(seen?.connection.writable).toBe(false);
    // Time has passed, but the timer is late: the other one's frame takes the first one's along.
    const { nowMs } = clock;
    clock.nowMs = () => 65;
    send(1);
    expect([seen?.writableCount, seen?.connection.writable]).toEqual([0, true]);
    clock.nowMs = nowMs;
    clock.moveTo(66);
    expect(seen?.writableCount).toBe(1);
  });

  it('closes behind the frames, delivers nothing meanwhile, and closes once', () => {
    const { clock, sent, ends, send } = line(1);
    send(0, 5);
    const { seen, handler } = ends[0] as (typeof ends)[number];
    seen.connection.close('done', 'read enough');
    seen.connection.close('internal', 'again');
    send(0);
    handler.frame(new Uint8Array(3));
    expect(sent).toHaveLength(3);
    clock.moveTo(100);
    expect(sent.slice(3)).toEqual(['0 at 10', '0 at 20', '0 done at 30']);
    handler.closed({ by: 'peer', code: 'done', detail: '' });
    expect([seen.frames, seen.reasons]).toEqual([[], [{ by: 'us', code: 'done', detail: 'read enough' }]]);
    expect(clock.pendingCount).toBe(0);
  });

  it('closes a flood at once, and lets no close wait for more than two seconds', () => {
    const { clock, sent, ends, send } = line(2, 8000);
    for (const index of [0, 1]) send(index, 5);
    ends[0]?.seen.connection.close('rate-limited', 'too much');
    expect(sent.at(-1)).toBe('0 rate-limited at 0');
    ends[1]?.seen.connection.close('done', 'read enough');
    clock.moveTo(10_000);
    expect(sent.at(-1)).toBe('1 done at 2000');
    expect(clock.pendingCount).toBe(0);
  });

  it('drops a connection at once, with its frames, and one that the network has lost', () => {
    const { clock, sent, ends, send } = line(2);
    send(0, 10);
    send(1, 10);
    ends[0]?.seen.connection.close('edge-unreachable', 'cut');
    ends[1]?.handler.closed({ by: 'network', code: 'edge-unreachable', detail: 'lost' });
    expect(clock.pendingCount).toBe(0);
    const before = sent.length;
    clock.moveTo(1000);
    expect(sent.slice(before)).toEqual([]);
    expect(sent.at(-1)).toBe('0 edge-unreachable at 0');
    expect(ends[1]?.seen.reasons).toHaveLength(1);
  });

  it('follows a new rate from the next frame on, and tells who has room now', () => {
    const { clock, sent, direction, ends, send } = line(1);
    send(0, 40);
    expect(ends[0]?.seen.connection.writable).toBe(false);
    direction.setRate(rate * 100);
    expect([sent.length, ends[0]?.seen.writableCount]).toEqual([3, 1]);
    clock.moveTo(20);
    expect(sent).toHaveLength(40);
    expect(ends[0]?.seen.writableCount).toBe(1);
  });

  it('keeps a device to its uplink over all its connections', async () => {
    const clock = createManualClock();
    const arrived: number[] = [];
    const network = createInMemoryNetwork(
      (connection) => witness(connection, () => arrived.push(clock.nowMs())).handler,
      { clock, link: idealLink },
    );
    const uplink = paceUplink(network.connect, rate, clock);
    const ends = await Promise.all([1, 2].map(() => uplink.connect((connection) => witness(connection).handler)));
    for (const end of ends) for (let frame = 0; frame < 20; frame += 1) end.send(new Uint8Array(tenMs));
    clock.moveTo(200);
    expect(Math.abs(arrived.length - 22)).toBeLessThanOrEqual(1);
    uplink.setRate(Number.POSITIVE_INFINITY);
    clock.moveTo(220);
    expect(arrived).toHaveLength(40);
    expect(ends.map(({ sentFrames }) => sentFrames)).toEqual([20, 20]);
  });
});
