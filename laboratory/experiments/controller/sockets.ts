// The part of `bench controller` with real sockets: a controller process, two threads of made-up members, and a few real edges and devices.

import { setTimeout as sleep } from 'node:timers/promises';
import { FleetReader } from '../../../simulator/fleet/fleet-reader.ts';
import type { Run } from '../../../simulator/runner/experiment.ts';
import { WorkerPool } from '../../../simulator/runner/worker-pool.ts';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { reachBy } from '../../../src/processes/controller/control-client.ts';
import { type ProbedController, startProbedController } from '../../measuring/probe.ts';
import type { ControllerAccount } from '../../measuring/probe-main.ts';
import { ids, sameText, toyTasks } from '../../readers/toy-reader.ts';
import { type CrowdPlan, type CrowdTally, crowdWork } from './crowd-thread.ts';

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
  /** Devices that joined, over the time until the last one was connected; no more than the controller admits. */
  readonly joinedPerSecond: number;
  /** Processor seconds a second of the process with the crowd and the real devices: the load of the other side. */
  readonly crowdProcessorShare: number;
  /** How late timers of the crowd were at most, ms. */
  readonly crowdLateMs: number;
}

type CrowdThread = WorkerPool<number, CrowdTally, CrowdPlan>;

interface Joining extends Pick<SocketRow, 'joinedPerSecond'> {
  readonly tallies: readonly CrowdTally[];
}

export interface SocketsFound {
  readonly rows: readonly SocketRow[];
  readonly readers: ReadersFound;
}

/** Parts of the devices at which is measured. */
const ramps = [0.1, 0.2, 0.4, 1] as const;
const threadCount = 2;
/** All threads together join fewer than one address may (port-limits.ts). */
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
    const own = { ...plan, first, step: threadCount, joinsPerSecond: joinsPerSecond / threadCount };
    // A pool of one would run in this thread. One question at a time starts one thread.
    return opened.use(new WorkerPool(crowdWork, own, 2));
  });
  await tally(crowd);
  const { realEdges, realDevices } = settings;
  const finishReaders = await startReaders(controller.url, realEdges, realDevices, run.note, opened);
  const rows: SocketRow[] = [];
  const counts = ramps
    .map((part) => Math.round(part * settings.devices))
    .filter((devices, index) => index === ramps.length - 1 || devices >= leastOfRamp);
  for (const devices of counts) {
    run.signal.throwIfAborted();
    run.onProgress('numbers of devices', rows.length, counts.length);
    const startMs = performance.now();
    const tallies = await connectAll(crowd, devices, devices + settings.edges);
    const joined = devices - (rows.at(-1)?.devices ?? 0);
    const joining = { tallies, joinedPerSecond: (1000 * joined) / (performance.now() - startMs) };
    await sleep(1000 * settings.settle);
    rows.push(await measureRamp(controller, crowd, settings, devices, joining));
  }
  return { rows, readers: await finishReaders() };
}

async function measureRamp(
  controller: ProbedController,
  crowd: readonly CrowdThread[],
  settings: SocketSettings,
  devices: number,
  { tallies, joinedPerSecond }: Joining,
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
  const decisions = recent.map(({ decisionMs }) => decisionMs);
  const all = [...tallies, settled, counted];
  const sum = (key: 'lost' | 'refused' | 'failedAttempts'): number => all.reduce((total, one) => total + one[key], 0);
  return {
    part: 'sockets',
    devices,
    edges: settings.edges,
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
    ownMsP95: quantile(
      recent.map(({ ownMs }) => ownMs),
      0.95,
    ),
    fallbackShare: recent.filter(({ policy }) => policy !== settings.policy).length / recent.length,
    orderDelayMsMedian: quantileOf(counted.orderDelaysMs, 0.5),
    orderDelayMsP95: quantileOf(counted.orderDelaysMs, 0.95),
    lost: sum('lost'),
    refused: sum('refused'),
    failedAttempts: sum('failedAttempts'),
    joinedPerSecond,
    crowdProcessorShare: (user + system) / 1e6 / seconds,
    crowdLateMs: counted.lateMs,
  };
}

/** Lets devices join until there are so many, and waits until all members are connected, or for long enough. */
async function connectAll(crowd: readonly CrowdThread[], devices: number, members: number): Promise<CrowdTally[]> {
  const tallies = [await tally(crowd, devices)];
  const endMs = performance.now() + connectWithinMs;
  while ((tallies.at(-1)?.connected ?? 0) < members && performance.now() <= endMs) {
    await sleep(200);
    tallies.push(await tally(crowd));
  }
  return tallies;
}

/** @param devices in all threads together, after new ones have joined; default: none join */
async function tally(crowd: readonly CrowdThread[], devices = 0): Promise<CrowdTally> {
  const all = await Promise.all(
    crowd.map((thread, first) => thread.measure(Math.ceil((devices - first) / threadCount))),
  );
  const sum = (key: Exclude<keyof CrowdTally, 'orderDelaysMs'>): number =>
    all.reduce((total, one) => total + one[key], 0);
  return {
    connected: sum('connected'),
    reading: sum('reading'),
    lost: sum('lost'),
    refused: sum('refused'),
    failedAttempts: sum('failedAttempts'),
    lateMs: Math.max(...all.map(({ lateMs }) => lateMs)),
    orderDelaysMs: all.flatMap(({ orderDelaysMs }) => orderDelaysMs),
  };
}

/** Null: there is none. */
function quantileOf(values: readonly number[], at: number): number | null {
  return values.length === 0 ? null : quantile([...values], at);
}

const toySeed = 47;
const profile = 'edge-8b-rtx4090';
const maxAnswerTokens = 96;
const promptCount = 6;
const bitsPerSecond = 50e6;

export interface ReadersFound {
  readonly texts: number;
  readonly identical: number;
  /** Answers that did not end as they should, or could not begin. */
  readonly failed: number;
}

/**
 * @param url of the controller
 * @param opened closes edges and devices
 * @returns a function that lets all devices end their answers, and compares the texts
 */
async function startReaders(
  url: string,
  edgeCount: number,
  deviceCount: number,
  note: (line: string) => void,
  opened: CloseStack,
): Promise<() => Promise<ReadersFound>> {
  const prompts = Array.from({ length: promptCount }, (_, index) => ids(20 + 10 * index, 100 * (index + 1)));
  const flags = ['--model', `toy:${toySeed}`, '--profile', profile, '--sessions', `${Math.max(1, deviceCount)}`];
  await Promise.all(
    Array.from({ length: edgeCount }, async (_, index) => {
      const edge = await startEdgeProcess([...flags, '--controller', url, '--name', `real-edge-${index + 1}`], note);
      opened.defer(async () => void (await edge.close()));
    }),
  );
  const plan = {
    tokenizer: createToyModel({ seed: toySeed, role: 'target' }).tokenizer,
    drafterOf: () => new ModelDrafter(createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8 })),
    prompts,
    maxAnswerTokens: () => maxAnswerTokens,
    roundTripMs: () => 10,
    thinkMs: 500,
    note,
    rates: () => bitsPerSecond,
  };
  const readers = Array.from(
    { length: deviceCount },
    (_, index) => new FleetReader(plan, reachBy(connectWebSocket(url)), index),
  );
  for (const reader of readers) {
    opened.defer(async () => reader.close());
    void reader.run();
  }
  return async () => {
    await Promise.all(readers.map((reader) => reader.finish()));
    const tasks = await toyTasks(toySeed, prompts, maxAnswerTokens);
    const answers = readers.flatMap((reader) => reader.answers);
    const ended = answers.filter(({ report }) => report.outcome.kind === 'ended');
    const identical = ended.filter(({ prompt, report }) => sameText(report.tokens, tasks[prompt]?.reference));
    const unopened = readers.reduce((sum, { failures }) => sum + failures, 0);
    return { texts: ended.length, identical: identical.length, failed: answers.length - ended.length + unopened };
  };
}
