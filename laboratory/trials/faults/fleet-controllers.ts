// The controllers of a fleet and their store in virtual time: the code of src/processes/controller/fleet-controller.ts on clocks that run at
// different rates. Checks that no two of them order in one cell at the same time.

import { VirtualProcess } from '../../../simulator/virtual-time/process.ts';
import type { Origin } from '../../../src/allocation/controller/messages.ts';
import type { FleetStore } from '../../../src/allocation/fleet/fleet-store.ts';
import type { stepLeadership } from '../../../src/allocation/fleet/leadership.ts';
import { type Carry, MemoryFleetStore } from '../../../src/allocation/fleet/memory-fleet-store.ts';
import { FleetController } from '../../../src/processes/controller/fleet-controller.ts';
import {
  Controllers,
  type ControlNetwork,
  type ControlScene,
  firstEpoch,
  type HostWorld,
  type VirtualController,
} from './controllers.ts';
import type { FleetScene } from './fleet-scene.ts';
import { between } from './scene.ts';
import { demand } from './violation.ts';

/** Where tests of the trial plant bugs into controllers of a fleet. */
export interface FleetHooks {
  readonly stepLeadership?: typeof stepLeadership;
  readonly store?: (store: FleetStore) => FleetStore;
  /** Whether a controller may order. @param may whether its lease lets it */
  readonly mayOrder?: (may: () => boolean) => boolean;
  readonly origin?: (origin: Origin) => Origin;
  /** Its value in leases. */
  readonly id?: (id: string, index: number) => string;
}

/** The way of one controller to the store. */
interface StoreWay {
  /** Requests, and answers with changes, are lost until these times, ms. */
  requestsLostUntilMs: number;
  answersLostUntilMs: number;
  /** Both take up to so long until the time, ms. */
  lateMs: number;
  lateUntilMs: number;
  /** Answers take at least half as long until the time, and at most as long, ms. */
  answersLateMs: number;
  answersLateUntilMs: number;
}

export interface FleetHost extends VirtualController {
  readonly running: FleetController;
  readonly index: number;
  readonly way: StoreWay;
  /** Members that can't reach it, and until when, ms. */
  readonly partedUntilMs: Map<string, number>;
}

/** To the store and back, ms. */
const storeMs = 2;

export class FleetControllers<Network extends ControlNetwork = ControlScene> extends Controllers<Network> {
  readonly fleet: FleetScene;
  readonly store: MemoryFleetStore = new MemoryFleetStore();
  readonly hosts: FleetHost[] = [];
  /** How often a controller has begun to lead. */
  leads = 0;
  /** Requests, answers and changes that controllers and the store have sent to each other. */
  storeMessages = 0;
  readonly #hooks: FleetHooks;
  readonly #asked = new Map<string, number>();
  /** The highest epoch that has begun to lead, by cell. */
  readonly #ordered = new Map<string, number>();
  /** Which process has begun to lead which cell last, and whether it may order there now. */
  readonly #led = new Map<string, Map<VirtualProcess, () => boolean>>();
  #lives = 0;

  constructor(scene: Network, world: HostWorld, fleet: FleetScene, hooks: FleetHooks = {}) {
    super(scene, world);
    this.fleet = fleet;
    this.#hooks = hooks;
  }

  override start(): void {
    const { beganPlainUntilMs, rates } = this.fleet;
    const startHosts = (): void => {
      for (const index of rates.keys()) this.startHost(index);
    };
    if (beganPlainUntilMs === null) {
      startHosts();
      return;
    }
    const plain = this.startController(firstEpoch);
    this.queue.after(beganPlainUntilMs, () => {
      if (this.isOver) return;
      this.world.log?.('CONTROL a fleet replaces the controller');
      this.crashController(plain);
      startHosts();
    });
  }

  /** One that was there before has forgotten everything. */
  startHost(index: number): void {
    if (this.isOver) return;
    const process = new VirtualProcess(this.queue, this.fleet.rates[index]);
    const late = { lateMs: 0, lateUntilMs: 0, answersLateMs: 0, answersLateUntilMs: 0 };
    const way = { requestsLostUntilMs: 0, answersLostUntilMs: 0, ...late };
    const { id = (own) => own, store = (own) => own, stepLeadership } = this.#hooks;
    this.#lives += 1;
    const running = new FleetController({
      store: store(this.store.open(this.#carry(process, way))),
      cells: this.fleet.cellsOf?.(index) ?? this.fleet.cells,
      id: id(`controller ${index}, life ${this.#lives}`, index),
      startedAtMs: firstEpoch + 1 + Math.round(this.queue.nowMs()),
      clock: process,
      times: this.fleet.times,
      ...(stepLeadership && { stepLeadership }),
      lead: (origin, mayOrder) => this.#lead(process, origin, mayOrder),
    });
    const host = { process, running, epoch: 0, index, way, partedUntilMs: new Map<string, number>() };
    this.hosts.push(host);
    this.running.push(host);
  }

  /** It goes down in order, or crashes. */
  end(host: FleetHost, isCrash: boolean): void {
    this.hosts.splice(this.hosts.indexOf(host), 1);
    if (isCrash) this.crashController(host);
    else {
      this.running.splice(this.running.indexOf(host), 1);
      host.running.close();
    }
  }

  /** Members ask one after the other. */
  protected override chooseController(member: string): VirtualController | undefined {
    const count = this.#asked.get(member) ?? 0;
    this.#asked.set(member, count + 1);
    const chosen = this.running[count % Math.max(1, this.running.length)];
    const host = this.hosts.find((one) => one === chosen);
    return this.queue.nowMs() < (host?.partedUntilMs.get(member) ?? 0) ? undefined : chosen;
  }

  #lead(process: VirtualProcess, led: Origin, isLeading: () => boolean) {
    const origin = this.#hooks.origin?.(led) ?? led;
    this.leads += 1;
    this.world.log?.(`CONTROL epoch ${origin.epoch} leads ${origin.cell}`);
    const { mayOrder = (may: () => boolean) => may() } = this.#hooks;
    const may = (): boolean => mayOrder(isLeading);
    this.#begins(process, origin, may);
    return this.decider(process, {
      ...origin,
      mayOrder: () => {
        const mayNow = may();
        if (mayNow) this.#orders(origin);
        return mayNow;
      },
    });
  }

  #begins(process: VirtualProcess, origin: Origin, mayOrder: () => boolean): void {
    const led = this.#led.get(origin.cell) ?? new Map<VirtualProcess, () => boolean>();
    this.#led.set(origin.cell, led);
    led.delete(process);
    const isFree = ![...led].some(([other, may]) => other.isUp && may());
    demand(isFree, 'one-decider', () => `epoch ${origin.epoch} leads ${origin.cell}, and another one may still order`);
    led.set(process, mayOrder);
    this.#orders(origin);
  }

  /** Controllers that lead a cell, or have led it last. */
  get leaders(): FleetHost[] {
    const last = [...this.#led.values()].map((led) => [...led.keys()].at(-1));
    return this.hosts.filter(({ process }) => last.includes(process));
  }

  #orders({ cell, epoch }: Origin): void {
    const highest = this.#ordered.get(cell) ?? 0;
    demand(epoch >= highest, 'one-decider', () => `epoch ${epoch} of ${cell} orders, and epoch ${highest} leads`);
    this.#ordered.set(cell, epoch);
  }

  #carry(process: VirtualProcess, way: StoreWay): Carry {
    return (action, what) => {
      const nowMs = this.queue.nowMs();
      const lostUntilMs = what === 'request' ? way.requestsLostUntilMs : way.answersLostUntilMs;
      if (nowMs < lostUntilMs || this.isOver || !process.isUp) return;
      this.storeMessages += 1;
      const lateMs = nowMs < way.lateUntilMs ? way.lateMs * this.random.uniform() : 0;
      if (what === 'request') this.queue.post(nowMs + storeMs / 2 + lateMs, action);
      else {
        const isLate = nowMs < way.answersLateUntilMs;
        const ownMs = isLate ? way.answersLateMs * between(this.random, 0.5, 1) : 0;
        process.post(storeMs / 2 + lateMs + ownMs, action);
      }
    };
  }
}
