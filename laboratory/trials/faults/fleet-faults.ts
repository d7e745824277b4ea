// The faults of a fleet of controllers, one function each: its store, its controllers, and the ways between these and their members.

import { encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import type { FleetControllers, FleetHost } from './fleet-controllers.ts';
import { between, pick } from './scene.ts';

/** @returns what was done; null: there was no victim */
type FleetFault = (fleet: FleetControllers) => string | null;

/** What the store answers while its cluster has no leader. */
export const leaderless: OutriderError = new OutriderError(
  'interrupted',
  'the store has no leader',
  'wait until it has one',
);
const never = Number.POSITIVE_INFINITY;

/** A fault of one controller, with its length, ms. */
function onHost(act: (host: FleetHost, fleet: FleetControllers, lastingMs: number) => string): FleetFault {
  return (fleet) => {
    const { random, hosts, leaders } = fleet;
    if (hosts.length === 0) return null;
    return act(
      pick(random, [...hosts, ...leaders]),
      fleet,
      // The last: a lease ends meanwhile, and may just have been taken over.
      pick(random, [between(random, 100, 1500), between(random, 1000, 6000), between(random, 900, 2000)]),
    );
  };
}

function linesOf(fleet: FleetControllers, host: FleetHost) {
  return fleet.lines.filter(({ link, controller }) => link.isOpen && controller === host);
}

function ends(isCrash: boolean): FleetFault {
  return onHost((host, fleet, lastingMs) => {
    fleet.end(host, isCrash);
    fleet.queue.after(lastingMs, () => fleet.startHost(host.index));
    const how = isCrash ? 'dies' : 'goes down in order';
    return `controller ${host.index} ${how}, and is back in ${Math.round(lastingMs)} ms`;
  });
}

const faults: readonly FleetFault[] = [
  ends(true),
  ends(false),
  /** As by SIGSTOP. */
  onHost(({ process, index }, _fleet, lastingMs) => {
    process.pause(lastingMs);
    return `controller ${index} stops for ${Math.round(lastingMs)} ms`;
  }),
  onHost(({ way, index }, { queue }, lastingMs) => {
    way.requestsLostUntilMs = queue.nowMs() + lastingMs;
    way.answersLostUntilMs = queue.nowMs() + lastingMs;
    return `controller ${index} and the store are parted for ${Math.round(lastingMs)} ms`;
  }),
  /** Its writes are done, and it does not learn of it. */
  onHost(({ way, index }, { queue }, lastingMs) => {
    way.answersLostUntilMs = queue.nowMs() + lastingMs;
    return `controller ${index} gets no answer of the store for ${Math.round(lastingMs)} ms`;
  }),
  onHost(({ way, index }, { queue, random }, lastingMs) => {
    way.lateMs = between(random, 100, 4000);
    way.lateUntilMs = queue.nowMs() + lastingMs;
    return `words of controller ${index} with the store are up to ${Math.round(way.lateMs)} ms late`;
  }),
  /** The store gets its words in time, and the others learn of its writes before it does. */
  onHost(({ way, index }, { queue, random }, lastingMs) => {
    way.answersLateMs = between(random, 300, 3000);
    way.answersLateUntilMs = queue.nowMs() + lastingMs;
    return `answers of the store to controller ${index} are up to ${Math.round(way.answersLateMs)} ms late`;
  }),
  /** Its cluster elects a leader. */
  ({ store, queue, random }) => {
    const lastingMs = between(random, 200, 1500);
    store.failure = leaderless;
    queue.after(lastingMs, () => {
      store.failure = null;
    });
    return `the store has no leader for ${Math.round(lastingMs)} ms`;
  },
  ({ hosts, queue, random }) => {
    const lastingMs = between(random, 200, 4000);
    for (const { way } of hosts) {
      way.requestsLostUntilMs = queue.nowMs() + lastingMs;
      way.answersLostUntilMs = queue.nowMs() + lastingMs;
    }
    return `the store is lost for ${Math.round(lastingMs)} ms`;
  },
  /** It still has its lease. */
  onHost((host, fleet, lastingMs) => {
    const { random, queue } = fleet;
    const parted = [...fleet.fleet.cellOf.keys()].filter(() => random.uniform() < 0.6);
    for (const member of parted) host.partedUntilMs.set(member, queue.nowMs() + lastingMs);
    for (const { link, member } of linesOf(fleet, host))
      if (parted.includes(member)) link.lose({ device: between(random, 0, 300), edge: pick(random, [100, never]) });
    return `controller ${host.index} and ${parted.join()} are parted for ${Math.round(lastingMs)} ms`;
  }),
  onHost((host, fleet, lastingMs) => {
    const { random, queue } = fleet;
    for (const { link } of linesOf(fleet, host)) link.stall(pick(random, ['up', 'down']), queue.nowMs() + lastingMs);
    return `words from and to controller ${host.index} are ${Math.round(lastingMs)} ms late`;
  }),
  /** As a member that has changed cells could get it. */
  onHost((host, fleet) => {
    const lines = linesOf(fleet, host);
    if (lines.length === 0) return `controller ${host.index} has no members`;
    const { link, member } = pick(fleet.random, lines);
    const others = [...fleet.fleet.cells, 'south'].filter((cell) => cell !== fleet.fleet.cellOf.get(member));
    link.send('down', encodeControl({ kind: 'alive', cell: pick(fleet.random, others), epoch: 1e6 }));
    return `${member} gets a message of another cell`;
  }),
];

/** Null: there was no victim. */
export function injectFleetFault(fleet: FleetControllers): string | null {
  for (let tries = 0; tries < 10; tries += 1) {
    const description = pick(fleet.random, faults)(fleet);
    if (description !== null) return description;
  }
  return null;
}
