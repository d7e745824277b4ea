// The controllers of a run: how they are drawn, the code of src/processes/controller/ on the clock of processes in virtual time, and the
// network between them and their members. Each side has the connection of a transport, so that members and controllers are those of live
// processes.

import { createPolicy } from '../../../simulator/policies/policies.ts';
import type { VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import { VirtualProcess } from '../../../simulator/virtual-time/process.ts';
import { defaultCell } from '../../../src/allocation/controller/cell-epoch.ts';
import type { ControllerEvent } from '../../../src/allocation/controller/controller-events.ts';
import { encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import { controlVersion } from '../../../src/allocation/controller/messages.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import type { LinkSettings } from '../../../src/core/protocol/wire/link-model.ts';
import type { CloseReason, Connection, ConnectionHandler } from '../../../src/network/transport/transport.ts';
import type { Reach } from '../../../src/processes/controller/control-client.ts';
import {
  type ControllerOptions,
  type RunningController,
  startController,
} from '../../../src/processes/controller/controller-server.ts';
import { ticketPrefix } from '../../../src/processes/controller/ticket-book.ts';
import type { FrameObserver } from './control-watch.ts';
import type { EconomyWatch } from './economy-watch.ts';
import { createFleetScene, type FleetScene } from './fleet-scene.ts';
import type { KeyRing } from './keys.ts';
import { addressOf, type FalseEdgeKind, falseEdgeKinds } from './lies.ts';
import { pick, type Scene, streams } from './scene.ts';
import type { Log } from './violation.ts';

/** How controllers decide, and their network. */
export interface ControlNetwork {
  readonly random: Random;
  readonly policy: string;
  readonly slotMs: number;
  /** The network of members to their controller. */
  readonly link: LinkSettings;
  /** Whether members check the certificate of who answers as their controller. */
  readonly isChecked: boolean;
}

export interface ControlScene extends ControlNetwork {
  readonly reportEveryMs: number;
  /** The edges' ids at the controller, by name: the same names as in the lists of devices, or others. */
  readonly ids: ReadonlyMap<string, string>;
  /** Addresses of the edges of each device's own list, by its name; empty: it has none without the controller. */
  readonly ownAddresses: ReadonlyMap<string, ReadonlySet<string>>;
  /** Devices that continue a text at an edge with another target. */
  readonly allowsOtherTarget: ReadonlySet<string>;
  /** What is at the address of an edge that is none. */
  readonly falseEdge: FalseEdgeKind;
  /** Null: controllers share nothing, and members reach any of them. */
  readonly fleet: FleetScene | null;
}

/** Null: the run has no controller, as every second one. */
export function createControlScene({ seed, link, edges: all, devices }: Scene): ControlScene | null {
  const edges = all.map(({ name }) => name);
  const random = createRandom(seed, streams.control);
  if (random.uniform() < 0.5) return null;
  const prefix = pick(random, ['', 'id-of-']);
  const ownAddresses = new Map<string, ReadonlySet<string>>();
  for (const { name } of devices) {
    const own = pick(random, [[], edges, edges, edges.slice(0, 1)]);
    ownAddresses.set(name, new Set(own.map(addressOf)));
  }
  return {
    random,
    // The random one moves sessions all the time.
    policy: pick(random, ['random', 'random', 'greedy', 'max-sinr']),
    slotMs: pick(random, [200, 1000]),
    reportEveryMs: pick(random, [100, 500]),
    link: { ...link, seed: seed + 7 },
    ids: new Map(edges.map((edge) => [edge, `${prefix}${edge}`])),
    ownAddresses,
    falseEdge: pick(random, falseEdgeKinds),
    isChecked: random.uniform() < 0.5,
    allowsOtherTarget: new Set(devices.flatMap(({ name, keepsTarget }) => (keepsTarget === true ? [] : [name]))),
    fleet: createFleetScene(
      seed,
      edges,
      devices.map(({ name }) => name),
    ),
  };
}

/** A running controller. */
export interface VirtualController {
  readonly process: VirtualProcess;
  readonly running: Pick<RunningController, 'accept'> & { close(): unknown };
  /** 0: of a fleet. */
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
  readonly keys: KeyRing;
  readonly economy: EconomyWatch;
  readonly run: {
    readonly edges: ReadonlyMap<string, VirtualEdge>;
    readonly devices: readonly VirtualDevice[];
  };
  readonly log: Log;
}

/** What controllers need of it. */
export type HostWorld = Pick<ControlWorld, 'queue' | 'run' | 'log'>;

/** The epoch of the first controller of a run that has no fleet, or none yet. */
export const firstEpoch = 1000;
/** Period of the operator's check, ms. */
const checkEveryMs = 8000;
const never = Number.POSITIVE_INFINITY;

export class Controllers<Network extends ControlNetwork = ControlScene> {
  readonly scene: Network;
  readonly random: Random;
  readonly queue: EventQueue;
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
  #highestEpoch = firstEpoch;
  /** Until when a false controller answers at their address. */
  #falseUntilMs = 0;
  protected readonly world: HostWorld;
  #linkCount = 0;
  #cancelCheck = (): void => {};

  constructor(scene: Network, world: HostWorld) {
    this.scene = scene;
    this.random = scene.random;
    this.queue = world.queue;
    this.world = world;
  }

  start(): void {
    this.startController(this.#highestEpoch);
    this.#supervise();
  }

  stop(): void {
    this.isOver = true;
    this.#cancelCheck();
    for (const { running } of this.running) running.close();
  }

  startController(epoch: number): VirtualController {
    const process = new VirtualProcess(this.queue);
    const controller = { process, running: this.decider(process, { epoch }), epoch };
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
    this.running.push(controller);
    return controller;
  }

  /** What decides in a process. */
  protected decider(
    process: VirtualProcess,
    origin: Pick<ControllerOptions, 'cell' | 'epoch' | 'mayOrder'>,
    own: Partial<Pick<ControllerOptions, 'clock' | 'policy'>> = {},
  ): RunningController {
    return startController({
      ...origin,
      policy: { name: this.scene.policy, decide: createPolicy(this.scene.policy) },
      fallback: { name: 'greedy', decide: createPolicy('greedy') },
      slotMs: this.scene.slotMs,
      clock: process,
      ...own,
      drawTicket: () => this.drawTicket(),
      onEvent: (event) => this.#log(event),
    });
  }

  /** Starts one that has been away, unless the operator has started another. */
  comeBack(epoch: number): void {
    if (!this.isOver && this.running.length === 0) this.startController(Math.max(1, epoch));
  }

  /** A lie: no controller of a run has this epoch. */
  raisedEpoch(): number {
    return pick(this.random, [this.#highestEpoch + 1000, Number.MAX_SAFE_INTEGER]);
  }

  /** Answers with the largest epoch. */
  answerFalsely(lastingMs: number): void {
    this.#falseUntilMs = this.queue.nowMs() + lastingMs;
  }

  /** The session of a device, also of one that has ended; an unknown device has that of the first one. */
  sessionOf(device: string): string {
    const { devices } = this.world.run;
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

  /**
   * An operator ends controllers that lie, and all but one of several, each with members of its own; and starts one that members follow.
   */
  #supervise(): void {
    this.#cancelCheck = this.queue.after(checkEveryMs, () => {
      const leading = this.running.find((one) => one.epoch >= this.#highestEpoch && !this.liars.has(one));
      for (const controller of [...this.running]) if (controller !== leading) this.crashController(controller);
      if (leading === undefined) {
        this.startController(this.#highestEpoch + 1);
        this.world.log?.(`CONTROL the operator starts epoch ${this.#highestEpoch}`);
      }
      this.#supervise();
    });
  }

  /** How a member reaches a controller. @param choose at each attempt; undefined: none answers */
  reach(
    process: VirtualProcess,
    role: ControlLine['role'],
    member: string,
    watch?: FrameObserver,
    choose: () => VirtualController | undefined = () => this.chooseController(member),
  ): Reach {
    return (accept, failed) => {
      let isGivenUp = false;
      process.post(this.scene.link.roundTripMs, () => {
        if (isGivenUp || this.isOver) return;
        const isFalse = this.queue.nowMs() < this.#falseUntilMs;
        const controller = isFalse ? undefined : choose();
        if (controller === undefined && !isFalse) {
          failed();
          return;
        }
        this.#linkCount += 1;
        const seed = this.scene.link.seed + 2 ** 32 * this.#linkCount;
        const link = new VirtualLink(this.queue, { ...this.scene.link, seed });
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

  /** Members reach any of several. @param _member name */
  protected chooseController(_member: string): VirtualController | undefined {
    return this.running[this.random.integer(Math.max(1, this.running.length))];
  }

  /** A member has crashed. */
  abandon(role: ControlLine['role'], member: string): void {
    for (const line of this.lines.filter((one) => one.role === role && one.member === member)) {
      line.link.desert('device');
      line.link.lose({ device: never, edge: 300 * this.random.uniform() });
    }
  }

  #log(event: ControllerEvent): void {
    if (event.kind !== 'decided') this.world.log?.(`CONTROL ${JSON.stringify(event)}`);
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

/** The side of the member is that of a device. */
type Side = 'device' | 'edge';

const closedByPeer: CloseReason = { by: 'peer', code: 'done', detail: 'the other side has closed it' };

class VirtualConnection implements Connection {
  readonly #link: VirtualLink;
  readonly #side: Side;
  readonly #process: VirtualProcess;
  readonly #observer: FrameObserver | undefined;
  #isClosed = false;
  /** Set before anything arrives. */
  handler: ConnectionHandler | null = null;
  readonly writable = true;
  readonly isPeerChecked: boolean;
  // No controller reads these; a bench counts bytes.
  sentBytes = 0;
  readonly sentFrames = 0;
  receivedBytes = 0;
  readonly receivedFrames = 0;

  constructor(link: VirtualLink, side: Side, process: VirtualProcess, observer?: FrameObserver, isPeerChecked = false) {
    this.isPeerChecked = isPeerChecked;
    this.#link = link;
    this.#side = side;
    this.#process = process;
    const end = process.listen({
      frame: (frame) => {
        if (this.#isClosed) return;
        const bytes = frame as Uint8Array;
        this.receivedBytes += bytes.length;
        observer?.before(bytes, this);
        this.handler?.frame(bytes);
        observer?.after(this.#isClosed);
      },
      writable: () => {},
      closed: () => {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#closed(closedByPeer);
      },
    });
    this.#observer = observer;
    link.join(side, end);
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.sentBytes += bytes.length;
    this.#link.send(this.#side === 'device' ? 'up' : 'down', bytes);
  }

  close(code: CloseReason['code'], detail: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.close(this.#side);
    this.#process.after(1, () => this.#closed({ by: 'us', code, detail }));
  }

  #closed(reason: CloseReason): void {
    const closed = this.#observer?.closing();
    this.handler?.closed(reason);
    closed?.();
  }
}
