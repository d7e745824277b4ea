// One run of the trial: a scene and its faults, drawn from one seed. The invariants are checked at every event, until every honest session
// has its whole text and every edge has forgotten all sessions.

import { createRandom, type Random } from '../../basics/philox.ts';
import type { OpenMessage } from '../../protocol/messages.ts';
import type { ModeName } from '../../protocol/mode.ts';
import { freshState, VirtualDevice, type VirtualDeviceSettings } from '../../virtual-time/device.ts';
import { VirtualEdge, type VirtualEdgeSettings } from '../../virtual-time/edge.ts';
import { EventQueue } from '../../virtual-time/event-queue.ts';
import { type LinkEnd, VirtualLink } from '../../virtual-time/link.ts';
import { type Machines, protocolMachines } from '../../virtual-time/machines.ts';
import { HostileDevice } from './hostile-device.ts';
import { IdleDevice } from './idle-device.ts';
import { InvariantWatch } from './invariants.ts';
import type { KeyRing } from './keys.ts';
import { type GreetingLie, LieWatch, lyingWire } from './lies.ts';
import type { PlaceSettings } from './place-watch.ts';
import { createScene, hexDigits, pick, type Scene, streams } from './scene.ts';
import { type FaultWorld, injectFault } from './schedule.ts';
import { type InvariantName, InvariantViolation } from './violation.ts';

export interface FaultRunResult {
  readonly seed: number;
  readonly mode: ModeName;
  readonly sessions: number;
  readonly hostileDevices: number;
  readonly faults: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Estimated from the ids that an edge's sessions hold. */
  readonly edgeBytesPeak: number;
  /** Steps of honest sessions, and the tokens that they committed, with those that a crash lost. */
  readonly steps: number;
  readonly committedTokens: number;
  /** Mismatches after which a text went on as an alternative. */
  readonly alternativesTaken: number;
  /** The first violated invariant; null: none. */
  readonly broken: { readonly invariant: InvariantName; readonly detail: string; readonly event: number } | null;
}

/** A bug for tests of the trial: changed machines, or changed settings of every device or edge. */
export interface PlantedBug {
  readonly machines?: Machines;
  readonly device?: Partial<VirtualDeviceSettings>;
  readonly edge?: (shipped: VirtualEdgeSettings) => Partial<VirtualEdgeSettings>;
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
const eventsBetweenLooks = 16;

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
  readonly #watch: InvariantWatch;
  /** Of the connection that is being opened. */
  #greetingLie: GreetingLie | null = null;
  readonly #log: (line: string) => void;
  /** Lines of events take time to make. */
  readonly #isLogging: boolean;
  #faultCount = 0;
  #linkCount = 0;

  constructor(seed: number, { bug = {}, log }: FaultRunOptions) {
    this.#log = log === undefined ? () => {} : (line) => log(`${this.queue.nowMs().toFixed(2)} ${line}`);
    this.#isLogging = log !== undefined;
    this.#scene = createScene(seed, bug.machines ?? protocolMachines);
    this.random = createRandom(seed, streams.faults);
    const { places } = this.#scene;
    const settingsOf = (edge: VirtualEdge): PlaceSettings => places.get(edge.settings.name) as PlaceSettings;
    const areEdgesAlike = new Set(this.#scene.edges.map(({ name, fingerprint = name }) => fingerprint)).size === 1;
    this.#watch = new InvariantWatch(this.lies, this.#scene.keys, settingsOf, areEdgesAlike);
    const observer = log === undefined ? this.#watch : this.#loggingWatch();
    this.edges = new Map(
      this.#scene.edges.map((settings) => {
        const wire = lyingWire(settings.wire, () => this.#greetingLie);
        return [settings.name, new VirtualEdge(this.queue, observer, { ...settings, ...bug.edge?.(settings), wire })];
      }),
    );
    const world = {
      connect: (device: VirtualDevice, edge: string, end: LinkEnd) =>
        this.#connect(edge, end, device.settings.name, device),
      deviceStepped: this.#deviceStepped.bind(this),
      deviceSends: this.#deviceSends.bind(this),
      deviceCloses: this.#watch.deviceCloses,
    };
    this.devices = this.#scene.devices.map(
      (settings) => new VirtualDevice(this.queue, world, { ...settings, ...bug.device }),
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
      this.#log(`BROKEN ${detail}`);
    }
    const { seed, mode, hostileCount } = this.#scene;
    const { edgeBytesPeak, steps, committedTokens, alternativesTaken } = this.#watch;
    return {
      seed,
      mode,
      sessions: this.devices.length,
      hostileDevices: hostileCount,
      faults: this.#faultCount,
      events: this.queue.ranCount,
      virtualMs: this.queue.nowMs(),
      edgeBytesPeak,
      steps,
      committedTokens,
      alternativesTaken,
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
  }

  #start(): void {
    for (const device of this.devices) {
      this.followed(device);
      const edge = this.random.uniform() < 0.7 ? 'a' : 'b';
      this.queue.after(this.random.uniform() * 100, () => device.connect(edge));
    }
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
  }

  #inject(): void {
    const told = injectFault(this);
    if (told === null) {
      // All devices may be down, about to try again, or without a connection at the moment.
      const isOver = this.devices.every(({ process, state }) => process.isUp && state.outcome?.kind === 'ended');
      if (!isOver) this.queue.after(retryMs, () => this.#inject());
      return;
    }
    this.#faultCount += 1;
    this.#log(`FAULT ${told}`);
  }

  /** Runs until all devices have finished, then until the event queue is empty. */
  #play(): void {
    while (this.devices.some(({ state, process }) => state.outcome === null || !process.isUp)) {
      let ran = true;
      for (let count = 0; ran && count < eventsBetweenLooks; count += 1) ran = this.queue.runNext();
      const isInTime = this.queue.nowMs() < timeLimitMs && this.queue.ranCount < eventLimit;
      const isOver = this.devices.every(({ state, process }) => state.outcome !== null && process.isUp);
      if (!isOver && !(ran && isInTime)) throw new InvariantViolation('finished', this.#describeUnfinished());
    }
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
    const left = this.devices.filter(({ state }) => state.outcome === null);
    return left.map(({ settings, state }) => `${settings.name} has ${state.text.length} tokens`).join(', ');
  }

  #connect(edge: string, end: LinkEnd, address: string, device?: VirtualDevice): VirtualLink | undefined {
    const found = this.edges.get(edge);
    if (found === undefined || !found.process.isUp) return undefined;
    this.#linkCount += 1;
    const seed = this.#scene.link.seed + 2 ** 32 * this.#linkCount;
    const link = new VirtualLink(this.queue, { ...this.#scene.link, seed });
    link.join('device', end);
    if (device !== undefined) this.#watch.owns(device, link);
    const told = this.falseGreetings.get(edge);
    if (told !== undefined && told.left > 0) {
      told.left -= 1;
      this.#greetingLie = told.lie;
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

  /** Nobody, or the holder of a key, who may know the session of a device with another key. */
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
    if (this.#isLogging && step.effects.length > 0) this.#log(`${device.settings.name} ${describe(event)}`);
    this.#watch.deviceStepped(device, event, step);
    const isRefused = step.effects.some((effect) => effect.kind === 'finish' && effect.outcome.kind === 'failed');
    if (!isRefused) return;
    const { turn } = step.state;
    const credentials = this.keys.isValid(turn.credentials) ? turn.credentials : this.keys.secret(this.random);
    const next = freshState({ ...step.state, turn: { ...turn, credentials } }, hexDigits(this.random, 16));
    device.process.after(retryMs + this.random.uniform() * retryMs, () => {
      device.restart(next, this.random.uniform() < 0.5 ? 'a' : 'b');
      this.followed(device);
    });
  }

  #deviceSends(...[device, link, message, isWritable]: Parameters<InvariantWatch['deviceSends']>): void {
    if (this.#isLogging) this.#log(`${device.settings.name} sends ${describe(message)}`);
    this.#watch.deviceSends(device, link, message, isWritable);
  }

  #loggingWatch(): InvariantWatch {
    const { edgeSends, edgeCloses, placeChanged } = InvariantWatch.prototype;
    const watch = this.#watch;
    watch.edgeSends = (edge, link, message, isWritable) => {
      this.#log(`${edge.settings.name} sends ${describe(message)}`);
      edgeSends.call(watch, edge, link, message, isWritable);
    };
    watch.placeChanged = (edge, session, change, waitedMs) => {
      this.#log(`${edge.settings.name}: place of session ${session.number}, ${session.key.id}: ${change}`);
      placeChanged.call(watch, edge, session, change, waitedMs);
    };
    watch.edgeCloses = (edge, link, code, detail) => {
      this.#log(`${edge.settings.name} closes: ${code}, ${detail}`);
      edgeCloses.call(watch, edge, link, code, detail);
    };
    return watch;
  }
}

/** JSON without prompts and sampling, with counts in place of long lists. */
function describe(value: object): string {
  return JSON.stringify(value, (key, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (key === 'sampling' || key === 'prompt') return undefined;
    return Array.isArray(part) && part.length > 24 ? `${part.length} ids` : part;
  });
}
