// `outrider bench controller`: what one controller process holds, or several by lease. Thousands of made-up devices report to real controllers
// over real sockets, in growing numbers, while a few real ones read answers; and the controller's own machine decides slots of a size that no
// test has sockets for.

import type { Conclusion, Experiment, Goals, Run } from '../../../simulator/runner/experiment.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { type DecisionRow, measureDecision } from './decisions.ts';
import { measureSockets, type SocketRow, type SocketsFound } from './sockets.ts';
import type { TakeOver } from './take-over.ts';

const options = {
  part: {
    flag: '--part <name>',
    help: 'sockets: a real controller process; decisions: its own machine, at sizes up to a large town; all: both',
    choices: ['all', 'sockets', 'decisions'] as readonly ('all' | 'sockets' | 'decisions')[],
    default: 'all',
  },
  fleet: {
    flag: '--fleet <store>',
    help: 'local: several controllers by lease, with a store here; one is killed at the end (the part sockets alone)',
    choices: ['local'] as const,
  },
  cells: { flag: '--cells <count>', help: 'of a fleet, each with a controller (default: 4)', whole: [2, 16] },
  devices: { flag: '--devices <count>', help: 'made-up devices at the end', whole: [10, 50_000], default: 5000 },
  edges: { flag: '--edges <count>', help: 'made-up edges', whole: [4, 2000], default: 100 },
  seconds: {
    flag: '--seconds <number>',
    help: 'time that counts at each number of devices',
    number: [1, 600],
    default: 20,
  },
  settle: { flag: '--settle <seconds>', help: 'time before it counts', number: [0, 600], default: 8 },
  reportEvery: { flag: '--report-every <ms>', help: 'time between reports', whole: [50, 10_000], default: 500 },
  policy: { flag: '--policy <name|file>', help: 'policy of the controller', default: 'best' as string },
  slot: { flag: '--slot <ms>', help: 'slot of the controller', whole: [100, 60_000], default: 1000 },
  realDevices: {
    flag: '--real-devices <count>',
    help: 'real devices that read a toy all the while',
    whole: [0, 200],
    default: 8,
  },
  realEdges: { flag: '--real-edges <count>', help: 'real edge processes for them', whole: [1, 16], default: 2 },
  largest: {
    flag: '--largest <count>',
    help: 'devices of the largest decision, with a tenth as many edges',
    whole: [100, 1_000_000],
    default: 100_000,
  },
} as const;

export type ControllerBenchOptions = OptionsOf<typeof options>;

export interface ControllerFound {
  readonly sockets: SocketsFound | null;
  readonly decisions: readonly DecisionRow[];
}

type ControllerConclusion = Conclusion<SocketRow | DecisionRow> & { readonly passed: boolean };

/** Places of a made-up edge: more than its devices, so that the load decides and not the places. */
export const placesOfEdge = 128;
/** Open files beside the connections of the crowd. */
const otherFiles = 300;
const defaultCells = 4;
/** Reports that must have come, of those that were due. */
const leastReports = 0.95;

export const controllerExperiment: Experiment<typeof options, ControllerFound, ControllerConclusion> = {
  name: 'bench controller',
  lasts: '5 minutes',
  description:
    'one controller and thousands of made-up devices: messages, memory, decisions, orders; real ones stay exact',
  notes: `
The controller, its devices and this process share the processors of the machine: leave it alone. Each connection is an open file on both
sides: the system must allow each process so many (ulimit -n). The summary has the largest number of devices; bytes for each device are the
slope over all numbers of devices. With --fleet local it takes about 5 minutes. Of the decisions that count, a controller keeps the last 256 of
each cell. Exit status 1: a text of a real device differs, a member was lost or refused, or devices were not connected; of a fleet also: the
cell of the controller that was killed has no other one, members of other cells were disturbed, or some have not come back. The goals of the
page (time of a take-over, of a decision, share of the reports that came) do not decide the exit status.`,
  options,
  measure,
  conclude,
  goals: (params) => goalsOf(params as ControllerBenchOptions),
};

/** docs/operate/fleet.md: without orders for so long at most, ms. */
const mostTakeOverMs = 20_000;

function goalsOf({ part, fleet, slot }: ControllerBenchOptions): Goals {
  if (part === 'decisions') return {};
  const ofAll = { bytesPerDeviceSecond: 300, reportsShare: { atLeast: leastReports } };
  if (fleet === undefined) return ofAll;
  return { ...ofAll, takeOverMs: mostTakeOverMs, decisionMsP95: slot, decisionMsP95AfterKill: slot };
}

async function measure(options: ControllerBenchOptions, run: Run): Promise<ControllerFound> {
  const { fleet, largest } = options;
  if (fleet === undefined && options.cells !== undefined)
    throw badArgument('one controller has one cell', 'give --fleet local for several, or leave out --cells');
  if (fleet !== undefined && options.part === 'decisions')
    throw badArgument('a fleet has sockets', 'leave out --fleet, or give --part sockets');
  const part = fleet === undefined ? options.part : 'sockets';
  if (part !== 'decisions') requireFiles(options.devices + options.edges + otherFiles);
  const decisions: DecisionRow[] = [];
  if (part !== 'sockets') {
    for (const [devices, objective] of sizesOf(largest)) {
      run.signal.throwIfAborted();
      run.onProgress('decisions', decisions.length, sizesOf(largest).length);
      decisions.push(await measureDecision(devices, Math.ceil(devices / 10), placesOfEdge, objective));
    }
  }
  if (part === 'decisions') return { sockets: null, decisions };
  const cells = fleet === undefined ? undefined : (options.cells ?? defaultCells);
  return { sockets: await measureSockets({ ...options, cells }, placesOfEdge, run), decisions };
}

function sizesOf(largest: number): (readonly [number, 'felt' | 'paper'])[] {
  const sizes = [0.01, 0.1, 1].map((part) => Math.max(100, Math.round(part * largest)));
  return [...[...new Set(sizes)].map((size) => [size, 'felt'] as const), [largest, 'paper'] as const];
}

/**
 * Each connection is an open file of the controller, and one of this process.
 * @param allowed default: what the system allows this process, and so the one that it starts
 * @throws OutriderError `bad-argument`
 */
export function requireFiles(needed: number, allowed: number = allowedFiles()): void {
  // NaN: unlimited, or not known.
  if (!(allowed < needed)) return;
  const remedy = `allow more (ulimit -n ${needed}), or give fewer --devices`;
  throw badArgument(`a process may open ${allowed} files here, and so many connections need ${needed}`, remedy);
}

function allowedFiles(): number {
  // With networks, it would look up the names of all connections; Node's types do not know this yet.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
  };
  return Number(userLimits?.open_files?.soft);
}

export function conclude({ sockets, decisions }: ControllerFound): ControllerConclusion {
  const rows = sockets?.rows ?? [];
  const ramps = rows.filter(({ isAfterKill }) => !isAfterKill);
  const felt = decisions.findLast(({ objective }) => objective === 'felt');
  const paper = decisions.find(({ objective }) => objective === 'paper');
  const { texts = 0, identical = 0, failed = 0 } = sockets?.readers ?? {};
  const takeOver = sockets?.takeOver ?? null;
  const sum = (key: 'refused' | 'lost'): number => rows.reduce((total, row) => total + row[key], 0);
  const refused = sum('refused') + (takeOver?.refusedBefore ?? 0);
  const lost = sum('lost') + (takeOver?.lostBefore ?? 0);
  const summary = {
    ...summaryOf(ramps),
    refused,
    lost,
    texts,
    identical,
    failed,
    takeOverMs: takeOver?.takeOverMs ?? null,
    backMs: takeOver?.backMs ?? null,
    othersDisturbed: takeOver?.othersDisturbed ?? null,
    decisionMsP95AfterKill: rows.find(({ isAfterKill }) => isAfterKill)?.decisionMsP95 ?? null,
    largestDevices: felt?.devices ?? null,
    largestEdges: felt?.edges ?? null,
    largestDecisionSecondsFelt: felt === undefined ? null : felt.decideMs / 1000,
    largestDecisionSecondsPaper: paper === undefined ? null : paper.decideMs / 1000,
    largestBytesPerDevice: felt?.bytesPerDevice ?? null,
  };
  const areConnected = rows.every((row) => row.connected >= row.devices);
  const isHeld = areConnected && rows.every((row) => row.reportsShare >= leastReports);
  const late = 'The controller, or the machine, did not keep up with all reports; the rows say where.';
  const passed =
    identical === texts && failed === 0 && refused === 0 && lost === 0 && areConnected && isTaken(takeOver);
  return { rows: [...rows, ...decisions], summary, forPeople: [], remarks: isHeld ? [] : [late], passed };
}

/** Whether another controller leads the cell, all members have come back, and those of other cells have not noticed. */
function isTaken(found: TakeOver | null): boolean {
  if (found === null) return true;
  return found.takeOverMs !== null && found.backMs !== null && found.othersDisturbed === 0;
}

/** @param ramps in the order of their devices */
function summaryOf(ramps: readonly SocketRow[]) {
  const last = ramps.at(-1);
  const of = (read: (row: SocketRow) => number): number | null => (last === undefined ? null : read(last));
  return {
    devices: of(({ devices }) => devices),
    controllers: of(({ controllers }) => controllers),
    receivedMessagesPerSecond: of((row) => row.receivedPerSecond),
    sentMessagesPerSecond: of((row) => row.sentPerSecond),
    messagesPerSecond: of((row) => row.receivedPerSecond + row.sentPerSecond),
    receivedBytesPerSecond: of((row) => row.receivedBytesPerSecond),
    sentBytesPerSecond: of((row) => row.sentBytesPerSecond),
    bytesPerDeviceSecond: of((row) => row.deviceBytesPerSecond / row.devices),
    reportsShare: ramps.length === 0 ? null : Math.min(...ramps.map((row) => row.reportsShare)),
    processorShare: of((row) => row.processorShare),
    cpuSecondsPerDeviceHour: of((row) => (3600 * row.processorShare) / row.devices),
    memoryPerDeviceKB: of((row) => (1000 * row.residentMB) / row.devices),
    residentBytesPerDevice: slopeOf(ramps, 'residentMB'),
    heldBytesPerDevice: slopeOf(ramps, 'heldMB'),
    decisionMsMedian: of((row) => row.decisionMsMedian),
    decisionMsP95: of((row) => row.decisionMsP95),
    withinSlotShare: of((row) => row.withinSlotShare),
    orderDelayMsP95: last?.orderDelayMsP95 ?? null,
  };
}

/** What one more device takes, bytes: the least-squares line through the numbers of devices; null: there is one number. */
function slopeOf(rows: readonly SocketRow[], key: 'residentMB' | 'heldMB'): number | null {
  if (rows.length < 2) return null;
  const [devices, memory] = [mean(rows.map((row) => row.devices)), mean(rows.map((row) => row[key]))];
  const covered = rows.reduce((sum, row) => sum + (row.devices - devices) * (row[key] - memory), 0);
  const spread = rows.reduce((sum, row) => sum + (row.devices - devices) ** 2, 0);
  return (1e6 * covered) / spread;
}
