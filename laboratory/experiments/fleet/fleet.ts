// `outrider bench fleet`: a fleet of controllers in virtual time, with more devices than sockets here: messages, decisions, memory, and for how
// long devices have no decider as controllers and the leader of the store are lost.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { columnTable, fixed } from '../../../simulator/runner/markdown.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import type { Document } from '../../../src/files/document.ts';
import { type FaultRow, type FleetPlayed, playFleet, type SecondRow } from './play-fleet.ts';

const options = {
  devices: { flag: '--devices <count>', help: 'made-up devices', whole: [10, 200_000], default: 15_000, full: 20_000 },
  cells: { flag: '--cells <count>', help: 'cells', whole: [2, 64], default: 8 },
  controllers: { flag: '--controllers <count>', help: 'controllers', whole: [2, 16], default: 4 },
  edges: { flag: '--edges <count>', help: 'made-up edges of each cell', whole: [4, 2000], default: 50 },
  seconds: {
    flag: '--seconds <count>',
    help: 'virtual time in which messages and decisions count',
    whole: [1, 600],
    default: 5,
    full: 20,
  },
  losses: {
    flag: '--losses <count>',
    help: "of the store's leader, of a controller, of both together: the first so many",
    whole: [0, 3],
    default: 2,
    full: 3,
  },
  reportEvery: { flag: '--report-every <ms>', help: 'time between reports', whole: [50, 10_000], default: 500 },
  policy: { flag: '--policy <name>', help: 'policy of the controllers', default: 'best' as string },
  slot: { flag: '--slot <ms>', help: 'slot of the controllers', whole: [100, 60_000], default: 1000 },
  seed: { flag: '--seed <number>', help: 'of the network and of pauses', whole: [0, 4_294_967_295], default: 1 },
} as const;

type Options = OptionsOf<typeof options>;
type FleetRow = SecondRow | FaultRow;

/** More than the devices of an edge, so that the load decides and not the places. */
const places = 128;
/** docs/operate/fleet.md: without orders for so long at most, ms; and with the store's leader lost too. */
const goals = { takeOverMs: 20_000, takeOverMsWithStoreLeader: 30_000, deviceSecondsStoreLeader: 0 };

export const fleetExperiment: Experiment<typeof options, FleetPlayed, Conclusion<FleetRow>> = {
  name: 'bench fleet',
  lasts: '5 minutes',
  fullLasts: '10',
  description: 'controllers by lease in virtual time, 15,000 devices: messages, decisions, memory, take-overs',
  notes: `
Controllers, leases and members are those of the product, and of trial faults; the store is in memory, and loses its leader for five seconds.
Virtual figures are the same on each machine: messages, bytes, take-overs, devices without a decider. Processor times and memory are of this
one. A decision takes virtual time only by a constant for each device. Messages and decisions count from 25 s after the last device has joined.
Exit status 1: after a loss some device has no decider for a minute. The goals of the page for a take-over do not decide it.`,
  options,
  measure(asked, run) {
    const { cells, controllers, losses } = asked;
    if (controllers > cells) throw badArgument('a controller would have no cell', 'give fewer --controllers');
    if (controllers < losses)
      throw badArgument('no controller would be left', 'give more --controllers, or fewer --losses');
    return playFleet({ ...asked, places }, run);
  },
  conclude,
  page,
  goals: () => goals,
};

export function conclude({ seconds, faults, steady, ...whole }: FleetPlayed, asked: Options): Conclusion<FleetRow> {
  const { devices, edges, cells, controllers, slot } = asked;
  const { traffic, decisions } = steady;
  const perSecond = (count: number): number => count / steady.seconds;
  const times = decisions.map(({ cpuMs }) => cpuMs);
  const faultOf = (kind: FaultRow['kind']): FaultRow | undefined => faults.find((fault) => fault.kind === kind);
  const { receivedMessages, sentMessages, receivedBytes, sentBytes } = traffic;
  const decisionMs = times.reduce((sum, ms) => sum + ms, 0);
  const summary = {
    devices,
    edges: edges * cells,
    cells,
    controllers,
    receivedMessagesPerSecond: perSecond(receivedMessages),
    sentMessagesPerSecond: perSecond(sentMessages),
    messagesPerSecond: perSecond(receivedMessages + sentMessages),
    receivedBytesPerSecond: perSecond(receivedBytes),
    sentBytesPerSecond: perSecond(sentBytes),
    bytesPerDeviceSecond: perSecond(steady.deviceBytes.sentBytes) / devices,
    sentBytesPerDeviceSecond: perSecond(steady.deviceBytes.receivedBytes) / devices,
    storeMessagesPerSecond: perSecond(steady.storeMessages),
    readingShare: (cells * mean(decisions.map((decision) => decision.devices))) / devices,
    decisionsPerSecond: perSecond(decisions.length),
    decisionMsMedian: quantile(times, 0.5),
    decisionMsP95: quantile(times, 0.95),
    withinSlotShare: times.filter((ms) => ms <= slot).length / times.length,
    decisionProcessorShare: perSecond(decisionMs) / 1000,
    memoryPerDeviceKB: whole.bytesPerDevice / 1000,
    takeOverMs: faultOf('controller')?.takeOverMs ?? null,
    backMs: faultOf('controller')?.backMs ?? null,
    takeOverMsWithStoreLeader: faultOf('controller-and-store-leader')?.takeOverMs ?? null,
    backMsWithStoreLeader: faultOf('controller-and-store-leader')?.backMs ?? null,
    deviceSecondsStoreLeader: faultOf('store-leader')?.deviceSecondsWithoutDecider ?? null,
    mostWithoutDecider: Math.max(...seconds.flatMap((row) => (row.after === null ? [] : [row.withoutDecider]))),
    leads: whole.leads,
  };
  const passed = faults.every(({ backMs }) => backMs !== null);
  return { rows: [...faults, ...seconds], summary, forPeople: faults, passed };
}

function page({ rows }: Document<FleetRow>): string {
  const faults = rows.filter((row): row is FaultRow => row.part === 'fault');
  const seconds = rows.filter((row): row is SecondRow => row.part === 'second');
  const inSeconds = (ms: number | null): string => (ms === null ? '' : fixed(ms / 1000, 1));
  return `## Losses

Each row is one loss. The leader of the store is lost for five seconds; a controller for good. Taken over: from the loss to the first order for a device of the
cell, the longest over the cells of the controller. Back: until each device has a controller that leads its cell.

${columnTable(faults, {
  lost: ({ kind }) => kind,
  'cells of it': ({ cells }) => `${cells}`,
  'taken over, s': (row) => inSeconds(row.takeOverMs),
  'back, s': (row) => inSeconds(row.backMs),
  'device-seconds without a decider': (row) => `${row.deviceSecondsWithoutDecider}`,
})}

## Devices without a decider

At the end of each second of virtual time in which there are some, as devices join and after losses.

${columnTable(
  seconds.filter(({ withoutDecider }) => withoutDecider > 0),
  {
    second: ({ second }) => `${second}`,
    'after the loss of': ({ after }) => after ?? '',
    'cells with a leader': ({ ledCells }) => `${ledCells}`,
    'devices without a decider': ({ withoutDecider }) => `${withoutDecider}`,
  },
)}`;
}
