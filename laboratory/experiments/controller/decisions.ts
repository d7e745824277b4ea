// How long the controller's own machine works on one slot, and what it holds, without sockets: 100,000 devices among 10,000 edges.

import { setTimeout as sleep } from 'node:timers/promises';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import { Controller } from '../../../src/allocation/controller/controller.ts';
import { decodeMember, encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import {
  type AssignMessage,
  type ControllerMessage,
  controlVersion,
} from '../../../src/allocation/controller/messages.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { timed } from '../../measuring/cpu-time.ts';
import { heldBytes } from '../../measuring/held-memory.ts';
import { CrowdDevice, createTown, crowdEdge, crowdEdgeId } from './crowd.ts';

/** What a slot takes: processor time of one thread, ms. */
interface SlotCost {
  /** Takes the reports of all devices, without their JSON. */
  readonly reportMs: number;
  /** Makes a slot of the reports. */
  readonly openMs: number;
  /** The policy `best`. */
  readonly decideMs: number;
  /** Makes orders of the decision. */
  readonly applyMs: number;
  readonly reading: number;
  readonly messages: number;
}

/** One size of a fleet. Times are medians over the slots that count. */
export interface DecisionRow extends Omit<SlotCost, 'reportMs'> {
  readonly part: 'decision';
  readonly devices: number;
  readonly edges: number;
  readonly objective: 'felt' | 'paper';
  /** The time of one report of a device, microseconds; and of a first one with its JSON, written and read, and the join. */
  readonly reportUs: number;
  readonly firstReportUs: number;
  readonly decisionMsMost: number;
  /** What the machine holds for a device, and its part of the edges, bytes: after the first reports, and after the last orders. */
  readonly bytesPerDeviceReported: number;
  readonly bytesPerDevice: number;
}

const slotMs = 1000;
/** Collections of garbage before memory is measured, at most. */
const mostRounds = 40;
/** Slots that do not count: tables are made, and code is compiled. */
const warmUpSlots = 3;
const countedSlots = 4;
const best = { name: 'best', decide: createPolicy('best') };
const greedy = { name: 'greedy', decide: createPolicy('greedy') };

/** Decides slots of a made-up fleet, and measures what that takes. @param edgeCount each with `placesOfEdge` places */
export async function measureDecision(
  deviceCount: number,
  edgeCount: number,
  placesOfEdge: number,
  objective: 'felt' | 'paper',
): Promise<DecisionRow> {
  const fleet = new Fleet(deviceCount, edgeCount, placesOfEdge, objective);
  const ofCrowd = await settledBytes();
  const firstReportUs = (1000 * fleet.join()) / deviceCount;
  const bytesPerDeviceReported = ((await settledBytes()) - ofCrowd) / deviceCount;
  const slots: SlotCost[] = [];
  const slotCount = warmUpSlots + countedSlots;
  for (let slot = 1; slot <= slotCount; slot += 1) {
    slots.push(fleet.decide(slot, slot === slotCount));
  }
  const bytesPerDevice = ((await settledBytes()) - ofCrowd) / deviceCount;
  // Nothing of it has been garbage until here.
  const reported = fleet.known;
  if (reported !== deviceCount) throw internalError(`${reported} of ${deviceCount} devices are known at the end`);
  const counted = slots.slice(warmUpSlots);
  const of = (key: keyof SlotCost): number => median(counted.map((one) => one[key]));
  const { reading, messages } = slots.at(-1) as SlotCost;
  return {
    part: 'decision',
    devices: deviceCount,
    edges: edgeCount,
    objective,
    reading,
    reportUs: (1000 * of('reportMs')) / deviceCount,
    firstReportUs,
    openMs: of('openMs'),
    decideMs: of('decideMs'),
    applyMs: of('applyMs'),
    decisionMsMost: Math.max(...counted.map(({ openMs, decideMs, applyMs }) => openMs + decideMs + applyMs)),
    messages,
    bytesPerDeviceReported,
    bytesPerDevice,
  };
}

class Fleet {
  readonly #controller: Controller;
  readonly #devices: readonly CrowdDevice[];
  readonly #edgeCount: number;
  #assigned: { readonly link: number; readonly message: AssignMessage }[] = [];
  #messages = 0;

  constructor(deviceCount: number, edgeCount: number, placesOfEdge: number, objective: 'felt' | 'paper') {
    this.#edgeCount = edgeCount;
    this.#controller = openController(objective, (link, message) => {
      this.#messages += 1;
      if (message.kind === 'assign') this.#assigned.push({ link, message });
    });
    const town = createTown(edgeCount);
    for (let edge = 0; edge < edgeCount; edge += 1) {
      this.#join(edge, 'edge', crowdEdgeId(edge));
      this.#controller.received(edge, { ...crowdEdge(town, edge, placesOfEdge), seq: 1 }, 0);
    }
    this.#devices = Array.from({ length: deviceCount }, (_, device) => new CrowdDevice(town, device, 0));
    // Links that are measured already belong to the crowd.
    for (const device of this.#devices) device.report(0);
  }

  get known(): number {
    return Math.min(this.#devices.length, this.#controller.members.devices.size);
  }

  /** All devices join, and report for the first time, as from a connection. @returns ms */
  join(): number {
    const { cpuMs } = timed(() => {
      for (const [index, device] of this.#devices.entries()) {
        this.#join(this.#edgeCount + index, 'device', device.id);
        this.#controller.received(this.#edgeCount + index, decodeMember(written(device, 0, 1)), 0);
      }
    });
    return cpuMs;
  }

  /** @param isLast the controller keeps the reports of this slot, so they are texts of its own */
  decide(slot: number, isLast: boolean): SlotCost {
    const controller = this.#controller;
    // Slots are far from each other, so that answers begin and end in each.
    const nowMs = 5 * slotMs * slot;
    const reports = this.#devices.map((one) => {
      while (one.turnsAtMs <= nowMs) one.turn(one.turnsAtMs);
      return isLast ? decodeMember(written(one, nowMs, 1 + slot)) : { ...one.report(nowMs), seq: 1 + slot };
    });
    this.#messages = 0;
    const { cpuMs: reportMs } = timed(() => {
      for (const [index, one] of reports.entries()) controller.received(this.#edgeCount + index, one, nowMs);
    });
    const { cpuMs: openMs, found: open } = timed(() => controller.open(nowMs));
    const { cpuMs: decideMs, found: decision } = timed(() => controller.decide(open, best, greedy));
    if (decision.policy !== best.name) throw internalError(`slot ${slot} was decided by ${decision.policy}`);
    const { cpuMs: applyMs } = timed(() => controller.apply(open, decision, nowMs));
    for (const { link, message } of this.#assigned.splice(0)) this.#devices[link - this.#edgeCount]?.follow(message);
    const reading = open.active.length;
    return { reportMs, openMs, decideMs, applyMs, reading, messages: this.#messages };
  }

  #join(link: number, role: 'edge' | 'device', id: string): void {
    this.#controller.received(link, { kind: 'join', version: controlVersion, role, id, credentials: '' }, 0);
  }
}

function internalError(cause: string): OutriderError {
  return new OutriderError('internal', cause, 'report it, with the command');
}

function written(device: CrowdDevice, nowMs: number, seq: number): Uint8Array {
  return encodeControl({ ...device.report(nowMs), seq });
}

function openController(kind: 'felt' | 'paper', send: (link: number, message: ControllerMessage) => void): Controller {
  let tickets = 0;
  return new Controller(
    {
      origin: { cell: 'default', epoch: 1 },
      slotMs,
      kind,
      energyWeight: 0,
      ticketValidMs: 60_000,
      keyOf: () => '',
      staleAfterMs: 1e9,
      mostEdges: 1e6,
      mostDevices: 1e7,
    },
    {
      send,
      close: () => {},
      drawTicket: () => {
        tickets += 1;
        return `ticket:${String(tickets).padStart(32, '0')}`;
      },
    },
  );
}

/** Some garbage is found by the next collection only, and buffers are freed later than objects. */
async function settledBytes(): Promise<number> {
  let held = heldBytes();
  for (let round = 1; round <= mostRounds; round += 1) {
    await sleep(50);
    const now = heldBytes();
    if (round >= 3 && now > 0.99 * held) return now;
    held = now;
  }
  return held;
}
