// The part of `bench controller` with real sockets: a controller process, or those of a fleet, two threads of made-up members, and a few real edges and devices.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../../../simulator/runner/experiment.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import {
  type Account,
  askAll,
  type BenchController,
  decisionsBetween,
  openControllers,
  trafficOf,
} from './bench-controllers.ts';
import type { CrowdTally } from './crowd-thread.ts';
import { CrowdThreads } from './crowd-threads.ts';
import { type ReadersFound, startReaders } from './real-readers.ts';
import { killController, type TakeOver } from './take-over.ts';

export interface SocketSettings {
  readonly devices: number;
  /** In all cells together. */
  readonly edges: number;
  /** Cells of a fleet; undefined: one controller without one. */
  readonly cells: number | undefined;
  readonly seconds: number;
  readonly reportEvery: number;
  readonly policy: string;
  readonly slot: number;
  readonly settle: number;
  readonly realDevices: number;
  readonly realEdges: number;
}

/** One number of made-up devices. Rates are per second; bytes without WebSocket headers; the real devices and edges are in the traffic. */
export interface SocketRow {
  readonly part: 'sockets';
  readonly devices: number;
  readonly edges: number;
  /** Sums, and decisions, are over all of them. */
  readonly controllers: number;
  /** A controller was killed before. */
  readonly isAfterKill: boolean;
  readonly connected: number;
  /** Devices that read an answer. */
  readonly reading: number;
  /** To the controller, and from it. */
  readonly receivedPerSecond: number;
  readonly sentPerSecond: number;
  readonly receivedBytesPerSecond: number;
  readonly sentBytesPerSecond: number;
  /** What made-up devices send, edges and real devices without. */
  readonly deviceBytesPerSecond: number;
  /** Messages to the controller over the reports that were due. */
  readonly reportsShare: number;
  /** Processor seconds a second: of the thread of the connections, and of all threads of the controller. */
  readonly threadShare: number;
  readonly processorShare: number;
  readonly residentMB: number;
  /** After a collection of garbage. */
  readonly heldMB: number;
  readonly decisionsPerSecond: number;
  /** With the way to the policy and back. Of each cell the last 256 decisions of this time count at most: these a controller keeps. */
  readonly decisionMsMedian: number;
  readonly decisionMsP95: number;
  /** Decisions that took no longer than a slot. */
  readonly withinSlotShare: number;
  /** The part in which the thread of the connections did nothing else. */
  readonly ownMsP95: number;
  /** Decisions by the fallback, as a share. */
  readonly fallbackShare: number;
  /** From the report that an answer has ended to the order for the next one. */
  readonly orderDelayMsMedian: number | null;
  readonly orderDelayMsP95: number | null;
  /** Since the number before, of the crowd: connections lost; members refused, or orders that could not be followed. */
  readonly lost: number;
  readonly refused: number;
  /** Attempts to connect that failed, and were made again. */
  readonly failedAttempts: number;
  /** Devices that joined, over the time until the last one was connected; no more than the controller admits. */
  readonly joinedPerSecond: number;
  /** Processor seconds a second of the process with the crowd and the real devices: the load of the other side. */
  readonly crowdProcessorShare: number;
  /** How late timers of the crowd were at most, ms. */
  readonly crowdLateMs: number;
}

interface Joining extends Pick<SocketRow, 'joinedPerSecond'> {
  readonly tallies: readonly CrowdTally[];
}

export interface SocketsFound {
  readonly rows: readonly SocketRow[];
  readonly readers: ReadersFound;
  /** Null: without a fleet. */
  readonly takeOver: TakeOver | null;
}

/** Parts of the devices at which is measured. */
const ramps = [0.1, 0.2, 0.4, 1] as const;
/** Smaller numbers are not worth a row of their own. */
const leastOfRamp = 100;
/** Until all have connected, at most, ms. */
const connectWithinMs = 30_000;

export async function measureSockets(settings: SocketSettings, placesOfEdge: number, run: Run): Promise<SocketsFound> {
  await using opened = new CloseStack();
  const { devices, realEdges, realDevices } = settings;
  const flags = ['--policy', settings.policy, '--slot', `${settings.slot}`];
  const { url, cells, all } = opened.use(await openControllers(flags, settings.cells));
  const edgesOfCell = Math.ceil(settings.edges / cells.length);
  const edges = edgesOfCell * cells.length;
  const plan = { url, cells, edgesOfCell, placesOfEdge, reportEveryMs: settings.reportEvery };
  const crowd = opened.use(new CrowdThreads(plan));
  await crowd.tally();
  // The last cell is the one whose controller is killed.
  const readersIn = cells.toReversed().slice(0, Math.max(1, realEdges));
  const readerSettings = { url, realEdges, realDevices, cells: readersIn };
  const finishReaders = await startReaders(readerSettings, run.note, opened);
  const rows: SocketRow[] = [];
  const counts = ramps
    .map((part) => Math.round(part * devices))
    .filter((count, index) => index === ramps.length - 1 || count >= leastOfRamp);
  const ramp = { crowd, settings, edges };
  for (const count of counts) {
    run.signal.throwIfAborted();
    run.onProgress('numbers of devices', rows.length, counts.length);
    const startMs = performance.now();
    const tallies = await crowd.untilConnected(count + edges, connectWithinMs, await crowd.tally(count));
    const joined = count - (rows.at(-1)?.devices ?? 0);
    const joining = { tallies, joinedPerSecond: (1000 * joined) / (performance.now() - startMs) };
    rows.push(await measureRamp({ ...ramp, controllers: all, devices: count, joining, isAfterKill: false }));
  }
  if (settings.cells === undefined) return { rows, readers: await finishReaders(), takeOver: null };
  run.note('a controller is killed');
  const victim = all.at(-1) as BenchController;
  const takeOver = await killController(victim, crowd, devices + edges, cells);
  const joining = { tallies: [], joinedPerSecond: 0 };
  const controllers = all.filter((one) => one !== victim);
  rows.push(await measureRamp({ ...ramp, controllers, devices, joining, isAfterKill: true }));
  return { rows, readers: await finishReaders(), takeOver };
}

interface Ramp {
  readonly controllers: readonly BenchController[];
  readonly crowd: CrowdThreads;
  readonly settings: SocketSettings;
  readonly edges: number;
  readonly devices: number;
  readonly joining: Joining;
  readonly isAfterKill: boolean;
}

async function measureRamp({ controllers, crowd, settings, edges, devices, ...given }: Ramp): Promise<SocketRow> {
  const { tallies, joinedPerSecond } = given.joining;
  await sleep(1000 * settings.settle);
  const settled = await crowd.tally();
  const settledMs = performance.now();
  const usedBefore = process.cpuUsage();
  const before = await askAll(controllers, 'account');
  const startMs = performance.now();
  await sleep(1000 * settings.seconds);
  const after = await askAll(controllers, 'account');
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(usedBefore);
  const counted = await crowd.tally();
  const countedSeconds = (performance.now() - settledMs) / 1000;
  const held = await askAll(controllers, 'collect');
  const perSecond = (read: (account: Account) => number): number => (read(after) - read(before)) / seconds;
  const members = devices + edges + settings.realDevices + settings.realEdges;
  const receivedPerSecond = perSecond((one) => trafficOf(one, 'receivedMessages'));
  const all = [...tallies, settled, counted];
  const sum = (read: (tally: CrowdTally) => readonly number[]): number =>
    all.flatMap(read).reduce((total, one) => total + one, 0);
  return {
    part: 'sockets',
    devices,
    edges,
    controllers: controllers.length,
    isAfterKill: given.isAfterKill,
    connected: counted.connected - edges,
    reading: counted.reading,
    receivedPerSecond,
    sentPerSecond: perSecond((one) => trafficOf(one, 'sentMessages')),
    receivedBytesPerSecond: perSecond((one) => trafficOf(one, 'receivedBytes')),
    sentBytesPerSecond: perSecond((one) => trafficOf(one, 'sentBytes')),
    deviceBytesPerSecond: (counted.deviceSentBytes - settled.deviceSentBytes) / countedSeconds,
    reportsShare: receivedPerSecond / ((1000 * members) / settings.reportEvery),
    threadShare: perSecond(({ threadCpuMs }) => threadCpuMs) / 1000,
    processorShare: perSecond(({ cpuMs }) => cpuMs) / 1000,
    residentMB: after.residentBytes / 1e6,
    heldMB: held.heldBytes / 1e6,
    ...decisionsIn(before, after, seconds, settings),
    orderDelayMsMedian: quantileOf(counted.orderDelaysMs, 0.5),
    orderDelayMsP95: quantileOf(counted.orderDelaysMs, 0.95),
    lost: sum(({ lost }) => lost),
    refused: sum(({ refused }) => refused),
    failedAttempts: sum(({ failedAttempts }) => [failedAttempts]),
    joinedPerSecond,
    crowdProcessorShare: (user + system) / 1e6 / seconds,
    crowdLateMs: counted.lateMs,
  };
}

function decisionsIn(before: Account, after: Account, seconds: number, { policy, slot }: SocketSettings) {
  const decisions = decisionsBetween(before, after);
  const times = decisions.map(({ decisionMs }) => decisionMs);
  const own = decisions.map(({ ownMs }) => ownMs);
  const slots = (account: Account): number => account.led.reduce((sum, led) => sum + led.slots, 0);
  return {
    decisionsPerSecond: (slots(after) - slots(before)) / seconds,
    decisionMsMedian: quantile(times, 0.5),
    decisionMsP95: quantile(times, 0.95),
    withinSlotShare: times.filter((ms) => ms <= slot).length / times.length,
    ownMsP95: quantile(own, 0.95),
    fallbackShare: decisions.filter((one) => one.policy !== policy).length / decisions.length,
  };
}

/** Null: there is none. */
function quantileOf(values: readonly number[], at: number): number | null {
  return values.length === 0 ? null : quantile([...values], at);
}
