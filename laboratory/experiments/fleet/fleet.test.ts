import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { conclude, fleetExperiment } from './fleet.ts';
import { type FleetPlayed, type FleetSize, playFleet } from './play-fleet.ts';

const size: FleetSize = {
  devices: 40,
  cells: 4,
  controllers: 3,
  edges: 4,
  places: 128,
  seconds: 2,
  losses: 3,
  policy: 'greedy',
  slot: 1000,
  reportEvery: 500,
  seed: 5,
};
const run = { onProgress: () => {}, signal: new AbortController().signal };
const played = playFleet(size, run);

describe('a fleet in virtual time', () => {
  it('goes on without the leader of the store, and loses a controller for as long as its leases last', async () => {
    const { faults, steady, seconds, leads } = await played;
    expect(faults).toMatchObject([
      { kind: 'store-leader', cells: 0, takeOverMs: null, deviceSecondsWithoutDecider: 0 },
      { kind: 'controller', cells: 2 },
      { kind: 'controller-and-store-leader' },
    ]);
    const [, lost, both] = faults;
    // A lease is taken 15 s after another controller has seen its last renewal, which it made up to 2 s before it was lost.
    expect(lost?.takeOverMs).toBeGreaterThan(13_000);
    expect(lost?.takeOverMs).toBeLessThan(20_000);
    expect(both?.takeOverMs).toBeLessThan(30_000);
    expect(faults.map(({ backMs }) => backMs)).not.toContain(null);
    expect(leads).toBe(4 + (lost?.cells ?? 0) + (both?.cells ?? 0));
    // Two reports a second of each member, and one at each end of an answer.
    const members = size.devices + size.cells * size.edges;
    expect(steady.traffic.receivedMessages).toBeGreaterThan(2 * members * size.seconds * 0.95);
    expect(steady.traffic.receivedMessages).toBeLessThan(3 * members * size.seconds);
    expect(steady.traffic.sentMessages).toBeGreaterThan(0);
    // Edges send and receive the rest.
    const { deviceBytes, traffic, decisions } = steady;
    expect(deviceBytes.sentBytes).toBeGreaterThan(0.2 * traffic.receivedBytes);
    expect(deviceBytes.sentBytes).toBeLessThan(0.9 * traffic.receivedBytes);
    expect(deviceBytes.receivedBytes).toBeLessThan(traffic.sentBytes);
    // Most devices read.
    const reading = decisions.reduce((sum, { devices }) => sum + devices, 0) / decisions.length;
    expect((size.cells * reading) / size.devices).toBeGreaterThan(0.5);
    expect(seconds.at(-1)).toMatchObject({ ledCells: 4, withoutDecider: 0 });
    const lostCells = Math.max(...faults.map(({ cells }) => cells));
    const most = Math.max(...seconds.map(({ after, withoutDecider }) => (after === null ? 0 : withoutDecider)));
    expect(most).toBe((lostCells * size.devices) / size.cells);
  });

  it('is the same in each run but for what this machine takes', async () => {
    const virtualOf = ({ faults, seconds, steady: { traffic, deviceBytes, storeMessages } }: FleetPlayed) => {
      return { faults, seconds, traffic, deviceBytes, storeMessages };
    };
    expect(virtualOf(await playFleet(size, run))).toEqual(virtualOf(await played));
  });
});

it('adds up messages, bytes and decisions of the steady time', async () => {
  const decision = (cpuMs: number) => ({ cell: 'cell-1', atMs: 0, devices: 30, cpuMs });
  const steady = {
    traffic: { receivedMessages: 400, receivedBytes: 48_000, sentMessages: 100, sentBytes: 9000 },
    deviceBytes: { sentBytes: 40_000, receivedBytes: 8000 },
    storeMessages: 12,
    decisions: [decision(100), decision(300), decision(2000)],
    seconds: 4,
  };
  const fault = {
    part: 'fault' as const,
    cells: 2,
    takeOverMs: 16_000,
    backMs: 20_000,
    deviceSecondsWithoutDecider: 7,
  };
  const faults = [{ ...fault, kind: 'controller' as const }];
  const found = { seconds: [], faults, steady, bytesPerDevice: 2500, leads: 4 };
  const { summary, passed } = conclude(found, size as never);
  expect(passed).toBe(true);
  expect(summary).toMatchObject({
    messagesPerSecond: 125,
    bytesPerDeviceSecond: 250,
    sentBytesPerDeviceSecond: 50,
    storeMessagesPerSecond: 3,
    readingShare: 3,
    decisionMsMedian: 300,
    withinSlotShare: 2 / 3,
    decisionProcessorShare: 0.6,
    memoryPerDeviceKB: 2.5,
    takeOverMs: 16_000,
    takeOverMsWithStoreLeader: null,
  });
  const late = { ...found, faults: [{ ...fault, kind: 'controller' as const, backMs: null }] };
  expect(conclude(late, size as never).passed).toBe(false);
});

it.each([
  { cells: 2, controllers: 3 },
  { controllers: 2, losses: 3 },
])('refuses %j', async (asked) => {
  await expect(runExperiment(fleetExperiment, asked)).rejects.toMatchObject({ code: 'bad-argument' });
});
