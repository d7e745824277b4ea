import { describe, expect, it } from 'vitest';
import { idealLink } from '../../core/protocol/wire/link-model-settings.ts';
import { connectInMemory, createInMemoryNetwork } from './in-memory.ts';
import { machineClock } from './machine-clock.ts';
import { createManualClock } from './manual-clock.contract.ts';
import { transportContract, type Witness, witness } from './transport.contract.ts';
import type { Accept, Connection } from './transport.ts';

describe('in memory, over a link', () =>
  transportContract(async (accept, maxFrameBytes) => {
    const rates = { uplinkBitsPerSecond: 1e9, downlinkBitsPerSecond: 1e9 };
    const link = { ...idealLink, ...rates, roundTripMs: 2, jitterMs: 1 };
    const network = createInMemoryNetwork(accept, { clock: machineClock, link, maxFrameBytes });
    return { connect: network.connect, vanish: network.cut, close: async () => network.close() };
  }));

function witnessed(): { accept: Accept; seen: () => Witness } {
  let made: Witness | undefined;
  const accept = (connection: Connection) => {
    const fresh = witness(connection);
    made = fresh;
    return fresh.handler;
  };
  return { accept, seen: () => made as Witness };
}

describe('in memory', () => {
  it('delivers in the next turn of the event loop without a clock, never synchronously', async () => {
    const device = witnessed();
    const edge = witnessed();
    const pair = connectInMemory(device.accept, edge.accept);
    pair.device.send(Uint8Array.of(1));
    pair.device.send(Uint8Array.of(2));
    expect(edge.seen().frames).toHaveLength(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(edge.seen().frames.map((bytes) => bytes[0])).toEqual([1, 2]);
  });

  it('follows the link in virtual time, close included', () => {
    const clock = createManualClock();
    const [device, edge] = [witnessed(), witnessed()];
    const link = { ...idealLink, roundTripMs: 30 };
    const pair = connectInMemory(device.accept, edge.accept, { clock, link });
    pair.device.send(Uint8Array.of(1));
    pair.device.close('done', 'read enough');
    clock.moveTo(14);
    expect(edge.seen().frames).toHaveLength(0);
    clock.moveTo(15);
    expect(edge.seen().frames).toHaveLength(1);
    expect(edge.seen().reasons).toHaveLength(1);
    clock.moveTo(29);
    expect(device.seen().reasons).toHaveLength(0);
    clock.moveTo(30);
    expect(device.seen().reasons).toEqual([{ by: 'us', code: 'done', detail: 'read enough' }]);
  });

  it('reports a drained buffer when the frames have left, not when they have arrived', () => {
    const clock = createManualClock();
    const [device, edge] = [witnessed(), witnessed()];
    const link = { ...idealLink, roundTripMs: 1000, uplinkBitsPerSecond: 8e6 };
    const pair = connectInMemory(device.accept, edge.accept, { clock, link });
    for (let count = 0; count < 10; count++) pair.device.send(new Uint8Array(10_000));
    expect(pair.device.writable).toBe(false);
    // A byte takes one microsecond; four of ten frames have to leave.
    clock.moveTo(40);
    expect([pair.device.writable, device.seen().writableCount]).toEqual([false, 0]);
    clock.moveTo(43);
    expect([pair.device.writable, device.seen().writableCount]).toEqual([true, 1]);
    expect(edge.seen().frames).toHaveLength(0);
    clock.moveTo(3000);
    expect([edge.seen().frames.length, device.seen().writableCount]).toEqual([10, 1]);
  });

  it('loses everything in flight when it is cut, also within a callback', () => {
    const clock = createManualClock();
    const [device, edge] = [witnessed(), witnessed()];
    const cutting: Accept = (connection) => ({ ...edge.accept(connection), frame: () => pair.cut() });
    const pair = connectInMemory(device.accept, cutting, { clock });
    for (let count = 0; count < 5; count++) pair.device.send(Uint8Array.of(count));
    clock.moveTo(100);
    expect(device.seen().frames.length + edge.seen().frames.length).toBe(0);
    expect([device.seen().reasons[0]?.by, edge.seen().reasons[0]?.by]).toEqual(['network', 'network']);
  });

  it('forgets a connection when both sides know that it is over, whoever ended it', async () => {
    const clock = createManualClock();
    const network = createInMemoryNetwork(witnessed().accept, { clock, link: { ...idealLink, roundTripMs: 30 } });
    const first = await network.connect(witnessed().accept);
    const second = await network.connect(witnessed().accept);
    expect(network.connectionCount).toBe(2);
    first.close('done', 'read enough');
    clock.moveTo(29);
    expect(network.connectionCount).toBe(2);
    clock.moveTo(30);
    expect(network.connectionCount).toBe(1);
    second.close('edge-unreachable', 'pulled');
    clock.moveTo(60);
    expect(network.connectionCount).toBe(0);
  });
});
