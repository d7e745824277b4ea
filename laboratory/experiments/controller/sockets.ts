// The part of `bench controller` with real sockets: a controller process, two threads of made-up members, and a few real edges and devices.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../../../simulator/runner/experiment.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { type ProbedController, startProbedController } from '../../measuring/probe.ts';
import type { ControllerAccount } from '../../measuring/probe-main.ts';
import { type CrowdTally, CrowdThread } from './crowd-thread.ts';
import { type ReadersFound, RealReaders } from './readers.ts';

export interface SocketSettings {
  readonly devices: number;
  readonly edges: number;
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
  readonly connected: number;
  /** Devices that read an answer. */
  readonly reading: number;
  /** To the controller, and from it. */
  readonly receivedPerSecond: number;
  readonly sentPerSecond: number;
  readonly receivedBytesPerSecond: number;
  readonly sentBytesPerSecond: number;
  /** Messages to the controller over the reports that were due. */
  readonly reportsShare: number;
  /** Processor seconds a second: of the thread of the connections, and of all threads of the controller. */
  readonly threadShare: number;
  readonly processorShare: number;
  readonly residentMB: number;
  /** After a collection of garbage. */
  readonly heldMB: number;
  readonly decisionsPerSecond: number;
  /** With the way to the policy and back. */
  readonly decisionMsMedian: number;
  readonly decisionMsP95: number;
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
  /** Devices that joined, over the time until the last one was connected; at most as many as were let. */
  readonly joinedPerSecond: number;
  /** Processor seconds a second of the process with the crowd and the real devices: the load of the other side. */
  readonly crowdProcessorShare: number;
  /** How late timers of the crowd were at most, ms. */
  readonly crowdLateMs: number;
}

/** Of the crowd. */
type Mishaps = Pick<CrowdTally, 'lost' | 'refused' | 'failedAttempts'>;

export interface SocketsFound {
  readonly rows: readonly SocketRow[];
  readonly readers: ReadersFound;
}

/** Parts of the devices at which is measured. */
const ramps = [0.1, 0.2, 0.4, 1] as const;
const threadCount = 2;
/** Of all threads: less than one address may ask for (port-limits.ts). */
export const joinsPerSecond = 200;
/** Smaller numbers are not worth a row of their own. */
const leastOfRamp = 100;
/** Until all have connected, at most, ms. */
const connectWithinMs = 30_000;

export async function measureSockets(settings: SocketSettings, placesOfEdge: number, run: Run): Promise<SocketsFound> {
  await using opened = new CloseStack();
  const flags = ['--policy', settings.policy, '--slot', `${settings.slot}`];
  const controller = await startProbedController(flags, { nodeOptions: ['--expose-gc'] });
  opened.defer(() => controller.kill());
  const crowd = Array.from({ length: threadCount }, (_, first) => {
    const plan = { url: controller.url, edges: settings.edges, placesOfEdge, reportEveryMs: settings.reportEvery };
    const thread = new CrowdThread({ ...plan, first, step: threadCount, joinsPerSecond: joinsPerSecond / threadCount });
    opened.use(thread);
    return thread;
  });
  await crowd[0]?.openEdges();
  const readers = await RealReaders.start(controller.url, settings.realEdges, settings.realDevices, run.note);
  opened.use(readers);
  const rows: SocketRow[] = [];
  const counts = ramps
    .map((part) => Math.round(part * settings.devices))
    .filter((devices, index) => index === ramps.length - 1 || devices >= leastOfRamp);
  for (const devices of counts) {
    run.signal.throwIfAborted();
    run.onProgress('numbers of devices', rows.length, counts.length);
    const [joinsAtMs, joined] = [performance.now(), devices - (rows.at(-1)?.devices ?? 0)];
    await Promise.all(crowd.map((thread, first) => thread.grow(Math.ceil((devices - first) / threadCount))));
    const mishaps = await allConnected(crowd, devices + settings.edges);
    const joining = { ...mishaps, joinedPerSecond: (1000 * joined) / (performance.now() - joinsAtMs) };
    await sleep(1000 * settings.settle);
    rows.push(await measureRamp(controller, crowd, settings, { devices, joining }));
  }
  return { rows, readers: await readers.finish() };
}

async function measureRamp(
  controller: ProbedController,
  crowd: readonly CrowdThread[],
  settings: SocketSettings,
  { devices, joining }: { readonly devices: number; readonly joining: Mishaps & Pick<SocketRow, 'joinedPerSecond'> },
): Promise<SocketRow> {
  const settled = await tally(crowd);
  const usedBefore = process.cpuUsage();
  const before = await controller.ask('account');
  const startMs = performance.now();
  await sleep(1000 * settings.seconds);
  const after = await controller.ask('account');
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(usedBefore);
  const counted = await tally(crowd);
  const held = await controller.ask('collect');
  const perSecond = (read: (account: ControllerAccount) => number): number => (read(after) - read(before)) / seconds;
  const members = devices + settings.edges + settings.realDevices + settings.realEdges;
  const receivedPerSecond = perSecond(({ traffic }) => traffic.receivedMessages);
  const recent = after.recent.slice(-Math.max(1, after.slots - before.slots));
  const own = recent.map(({ ownMs }) => ownMs);
  const decisions = recent.map(({ decisionMs }) => decisionMs);
  return {
    ...{ part: 'sockets', devices, edges: settings.edges },
    connected: counted.connected - settings.edges,
    reading: counted.reading,
    receivedPerSecond,
    sentPerSecond: perSecond(({ traffic }) => traffic.sentMessages),
    receivedBytesPerSecond: perSecond(({ traffic }) => traffic.receivedBytes),
    sentBytesPerSecond: perSecond(({ traffic }) => traffic.sentBytes),
    reportsShare: receivedPerSecond / ((1000 * members) / settings.reportEvery),
    threadShare: perSecond(({ threadCpuMs }) => threadCpuMs) / 1000,
    processorShare: perSecond(({ cpuMs }) => cpuMs) / 1000,
    residentMB: after.residentBytes / 1e6,
    heldMB: held.heldBytes / 1e6,
    decisionsPerSecond: perSecond(({ slots }) => slots),
    decisionMsMedian: quantile(decisions, 0.5),
    decisionMsP95: quantile(decisions, 0.95),
    ownMsP95: quantile(own, 0.95),
    fallbackShare: recent.filter(({ policy }) => policy !== settings.policy).length / recent.length,
    orderDelayMsMedian: quantileOf(counted.orderDelaysMs, 0.5),
    orderDelayMsP95: quantileOf(counted.orderDelaysMs, 0.95),
    lost: joining.lost + settled.lost + counted.lost,
    refused: joining.refused + settled.refused + counted.refused,
    failedAttempts: joining.failedAttempts + settled.failedAttempts + counted.failedAttempts,
    joinedPerSecond: joining.joinedPerSecond,
    crowdProcessorShare: (user + system) / 1e6 / seconds,
    crowdLateMs: counted.lateMs,
  };
}

/** Waits until so many members are connected, or for long enough. @returns what was counted meanwhile, and while they joined */
async function allConnected(crowd: readonly CrowdThread[], members: number): Promise<Mishaps> {
  const sum = { lost: 0, refused: 0, failedAttempts: 0 };
  for (const endMs = performance.now() + connectWithinMs; ; await sleep(200)) {
    const { connected, lost, refused, failedAttempts } = await tally(crowd);
    sum.lost += lost;
    sum.refused += refused;
    sum.failedAttempts += failedAttempts;
    if (connected >= members || performance.now() > endMs) return sum;
  }
}

async function tally(crowd: readonly CrowdThread[]) {
  const all = await Promise.all(crowd.map((thread) => thread.tally()));
  const sum = (read: (one: (typeof all)[number]) => number): number => all.reduce((total, one) => total + read(one), 0);
  return {
    connected: sum(({ connected }) => connected),
    reading: sum(({ reading }) => reading),
    lost: sum(({ lost }) => lost),
    refused: sum(({ refused }) => refused),
    failedAttempts: sum(({ failedAttempts }) => failedAttempts),
    lateMs: Math.max(...all.map(({ lateMs }) => lateMs)),
    orderDelaysMs: all.flatMap(({ orderDelaysMs }) => orderDelaysMs),
  };
}

/** Null: there is none. */
function quantileOf(values: readonly number[], at: number): number | null {
  return values.length === 0 ? null : quantile([...values], at);
}
