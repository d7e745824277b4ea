// The faults, one function each. A fault chooses a victim among the active devices and edges, acts on it, and returns a description.

import { freshState, storedState, type VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import type { ControlMembers } from './control-members.ts';
import type { KeyRing } from './keys.ts';
import { type GreetingLie, greetingLies, type LieWatch, lieTo, nameAt } from './lies.ts';
import { between, hexDigits, keyData, pick } from './scene.ts';

/** The world on which faults act. */
export interface FaultWorld {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly edges: ReadonlyMap<string, VirtualEdge>;
  readonly devices: readonly VirtualDevice[];
  readonly lies: LieWatch;
  readonly keys: KeyRing;
  /** For each edge: the lie in its `hello`, and for how many more connections. */
  readonly falseGreetings: Map<string, { readonly lie: GreetingLie; left: number }>;
  /** For each edge: the time until which it loses every connection soon after its `hello`. */
  readonly uselessUntilMs: Map<string, number>;
  /** Null: the run has no controller. */
  readonly control: Pick<ControlMembers, 'edgeCrashed' | 'edgeStarted' | 'deviceCrashed'> | null;
  /** How often an edge was to open no session. */
  drains: number;
  hasSentOpen(link: VirtualLink): boolean;
  /** A device has restarted; the invariants apply to it from now on. */
  followed(device: VirtualDevice): void;
  /** Connects a device that has begun. */
  begin(device: VirtualDevice, edge: string): void;
}

/** @returns a description, or null if there was no victim */
type Fault = (world: FaultWorld) => string | null;

function workingDevice({ devices, random }: FaultWorld): VirtualDevice | undefined {
  const working = devices.filter(({ state, process }) => state.outcome === null && process.isUp);
  return working.length === 0 ? undefined : pick(random, working);
}

/** A connection of an active device, with probability 0.8 its newest one: the edge itself, and its name for the device. */
function connection(world: FaultWorld) {
  const device = workingDevice(world);
  const entry = world.random.uniform() < 0.8 ? device?.links.at(-1) : device?.links[0];
  if (device === undefined || entry === undefined) return undefined;
  return { device, link: entry.link, edge: nameAt(entry.address), name: entry.edge };
}

type Victim = NonNullable<ReturnType<typeof connection>>;

/** A fault of one connection. */
function onConnection(act: (victim: Victim, world: FaultWorld) => string | null): Fault {
  return (world) => {
    const victim = connection(world);
    return victim === undefined ? null : act(victim, world);
  };
}

function onDevice(act: (device: VirtualDevice, world: FaultWorld) => string): Fault {
  return (world) => {
    const device = workingDevice(world);
    return device === undefined ? null : act(device, world);
  };
}

function onEdge(act: (edge: VirtualEdge, world: FaultWorld) => string): Fault {
  return (world) => {
    const edge = pick(world.random, [...world.edges.values()]);
    return edge.process.isUp ? act(edge, world) : null;
  };
}

function pauseMs(random: Random): number {
  return random.uniform() < 0.05 ? 16_000 : between(random, 20, 1500);
}

/** An edge loses all that it holds, and starts again later. @param noticedMs when the device of a connection notices its loss */
function crash(edge: VirtualEdge, { queue, random, control }: FaultWorld, noticedMs: () => number): void {
  for (const link of edge.crash()) link.lose({ device: noticedMs(), edge: Number.POSITIVE_INFINITY });
  control?.edgeCrashed(edge);
  queue.after(between(random, 0, 2000), () => {
    edge.restart();
    control?.edgeStarted(edge);
  });
}

/** The edge opens no session. */
const draining = new OutriderError('edge-draining', 'this edge is going down', 'use another one');

/** The operator changes the keys; both edges learn of it at once, or when they run again. */
function onKeys(act: (world: FaultWorld, nowMs: number) => string | null): Fault {
  return (world) => {
    if (world.keys.isOpen) return null;
    const description = act(world, world.queue.nowMs());
    if (description === null) return null;
    for (const edge of world.edges.values()) {
      if (edge.process.isUp) edge.process.post(0, () => edge.renewKeys());
    }
    return description;
  };
}

const faults: Readonly<Record<string, Fault>> = {
  lost: onConnection(({ device, link, edge }, { random }) => {
    link.lose({ device: between(random, 0, 60), edge: between(random, 0, 300) });
    return `${device.settings.name} loses its connection to ${edge}`;
  }),
  /** At most one side gets `closed`; the other one notices the loss by its keep-alive. */
  halfOpen: onConnection((victim, { random }) => {
    const never = Number.POSITIVE_INFINITY;
    const [device, edge] = pick(random, [
      [between(random, 0, 200), never],
      [never, between(random, 0, 200)],
      [never, never],
    ] as const);
    victim.link.lose({ device, edge });
    return `the connection of ${victim.device.settings.name} to ${victim.edge} is lost, and at most one side notices`;
  }),
  severed: onConnection(({ device, link }, { random }) => {
    const direction = pick(random, ['up', 'down'] as const);
    link.sever(direction);
    return `the connection of ${device.settings.name} loses all frames ${direction}`;
  }),
  /** The device loses a connection and opens another, whose frames overtake those of the old one. */
  outlived: onConnection(({ device, link }, { queue, random }) => {
    const untilMs = queue.nowMs() + between(random, 50, 900);
    link.outlive(untilMs, untilMs + between(random, 0, 400));
    return `late frames of ${device.settings.name} are in flight on a connection that it has lost`;
  }),
  /** A second connection to the same edge while the first is open; sometimes the first one's frames arrive later. */
  duplicate: onConnection(({ device, link, edge, name }, { queue, random }) => {
    if (random.uniform() < 0.5) link.stall('up', queue.nowMs() + between(random, 20, 600));
    device.connect(name);
    return `${device.settings.name} connects to ${edge} again`;
  }),
  handover: onConnection(({ device, edge, name: present }, { edges }) => {
    const { routes } = device.settings;
    const names = typeof routes === 'function' ? routes().names : [...edges.keys()];
    const other = names.find((name) => name !== present);
    if (other === undefined) return null;
    device.connect(other);
    return `${device.settings.name} moves from ${edge} to ${other}`;
  }),
  stalled: onConnection(({ device, link }, { queue, random }) => {
    const direction = pick(random, ['up', 'down'] as const);
    link.stall(direction, queue.nowMs() + between(random, 20, 800));
    return `frames ${direction} of ${device.settings.name} are held up`;
  }),
  /** The receiver does not read for a while, sometimes so long that the sender closes the connection. */
  blocked: onConnection(({ device, link }, { queue, random }) => {
    const direction = pick(random, ['up', 'down', 'down'] as const);
    const lastingMs = random.uniform() < 0.1 ? 20_000 : between(random, 30, 2500);
    link.block(direction, queue.nowMs() + lastingMs);
    return `the queue ${direction} of ${device.settings.name} is full for ${Math.round(lastingMs)} ms`;
  }),
  devicePaused: onDevice(({ process, settings }, { random }) => {
    process.pause(pauseMs(random));
    return `${settings.name} pauses`;
  }),
  edgePaused: onEdge(({ process, settings }, { random }) => {
    process.pause(pauseMs(random));
    return `edge ${settings.name} pauses`;
  }),
  edgeCrashed: onEdge((edge, world) => {
    const { random } = world;
    const isNoticed = random.uniform() < 0.7;
    crash(edge, world, () => (isNoticed ? between(random, 0, 100) : Number.POSITIVE_INFINITY));
    return `edge ${edge.settings.name} crashes`;
  }),
  /** The device restarts with its stored text, which may be shorter than the shown one, or as a new session. */
  deviceCrashed: onDevice((device, world) => {
    const { queue, random } = world;
    const { state } = device;
    const links = device.links.map(({ link }) => link);
    device.crash();
    world.control?.deviceCrashed(device);
    const edgeMs = random.uniform() < 0.5 ? between(random, 0, 300) : Number.POSITIVE_INFINITY;
    for (const link of links) link.lose({ device: Number.POSITIVE_INFINITY, edge: edgeMs });
    const shortest = state.turn.prompt.length;
    const length = shortest + random.integer(state.text.length - shortest + 1);
    const isNewSession = random.uniform() < 0.3;
    const stored = isNewSession
      ? freshState(state, hexDigits(random, 16))
      : storedState(state, length, random.uniform() < 0.5);
    queue.after(between(random, 0, 1500), () => {
      device.restart(stored);
      world.followed(device);
      world.begin(device, pick(random, [...world.edges.keys()]));
    });
    return `${device.settings.name} crashes and restarts with ${stored.text.length} tokens`;
  }),
  /** The edge sends a message within a turn that an honest edge never sends. */
  edgeLied: onConnection(({ device, link, edge: name }, world) => {
    const edge = world.edges.get(name);
    if (edge === undefined || !edge.process.isUp) return null;
    const message = lieTo(device, world.hasSentOpen(link), world.random);
    world.lies.sent(link, message);
    edge.say(link, message);
    return `${name} tells ${device.settings.name} a lie: ${message.kind}`;
  }),
  /** The next connections get a `hello` of another model or another protocol; the present connection of the victim is lost. */
  greetedFalsely: onConnection(({ link, edge }, { falseGreetings, random }) => {
    const lie = pick(random, greetingLies);
    falseGreetings.set(edge, { lie, left: 1 + random.integer(2) });
    link.lose({ device: between(random, 0, 60), edge: between(random, 0, 60) });
    return `${edge} will send a false hello, ${Object.keys(lie).join()}`;
  }),
  /** For a time, the edge loses every connection after `hello`; devices may give up meanwhile. */
  edgeUseless: onConnection(({ link, edge }, { queue, random, uselessUntilMs }) => {
    const lastingMs = between(random, 1000, 90_000);
    uselessUntilMs.set(edge, queue.nowMs() + lastingMs);
    link.lose({ device: between(random, 0, 60), edge: between(random, 0, 60) });
    return `${edge} loses every connection for ${Math.round(lastingMs)} ms`;
  }),
  /** The edge greets, pings and takes what devices send, but writes nothing, sometimes so long that every device must give up. */
  engineHung: onEdge((edge, { random }) => {
    const lastingMs = random.uniform() < 0.3 ? 150_000 : between(random, 500, 40_000);
    edge.engine.hang(lastingMs);
    return `the engine of ${edge.settings.name} hangs for ${Math.round(lastingMs)} ms`;
  }),
  /** All sessions of one step are refused. */
  engineFailed: onEdge((edge) => {
    edge.engine.failNext();
    return `the engine of ${edge.settings.name} fails`;
  }),
  engineLate: onEdge((edge, { random }) => {
    const delayMs = between(random, 200, 8000);
    edge.engine.delayNext(delayMs);
    return `a step of ${edge.settings.name} takes ${Math.round(delayMs)} ms longer`;
  }),
  keyWithdrawn: onKeys(({ keys, random }, nowMs) => {
    const id = keys.withdraw(random, nowMs);
    return id === null ? null : `${id} is withdrawn`;
  }),
  keyRotated: onKeys(({ keys, random }, nowMs) => `${keys.rotate(random, nowMs)} has another secret`),
  keyChanged: onKeys(({ keys, random }, nowMs) => `${keys.change(random, keyData(random), nowMs)} has other limits`),
  /** The edge opens no session for a while, as before it ends. */
  edgeDrains: onEdge((edge, world) => {
    const { queue, random } = world;
    world.drains += 1;
    const lastingMs = between(random, 500, 8000);
    edge.closeFor(draining);
    queue.after(lastingMs, () => edge.closeFor(undefined));
    return `${edge.settings.name} opens no session for ${Math.round(lastingMs)} ms`;
  }),
  /** The edge announces to its devices that it is going down, opens no session, ends after a while, and is started again later. */
  edgeLeaves: onEdge((edge, world) => {
    const { queue, random } = world;
    world.drains += 1;
    edge.leave();
    edge.closeFor(draining);
    queue.after(between(random, 50, 4000), () => {
      if (edge.process.isUp) crash(edge, world, () => between(random, 0, 100));
    });
    return `${edge.settings.name} is going down`;
  }),
};
const twiceAsOften: readonly string[] = ['lost', 'outlived', 'handover', 'deviceCrashed', 'edgeLied'];
const weighted: readonly Fault[] = Object.entries(faults).flatMap(([name, fault]) =>
  twiceAsOften.includes(name) ? [fault, fault] : [fault],
);

/** Injects one fault; if it finds no victim, another one. @returns its description; null: no device is active */
export function injectFault(world: FaultWorld): string | null {
  if (workingDevice(world) === undefined) return null;
  for (let tries = 0; tries < 20; tries += 1) {
    const description = pick(world.random, weighted)(world);
    if (description !== null) return description;
  }
  return null;
}
