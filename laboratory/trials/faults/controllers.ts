// The controllers of a run: the code of src/processes/controller/ on the clock of processes in virtual time, and the network
// between them and their members.

import type { VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import { VirtualProcess } from '../../../simulator/virtual-time/process.ts';
import { defaultCell } from '../../../src/allocation/controller/cell-epoch.ts';
import type { ControllerEvent } from '../../../src/allocation/controller/controller-events.ts';
import { encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import { controlVersion } from '../../../src/allocation/controller/messages.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import type { Reach } from '../../../src/processes/controller/control-client.ts';
import { type RunningController, startController } from '../../../src/processes/controller/controller-server.ts';
import { ticketPrefix } from '../../../src/processes/controller/ticket-book.ts';
import { type Hearing, VirtualConnection } from './control-link.ts';
import type { ControlScene } from './control-scene.ts';
import { pick } from './scene.ts';
import type { ShownKeys } from './shown-keys.ts';

/** A running controller. */
export interface VirtualController {
  readonly process: VirtualProcess;
  readonly running: RunningController;
  readonly epoch: number;
}

/** An open connection between a member and a controller. */
export interface ControlLine {
  readonly link: VirtualLink;
  readonly controller: VirtualController;
  readonly role: 'edge' | 'device';
  /** Name of the edge or device. */
  readonly member: string;
}

export interface ControlWorld {
  readonly queue: EventQueue;
  readonly keys: ShownKeys;
  readonly run: {
    readonly edges: ReadonlyMap<string, VirtualEdge>;
    readonly devices: readonly VirtualDevice[];
  };
  log(line: string): void;
}

/** An operator looks after the controllers this often, ms. */
const lookEveryMs = 8000;
const never = Number.POSITIVE_INFINITY;

export class Controllers {
  readonly scene: ControlScene;
  readonly random: Random;
  readonly running: VirtualController[] = [];
  /** All that there were. */
  readonly lines: ControlLine[] = [];
  /** Frames of liars that every member must refuse. */
  readonly refusable: WeakSet<Uint8Array> = new WeakSet<Uint8Array>();
  /** Controllers that have lied. */
  readonly liars: WeakSet<VirtualController> = new WeakSet<VirtualController>();
  /** All tickets that were drawn. */
  readonly tickets: string[] = [];
  isOver = false;
  /** The highest of all that were started. */
  #highestEpoch = 1000;
  /** Until when somebody else answers at the address of the controllers. */
  #falseUntilMs = 0;
  readonly #world: ControlWorld;
  #linkCount = 0;
  #cancelLook = (): void => {};

  constructor(scene: ControlScene, world: ControlWorld) {
    this.scene = scene;
    this.random = scene.random;
    this.#world = world;
  }

  start(): void {
    this.startController(this.#highestEpoch);
    this.#look();
  }

  stop(): void {
    this.isOver = true;
    this.#cancelLook();
    for (const { running } of this.running) void running.close();
  }

  startController(epoch: number): VirtualController {
    const process = new VirtualProcess(this.#world.queue);
    const running = startController({
      policy: { name: this.scene.policy, decide: createPolicy(this.scene.policy) },
      fallback: { name: 'greedy', decide: createPolicy('greedy') },
      slotMs: this.scene.slotMs,
      epoch,
      clock: process,
      drawTicket: () => this.drawTicket(),
      onEvent: (event) => this.#tell(event),
    });
    const controller = { process, running, epoch };
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
    this.running.push(controller);
    return controller;
  }

  /** One that has been away. The operator may have started another. */
  comeBack(epoch: number): void {
    if (!this.isOver && this.running.length === 0) this.startController(Math.max(1, epoch));
  }

  /** A lie: no controller of a run has this epoch. */
  raisedEpoch(): number {
    return pick(this.random, [this.#highestEpoch + 1000, Number.MAX_SAFE_INTEGER]);
  }

  /** For so long, with the largest epoch. */
  answerFalsely(lastingMs: number): void {
    this.#falseUntilMs = this.#world.queue.nowMs() + lastingMs;
  }

  /** Of a device, also one that has ended; of nobody, that of the first device. */
  sessionOf(device: string): string {
    const { devices } = this.#world.run;
    const found = devices.find(({ settings }) => settings.name === device) ?? devices[0];
    return found?.state.turn.session ?? '';
  }

  drawTicket(): string {
    const ticket = `${ticketPrefix}${this.tickets.length}`;
    this.tickets.push(ticket);
    return ticket;
  }

  crashController(controller: VirtualController): void {
    controller.process.crash();
    this.running.splice(this.running.indexOf(controller), 1);
    for (const { link } of this.lines.filter((line) => line.controller === controller)) {
      link.desert('edge');
      link.lose({ device: this.random.uniform() < 0.8 ? 200 * this.random.uniform() : never, edge: never });
    }
  }

  /** An operator ends what lies, and of several controllers, each with members of its own, all but one; and starts one that is obeyed. */
  #look(): void {
    this.#cancelLook = this.#world.queue.after(lookEveryMs, () => {
      const leading = this.running.find((one) => one.epoch >= this.#highestEpoch && !this.liars.has(one));
      for (const controller of [...this.running]) if (controller !== leading) this.crashController(controller);
      if (leading === undefined) {
        this.startController(this.#highestEpoch + 1);
        this.#world.log(`CONTROL the operator starts epoch ${this.#highestEpoch}`);
      }
      this.#look();
    });
  }

  /** For a member. */
  reach(process: VirtualProcess, role: ControlLine['role'], member: string, watch: Hearing): Reach {
    return (accept, failed) => {
      let isGivenUp = false;
      process.post(this.scene.link.roundTripMs, () => {
        if (isGivenUp || this.isOver) return;
        const isFalse = this.#world.queue.nowMs() < this.#falseUntilMs;
        const controller = isFalse ? undefined : this.#chooseController();
        if (controller === undefined && !isFalse) {
          failed();
          return;
        }
        this.#linkCount += 1;
        const seed = this.scene.link.seed + 2 ** 32 * this.#linkCount;
        const link = new VirtualLink(this.#world.queue, { ...this.scene.link, seed });
        const near = new VirtualConnection(link, 'device', process, watch, this.scene.isChecked);
        if (controller === undefined) answerOnce(link);
        else {
          this.lines.push({ link, controller, role, member });
          const far = new VirtualConnection(link, 'edge', controller.process);
          far.handler = controller.running.accept(far);
        }
        near.handler = accept(near);
      });
      return () => {
        isGivenUp = true;
      };
    };
  }

  /** Of two, members reach the one or the other. */
  #chooseController(): VirtualController | undefined {
    return this.running[this.random.integer(Math.max(1, this.running.length))];
  }

  /** A member has crashed. */
  abandon(role: ControlLine['role'], member: string): void {
    for (const line of this.lines.filter((one) => one.role === role && one.member === member)) {
      line.link.desert('device');
      line.link.lose({ device: never, edge: 300 * this.random.uniform() });
    }
  }

  #tell(event: ControllerEvent): void {
    if (event.kind !== 'decided') this.#world.log(`CONTROL ${JSON.stringify(event)}`);
  }
}

/** Whoever joins is welcomed, with an epoch that no controller can exceed, and is left. */
function answerOnce(link: VirtualLink): void {
  link.join('edge', {
    frame: () => {
      const origin = { cell: defaultCell, epoch: Number.MAX_SAFE_INTEGER };
      link.send('down', encodeControl({ kind: 'welcome', version: controlVersion, ...origin, slotMs: 1000 }));
      link.close('edge');
    },
    writable: () => {},
    closed: () => {},
  });
}
