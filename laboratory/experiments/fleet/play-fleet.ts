// A fleet in virtual time: a crowd joins, controllers and the store are lost, and each second it is counted which devices have a decider.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../../../simulator/runner/experiment.ts';
import { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import { VirtualProcess } from '../../../simulator/virtual-time/process.ts';
import { leaseTimes } from '../../../src/allocation/fleet/leadership.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import { type ControlClient, type Reach, reachInTurn } from '../../../src/processes/controller/control-client.ts';
import { heldBytes } from '../../measuring/held-memory.ts';
import { leaderless } from '../../trials/faults/fleet-faults.ts';
import { CrowdDevice, createTown, crowdEdge } from '../controller/crowd.ts';
import {
  type ByteCount,
  type CrowdMemberOptions,
  cellNames,
  cellsOfController,
  FirstOrders,
  joinCrowdDevice,
  joinCrowdEdge,
  MemberBytes,
  orderSince,
} from '../controller/crowd-member.ts';
import { type FleetDecision, type FleetTraffic, MeasuredFleet } from './measured-fleet.ts';

export interface FleetSize {
  readonly devices: number;
  readonly cells: number;
  readonly controllers: number;
  /** In each cell. */
  readonly edges: number;
  readonly places: number;
  /** Time in which messages and decisions count, s. */
  readonly seconds: number;
  /** How many of {@link FaultKind}, in their order; each but the first takes a controller, and one must be left. */
  readonly losses: number;
  readonly policy: string;
  readonly slot: number;
  readonly reportEvery: number;
  readonly seed: number;
}

/** A second of virtual time. */
export interface SecondRow {
  readonly part: 'second';
  readonly second: number;
  /** What was lost last; null: nothing yet. */
  readonly after: FaultKind | null;
  readonly ledCells: number;
  /** Devices without a controller that leads their cell. */
  readonly withoutDecider: number;
}

const faultKinds = ['store-leader', 'controller', 'controller-and-store-leader'] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface FaultRow {
  readonly part: 'fault';
  readonly kind: FaultKind;
  /** Those that the lost controller led. */
  readonly cells: number;
  /** From the loss to the first order for a device of the cell, the longest over its cells; null: no cell was lost, or none came. */
  readonly takeOverMs: number | null;
  /** From the loss until each device had a decider, to the next second; null: not within a minute. */
  readonly backMs: number | null;
  /** Sum over seconds of the devices that had none. */
  readonly deviceSecondsWithoutDecider: number;
}

export interface FleetPlayed {
  readonly seconds: readonly SecondRow[];
  readonly faults: readonly FaultRow[];
  /** With all controllers. */
  readonly steady: {
    readonly traffic: FleetTraffic;
    /** What devices send and receive, without edges. */
    readonly deviceBytes: ByteCount;
    readonly storeMessages: number;
    readonly decisions: readonly FleetDecision[];
    readonly seconds: number;
  };
  /** What is freed as all controllers forget their devices. */
  readonly bytesPerDevice: number;
  /** How often a controller has begun to lead. */
  readonly leads: number;
}

/** Devices join evenly in this time, and orders settle after it, ms. */
const joiningMs = 4000;
const settleMs = 3000;
/** From the last join until messages and decisions count, whatever is lost meanwhile: by then most devices read, ms. */
const readingAfterMs = 25_000;
/** A cluster of three elects a leader within it (2-core EPYC, 2026-11-28), ms. */
const electionMs = 5000;
/** After the store's leader alone is lost: longer than a leader leads without it, ms. */
const watchedMs = 1000 * Math.ceil(leaseTimes.silentAfterMs / 1000 + 1);
const backWithinSeconds = 60;
const streams = { network: 0x0e000000, members: 0x0e000001 } as const;
const link = { ...idealLink, roundTripMs: 30, jitterMs: 4 };

/** @param run for its progress and its signal */
export async function playFleet(size: FleetSize, run: Pick<Run, 'onProgress' | 'signal'>): Promise<FleetPlayed> {
  const world = new FleetWorld(size, run.signal);
  await world.until(joiningMs + settleMs);
  const kinds = faultKinds.slice(0, size.losses);
  const faults: FaultRow[] = [];
  const lose = async (all: readonly FaultKind[]): Promise<void> => {
    for (const kind of all) {
      run.onProgress('losses', faults.length, kinds.length);
      faults.push(await world.lose(kind));
    }
  };
  // Members do not notice the first one.
  await lose(kinds.slice(0, 1));
  await world.until(joiningMs + readingAfterMs);
  const steady = await world.steady();
  await lose(kinds.slice(1));
  const { rows: seconds, leads } = world;
  return { seconds, faults, steady, bytesPerDevice: await world.leave(), leads };
}

const addressOf = (controller: number): string => `ws://controller-${controller}.example:8640`;

class FleetWorld {
  readonly rows: SecondRow[] = [];
  readonly #size: FleetSize;
  readonly #signal: AbortSignal;
  readonly #queue = new EventQueue();
  readonly #fleet: MeasuredFleet;
  readonly #members: VirtualProcess;
  readonly #random: Random;
  readonly #devices: ControlClient[] = [];
  readonly #deviceBytes = new MemberBytes();
  readonly #firstOrders = new FirstOrders();
  #after: FaultKind | null = null;

  constructor(size: FleetSize, signal: AbortSignal) {
    this.#size = size;
    this.#signal = signal;
    this.#random = createRandom(size.seed, streams.members);
    const cells = cellNames(size.cells);
    const { policy, slot: slotMs, seed, controllers } = size;
    const random = createRandom(seed, streams.network);
    const network = { random, policy, slotMs, link: { ...link, seed }, isChecked: false };
    const world = { queue: this.#queue, run: { edges: new Map(), devices: [] }, log: undefined };
    const cellsOf = (index: number): readonly string[] => cellsOfController(cells, controllers, index);
    const rates = Array.from({ length: controllers }, () => 0.99 + 0.02 * random.uniform());
    const fleet = { cells, cellsOf, cellOf: new Map<string, string>(), rates, beganPlainUntilMs: null };
    const id = (own: string, index: number): string => JSON.stringify({ id: own, address: addressOf(index) });
    this.#fleet = new MeasuredFleet(network, world, { ...fleet, times: leaseTimes }, { id });
    this.#members = new VirtualProcess(this.#queue);
    for (let index = controllers - 1; index >= 0; index -= 1)
      this.#queue.post(100 * (controllers - index), () => this.#fleet.startHost(index));
    this.#join(cells);
  }

  get leads(): number {
    return this.#fleet.leads;
  }

  /** Runs, and counts each second. */
  async until(endMs: number): Promise<void> {
    await this.#run(endMs, () => this.#count());
  }

  async #run(endMs: number, passed: () => void): Promise<void> {
    while (this.#queue.nowMs() < endMs) {
      this.#signal.throwIfAborted();
      // Others have their turn.
      await sleep(0);
      this.#queue.runUntil(this.#queue.nowMs() + 1000);
      passed();
    }
  }

  async steady(): Promise<FleetPlayed['steady']> {
    const { seconds } = this.#size;
    const { traffic: before, storeMessages, decisions } = this.#fleet;
    const bytesBefore = this.#deviceBytes.count;
    const [decided, startMs] = [decisions.length, this.#queue.nowMs()];
    await this.until(startMs + 1000 * seconds);
    const { traffic: after, storeMessages: stored } = this.#fleet;
    const traffic = {
      receivedMessages: after.receivedMessages - before.receivedMessages,
      receivedBytes: after.receivedBytes - before.receivedBytes,
      sentMessages: after.sentMessages - before.sentMessages,
      sentBytes: after.sentBytes - before.sentBytes,
    };
    const bytes = this.#deviceBytes.count;
    const deviceBytes = {
      sentBytes: bytes.sentBytes - bytesBefore.sentBytes,
      receivedBytes: bytes.receivedBytes - bytesBefore.receivedBytes,
    };
    const counts = { storeMessages: stored - storeMessages, decisions: decisions.slice(decided) };
    return { traffic, deviceBytes, ...counts, seconds };
  }

  /** A controller that is lost stays away; the store elects another leader. */
  async lose(kind: FaultKind): Promise<FaultRow> {
    const { store, hosts } = this.#fleet;
    this.#after = kind;
    const lostAtMs = this.#queue.nowMs();
    const firstRow = this.rows.length;
    const victim = kind === 'store-leader' ? undefined : hosts[0];
    const cells = victim?.running.status.flatMap(({ cell, epoch }) => (epoch === null ? [] : [cell])) ?? [];
    if (kind !== 'controller') {
      store.failure = leaderless;
      this.#queue.post(lostAtMs + electionMs, () => {
        store.failure = null;
      });
    }
    if (victim === undefined) await this.until(lostAtMs + watchedMs);
    else this.#fleet.end(victim, true);
    const orders = (): (number | undefined)[] =>
      cells.map((cell) => orderSince(this.#firstOrders.all, cell, lostAtMs)?.atMs);
    const isBack = (): boolean => this.rows.at(-1)?.withoutDecider === 0 && !orders().includes(undefined);
    const endMs = this.#queue.nowMs() + 1000 * backWithinSeconds;
    if (victim !== undefined)
      do await this.until(this.#queue.nowMs() + 1000);
      while (!isBack() && this.#queue.nowMs() < endMs);
    const taken = orders();
    const found = this.rows.slice(firstRow).map(({ withoutDecider }) => withoutDecider);
    return {
      part: 'fault',
      kind,
      cells: cells.length,
      takeOverMs:
        taken.length === 0 || taken.includes(undefined) ? null : Math.max(...taken.map((atMs = 0) => atMs)) - lostAtMs,
      backMs: isBack() ? 1000 * (found.findLastIndex((count) => count > 0) + 1) : null,
      deviceSecondsWithoutDecider: found.reduce((sum, count) => sum + count, 0),
    };
  }

  /**
   * All devices leave at once; a controller keeps a member without a connection until its report is stale, and forgets it in its next slot.
   * @returns what is freed, bytes for each device
   * @throws OutriderError `internal`: a controller still has devices
   */
  async leave(): Promise<number> {
    const { devices, slot } = this.#size;
    // Links that were lost are not of the controllers.
    this.#fleet.lines.length = 0;
    const before = heldBytes();
    for (const client of this.#devices) client.close();
    this.#fleet.lines.length = 0;
    // Devices that have left have no decider, and are not counted.
    await this.#run(this.#queue.nowMs() + Math.max(2000, 3 * slot) + 2 * slot, () => {});
    const { ledDevices } = this.#fleet;
    if (ledDevices > 0) {
      const cause = `controllers still have ${ledDevices} devices that have left`;
      throw new OutriderError('internal', cause, 'report it, with the command');
    }
    return (before - heldBytes()) / devices;
  }

  #count(): void {
    const { devices } = this.#size;
    const second = Math.round(this.#queue.nowMs() / 1000);
    const { ledCells, ledDevices } = this.#fleet;
    this.rows.push({ part: 'second', second, after: this.#after, ledCells, withoutDecider: devices - ledDevices });
  }

  #join(cells: readonly string[]): void {
    const { devices, edges, places } = this.#size;
    const town = createTown(edges);
    for (const cell of cells) {
      for (let edge = 0; edge < edges; edge += 1)
        joinCrowdEdge(edge, crowdEdge(town, edge, places), this.#memberOf('edge', `${cell} edge ${edge}`, cell));
    }
    for (let index = 0; index < devices; index += 1) {
      const cell = cells[index % cells.length] as string;
      this.#queue.post((joiningMs * index) / devices, () => {
        const device = new CrowdDevice(town, index, this.#queue.nowMs());
        const onOrder: CrowdMemberOptions['onOrder'] = (order) => this.#firstOrders.add(order, this.#queue.nowMs());
        const member = this.#memberOf('device', device.id, cell);
        const reach = this.#deviceBytes.countOn(member.reach);
        this.#devices.push(joinCrowdDevice(device, { ...member, reach, onOrder }));
      });
    }
  }

  #memberOf(role: 'edge' | 'device', name: string, cell: string): CrowdMemberOptions {
    const { controllers, reportEvery } = this.#size;
    const wayTo = (index: number): Reach =>
      this.#fleet.reach(this.#members, role, name, undefined, () =>
        this.#fleet.hosts.find((host) => host.index === index),
      );
    const ways = Array.from({ length: controllers }, (_, index) => ({
      address: addressOf(index),
      reach: wayTo(index),
    }));
    const uniform = (): number => this.#random.uniform();
    return { reach: reachInTurn(ways), cell, clock: this.#members, reportEveryMs: reportEvery, uniform };
  }
}
