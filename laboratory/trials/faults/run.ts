// One run of the trial: a scene and its faults, drawn from one seed. The invariants are checked at every event, until every honest session
// has its whole text and every edge has forgotten all sessions.

import {
  freshState,
  type KnownEdge,
  VirtualDevice,
  type VirtualDeviceSettings,
} from '../../../simulator/virtual-time/device.ts';
import { VirtualEdge, type VirtualEdgeSettings } from '../../../simulator/virtual-time/edge.ts';
import { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import { type LinkEnd, VirtualLink } from '../../../simulator/virtual-time/link.ts';
import { type Machines, protocolMachines } from '../../../simulator/virtual-time/machines.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import type { OpenMessage } from '../../../src/core/protocol/wire/messages.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { HostileDevice, IdleDevice } from './bad-devices.ts';
import { type ControlFaultKind, injectControlFault, noControlFaults } from './control-faults.ts';
import { type BugHooks, ControlMembers, uncontrolled } from './control-members.ts';
import { type Controllers, createControlScene } from './controllers.ts';
import { EconomyWatch } from './economy-watch.ts';
import { FleetControllers } from './fleet-controllers.ts';
import { injectFleetFault } from './fleet-faults.ts';
import { InvariantWatch, type WatchCounts } from './invariants.ts';
import type { KeyRing } from './keys.ts';
import { falseEdge, type GreetingLie, LieWatch, lyingWire, nameAt } from './lies.ts';
import type { PlaceSettings } from './place-watch.ts';
import { createScene, hexDigits, pick, type Scene, streams } from './scene.ts';
import { type FaultWorld, injectFault } from './schedule.ts';
import { type InvariantName, InvariantViolation, type Log } from './violation.ts';

export interface FaultRunResult extends Readonly<WatchCounts> {
  readonly seed: number;
  readonly mode: ModeName;
  readonly sessions: number;
  readonly hostileDevices: number;
  readonly faults: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Whether a controller decides. */
  readonly isControlled: boolean;
  /** Orders that made a device move. */
  readonly ordersFollowed: number;
  /** Edges that were to open no session, for a while or because they went down. */
  readonly drains: number;
  /** Injected, of each kind. */
  readonly controlFaults: Readonly<Record<ControlFaultKind, number>>;
  /** Faults of a fleet, and how often a controller has begun to lead; null: the run has no fleet. */
  readonly fleet: { readonly faults: number; readonly leads: number } | null;
  /** The first violated invariant; null: none. */
  readonly broken: { readonly invariant: InvariantName; readonly detail: string; readonly event: number } | null;
}

/** A bug for tests of the trial: changed machines, changed settings of every device or edge, or changed members of controllers. */
export interface PlantedBug {
  readonly machines?: Machines;
  readonly device?: Partial<VirtualDeviceSettings>;
  readonly edge?: (shipped: VirtualEdgeSettings) => Partial<VirtualEdgeSettings>;
  readonly control?: BugHooks;
}

export interface FaultRunOptions {
  readonly bug?: PlantedBug;
  /** Receives a line for each event. */
  readonly log?: (line: string) => void;
}

/** Virtual time after which every session must have its text. */
const timeLimitMs = 600_000;
const eventLimit = 300_000;
const retryMs = 300;
const eventsBetweenChecks = 16;
/** How often a device without an edge asks for one, ms. */
const askAgainMs = 100;

export function runFaults(seed: number, options: FaultRunOptions = {}): FaultRunResult {
  return new FaultRun(seed, options).run();
}

class FaultRun implements FaultWorld {
  readonly queue: EventQueue = new EventQueue();
  readonly random;
  readonly edges: ReadonlyMap<string, VirtualEdge>;
  readonly devices: readonly VirtualDevice[];
  readonly #scene: Scene;
  readonly lies: LieWatch = new LieWatch();
  readonly falseGreetings: FaultWorld['falseGreetings'] = new Map();
  readonly uselessUntilMs = new Map<string, number>();
  readonly control: ControlMembers | null;
  readonly #watch: InvariantWatch;
  readonly #controlFaults: Record<ControlFaultKind, number> = noControlFaults();
  drains = 0;
  /** The lie for the connection that is being opened. */
  #greetingLie: GreetingLie | null = null;
  readonly #log: Log;
  /** Cancels the search of a device for an edge. */
  readonly #cancelBegin = new Map<VirtualDevice, () => void>();
  #faultCount = 0;
  #fleetFaults = 0;
  #linkCount = 0;

  constructor(seed: number, { bug = {}, log }: FaultRunOptions) {
    this.#log = log && ((line) => log(`${this.queue.nowMs().toFixed(2)} ${line}`));
    this.#scene = createScene(seed, bug.machines ?? protocolMachines);
    this.random = createRandom(seed, streams.faults);
    const { places, keys } = this.#scene;
    const settingsOf = (edge: VirtualEdge): PlaceSettings => places.get(edge.settings.name) as PlaceSettings;
    const areEdgesAlike = new Set(this.#scene.edges.map(({ name, fingerprint = name }) => fingerprint)).size === 1;
    const controlled = createControlScene(this.#scene);
    const economy = new EconomyWatch();
    const controlWorld = { queue: this.queue, keys, run: this, economy, log: this.#log };
    this.control = controlled && new ControlMembers(controlled, controlWorld, bug.control);
    this.#watch = new InvariantWatch({
      lies: this.lies,
      keys,
      settingsOf,
      areEdgesAlike,
      control: this.control ?? uncontrolled(keys),
      economy,
      log: this.#log,
    });
    this.edges = new Map(
      this.#scene.edges.map((settings) => {
        const wire = lyingWire(settings.wire, () => this.#greetingLie);
        const shipped = this.control?.edgeSettings(settings) ?? settings;
        return [shipped.name, new VirtualEdge(this.queue, this.#watch, { ...shipped, ...bug.edge?.(shipped), wire })];
      }),
    );
    const world = {
      edgeOf: (device: VirtualDevice, name: string) => this.control?.edgeOf(device, name) ?? this.#directly(name),
      connect: (device: VirtualDevice, address: string, end: LinkEnd) =>
        this.#connect(nameAt(address), end, device.settings.name, device),
      deviceStepped: this.#deviceStepped.bind(this),
      deviceSends: this.#watch.deviceSends,
      deviceCloses: this.#watch.deviceCloses,
      deviceTries: this.#watch.economy.deviceTries.bind(this.#watch.economy),
    };
    this.devices = this.#scene.devices.map(
      (settings) =>
        new VirtualDevice(this.queue, world, {
          ...(this.control?.deviceSettings(settings) ?? settings),
          ...bug.device,
        }),
    );
  }

  run(): FaultRunResult {
    let broken: FaultRunResult['broken'] = null;
    try {
      this.#start();
      this.#play();
    } catch (error) {
      const invariant = error instanceof InvariantViolation ? error.invariant : 'no-crash';
      const detail = error instanceof Error ? error.message : String(error);
      broken = { invariant, detail, event: this.queue.ranCount };
      this.#log?.(`BROKEN ${detail}`);
    }
    const { seed, mode, hostileCount } = this.#scene;
    const fleet = this.#fleet;
    return {
      seed,
      mode,
      sessions: this.devices.length,
      hostileDevices: hostileCount,
      faults: this.#faultCount,
      events: this.queue.ranCount,
      virtualMs: this.queue.nowMs(),
      ...this.#watch.counts,
      isControlled: this.control !== null,
      ordersFollowed: this.control?.ordersFollowed ?? 0,
      drains: this.drains,
      controlFaults: this.#controlFaults,
      fleet: fleet && { faults: this.#fleetFaults, leads: fleet.leads },
      broken,
    };
  }

  get keys(): KeyRing {
    return this.#scene.keys;
  }

  hasSentOpen(link: VirtualLink): boolean {
    return this.#watch.hasSentOpen(link);
  }

  followed(device: VirtualDevice): void {
    const { name, turn } = device.settings;
    const shipped = this.#scene.devices.find((settings) => settings.name === name);
    const giveUpAfterMs = shipped?.giveUpAfterMs ?? Number.POSITIVE_INFINITY;
    this.#watch.follow(device, this.#scene.target.write(turn), giveUpAfterMs);
    this.#watch.scores.follow(device, this.#scene.target);
  }

  /** The edge to which it connects first, if it has one; with a controller, as soon as it has one. */
  begin(device: VirtualDevice, edge: string): void {
    if (this.control === null) {
      device.connect(edge);
      return;
    }
    if (!device.process.isUp || device.state.outcome !== null) return;
    // A device that has crashed before its first turn begins twice.
    this.#cancelBegin.get(device)?.();
    const { routes } = this.control.agentOf(device.settings.name).edges;
    if (routes.names.length === 0) {
      const cancel = device.process.after(askAgainMs, () => {
        // The turn begins when an edge is known.
        device.restart(device.state);
        this.followed(device);
        this.begin(device, edge);
      });
      this.#cancelBegin.set(device, cancel);
      return;
    }
    device.connect(routes.first(this.queue.nowMs()));
    this.control.began(device);
  }

  #start(): void {
    for (const device of this.devices) {
      this.followed(device);
      const edge = this.random.uniform() < 0.7 ? 'a' : 'b';
      this.queue.after(this.random.uniform() * 100, () => this.begin(device, edge));
    }
    this.control?.start();
    for (let index = 0; index < this.#scene.hostileCount; index += 1) this.#addHostile(index);
    for (const [index, { edge, ...idle }] of this.#scene.idle.entries()) {
      const random = createRandom(this.#scene.seed, streams.idle + 1 + index);
      const connect = (end: LinkEnd): VirtualLink | undefined => this.#connect(edge, end, `idle ${index}`);
      new IdleDevice(this.queue, { ...idle, random, connect, log: this.#log });
    }
    const count = 3 + this.random.integer(6);
    for (let index = 0; index < count; index += 1) {
      // The first faults come so early that almost no text is complete.
      const latestMs = index < 3 ? 100 : 3000;
      this.queue.after(20 + this.random.uniform() * latestMs, () => this.#inject());
    }
    if (this.control === null) return;
    const { controllers } = this.control;
    const { random } = controllers;
    const controlCount = 4 + random.integer(9);
    for (let index = 0; index < controlCount; index += 1)
      this.queue.after(20 + random.uniform() * 2500, () => this.#injectControl(controllers));
  }

  get #fleet(): FleetControllers | null {
    const controllers = this.control?.controllers;
    return controllers instanceof FleetControllers ? controllers : null;
  }

  #injectControl(control: Controllers): void {
    if (this.#isOver) return;
    const description = this.#describeInjected(control);
    if (description === null) {
      this.queue.after(retryMs, () => this.#injectControl(control));
      return;
    }
    this.#faultCount += 1;
    this.#log?.(`FAULT ${description}`);
  }

  /** Null: there was no victim. */
  #describeInjected(control: Controllers): string | null {
    if (control instanceof FleetControllers) {
      const description = injectFleetFault(control);
      if (description !== null) this.#fleetFaults += 1;
      return description;
    }
    const injected = injectControlFault(control);
    if (injected === null) return null;
    this.#controlFaults[injected.kind] += 1;
    return injected.description;
  }

  get #isOver(): boolean {
    return this.devices.every(({ process, state }) => process.isUp && state.outcome?.kind === 'ended');
  }

  #inject(): void {
    const description = injectFault(this);
    if (description === null) {
      // All devices may be down, about to try again, or without a connection at the moment.
      if (!this.#isOver) this.queue.after(retryMs, () => this.#inject());
      return;
    }
    this.#faultCount += 1;
    this.#log?.(`FAULT ${description}`);
  }

  /** Runs until all devices have finished, then until the event queue is empty. */
  #play(): void {
    while (!this.#isOver) {
      let ran = true;
      for (let count = 0; ran && count < eventsBetweenChecks; count += 1) ran = this.queue.runNext();
      const isInTime = this.queue.nowMs() < timeLimitMs && this.queue.ranCount < eventLimit;
      if (!this.#isOver && !(ran && isInTime)) throw new InvariantViolation('finished', this.#describeUnfinished());
    }
    if (this.#controlFaults.false > 0) this.control?.demandBack();
    if (this.#fleet !== null) this.control?.demandLed();
    this.control?.stop();
    const endMs = this.queue.nowMs() + 200_000;
    while (this.queue.runNext()) {
      if (this.queue.nowMs() > endMs || this.queue.ranCount > 2 * eventLimit) break;
    }
    for (const edge of this.edges.values()) {
      const { sessions, linkCount, settings, pending } = edge;
      if (sessions.count === 0 && linkCount === 0 && pending.every((count) => count === 0)) continue;
      const detail = `${settings.name} keeps ${sessions.count} sessions and ${linkCount} connections, ${pending.join()}`;
      throw new InvariantViolation('forgotten', detail);
    }
    const { waitingCount } = this.queue;
    if (waitingCount > 0) throw new InvariantViolation('forgotten', `${waitingCount} timers are left`);
  }

  #describeUnfinished(): string {
    const left = this.devices.filter(({ state }) => state.outcome?.kind !== 'ended');
    return left.map(({ settings, state }) => `${settings.name} has ${state.text.length} tokens`).join(', ');
  }

  /** Without a controller a device identifies edges by their addresses. */
  #directly(name: string): KnownEdge | undefined {
    return this.control === null ? { address: name } : undefined;
  }

  #connect(edge: string, end: LinkEnd, address: string, device?: VirtualDevice): VirtualLink | undefined {
    const found = this.edges.get(edge);
    if (found === undefined ? edge !== falseEdge : !found.process.isUp) return undefined;
    this.#linkCount += 1;
    const seed = this.#scene.link.seed + 2 ** 32 * this.#linkCount;
    const link = new VirtualLink(this.queue, { ...this.#scene.link, seed });
    link.join('device', end);
    if (device !== undefined) this.#watch.owns(device, link);
    if (found === undefined) {
      this.control?.acceptFalsely(link);
      return link;
    }
    const greeting = this.falseGreetings.get(edge);
    if (greeting !== undefined && greeting.left > 0) {
      greeting.left -= 1;
      this.#greetingLie = greeting.lie;
      this.lies.greetFalsely(link);
    }
    this.#watch.accepted(found, link);
    found.accept(link, found.settings.connectionLimits === undefined ? undefined : address);
    this.#greetingLie = null;
    if (this.queue.nowMs() < (this.uselessUntilMs.get(edge) ?? 0)) {
      const soonMs = 2 * this.#scene.link.roundTripMs;
      this.queue.after(soonMs, () => link.lose({ device: 1, edge: 1 }));
    }
    return link;
  }

  #addHostile(index: number): void {
    const random = createRandom(this.#scene.seed, streams.hostile + index);
    const turn = {
      ...this.#scene.devices[0]?.turn,
      ...this.#hostileNames(random),
    } as VirtualDevice['settings']['turn'];
    new HostileDevice(this.queue, {
      turn,
      random,
      connect: (end) => this.#connect(random.uniform() < 0.5 ? 'a' : 'b', end, `hostile ${index}`),
      actionCount: 5 + random.integer(18),
      log: this.#log,
    });
  }

  /** A guess, or a key, whose holder may know the session of a device with another key. */
  #hostileNames(random: Random): Pick<OpenMessage, 'session' | 'credentials'> {
    const { keys, devices } = this.#scene;
    const credentials = random.uniform() < 0.15 ? 'a guess' : keys.secret(random);
    const own = keys.ownerOf(credentials);
    const others = devices.flatMap(({ turn }) => (keys.ownerOf(turn.credentials) === own ? [] : [turn.session]));
    const known = pick(random, others);
    return { credentials, session: known !== undefined && random.uniform() < 0.7 ? known : hexDigits(random, 16) };
  }

  /** If an edge has no free place and refuses, the application tries again later with its text. */
  #deviceStepped(...[device, event, step]: Parameters<InvariantWatch['deviceStepped']>): void {
    this.#watch.deviceStepped(device, event, step);
    if (step.effects.some(({ kind }) => kind === 'finish')) this.control?.ended(device);
    const isRefused = step.effects.some((effect) => effect.kind === 'finish' && effect.outcome.kind === 'failed');
    if (!isRefused) return;
    const { turn } = step.state;
    const credentials = this.keys.isValid(turn.credentials) ? turn.credentials : this.keys.secret(this.random);
    const next = freshState({ ...step.state, turn: { ...turn, credentials } }, hexDigits(this.random, 16));
    device.process.after(retryMs + this.random.uniform() * retryMs, () => {
      const edge = this.random.uniform() < 0.5 ? 'a' : 'b';
      device.restart(next);
      this.followed(device);
      this.begin(device, edge);
    });
  }
}
