import { expect, it } from 'vitest';
import { decodeMember, encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import type { DeviceReport } from '../../../src/allocation/controller/messages.ts';
import { CrowdDevice, createTown, crowdEdge, crowdEdgeId } from './crowd.ts';

const town = createTown(30);

function follow(device: CrowdDevice, edge: string): void {
  device.follow({ kind: 'assign', cell: 'default', epoch: 1, slot: 1, edge, ticket: 't', msPerToken: 1, reason: '' });
}

it('reports what a controller takes', () => {
  for (let edge = 0; edge < 30; edge += 1) {
    const report = { ...crowdEdge(town, edge, 128), seq: 1 };
    expect(decodeMember(encodeControl(report))).toEqual(report);
  }
  const device = new CrowdDevice(town, 7, 0);
  follow(device, crowdEdgeId(3));
  for (let nowMs = 0; nowMs < 60_000; nowMs += 500) {
    while (device.turnsAtMs <= nowMs) device.turn(device.turnsAtMs);
    const report = { ...device.report(nowMs), seq: 1 };
    expect(decodeMember(encodeControl(report))).toEqual(report);
  }
});

it('reaches edges around each device, the nearest first, and measures them every five seconds', () => {
  for (let number = 0; number < 100; number += 1) {
    const device = new CrowdDevice(town, number, 0);
    const links = (nowMs: number): DeviceReport['links'] => device.report(nowMs).links;
    const first = links(0);
    expect(first.length).toBeGreaterThanOrEqual(4);
    expect(first.length).toBeLessThanOrEqual(8);
    const known = Array.from({ length: 30 }, (_, edge) => crowdEdgeId(edge));
    for (const { edge } of first) expect(known).toContain(edge);
    const rates = first.map(({ bitsPerSecond }) => bitsPerSecond as number);
    expect(rates).toEqual(rates.toSorted((one, other) => other - one));
    const later = links(6000);
    expect(later).not.toEqual(first);
    expect(links(10_900)).toEqual(later);
  }
});

it('reads answers at the edge of its order only, and pauses between them', () => {
  const device = new CrowdDevice(town, 1, 0);
  device.turn(device.turnsAtMs);
  expect(device.isReading).toBe(false);
  follow(device, crowdEdgeId(5));
  const beginsMs = device.turnsAtMs;
  device.turn(beginsMs);
  const { session } = device.report(beginsMs + 600);
  expect(session).toMatchObject({ edge: crowdEdgeId(5), writtenTokens: 10, answerTokens: 256 });
  device.turn(device.turnsAtMs);
  expect(device.report(device.turnsAtMs).session).toBeNull();
  device.turn(device.turnsAtMs);
  expect(device.report(device.turnsAtMs).session?.session).not.toBe(session?.session);
});
