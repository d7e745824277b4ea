// What can go wrong, one fault a function: each finds itself a victim among those at work, does its harm, and says what it did.

import type { Random } from '../../basics/philox.ts';
import { freshState, storedState, type VirtualDevice } from '../../virtual-time/device.ts';
import type { VirtualEdge } from '../../virtual-time/edge.ts';
import type { EventQueue } from '../../virtual-time/event-queue.ts';
import type { VirtualLink } from '../../virtual-time/link.ts';
import { type GreetingLie, greetingLies, type LieWatch, lieTo } from './lies.ts';
import { hexDigits, pick, vocabularySize } from './scene.ts';

/** Whom faults can befall. */
export interface FaultWorld {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly edges: ReadonlyMap<string, VirtualEdge>;
  readonly devices: readonly VirtualDevice[];
  readonly lies: LieWatch;
  /** The next connections of an edge begin with this lie. */
  readonly falseGreetings: Map<string, { readonly lie: GreetingLie; left: number }>;
  /** Until when an edge loses each connection soon after its greeting. */
  readonly uselessUntilMs: Map<string, number>;
  hasSentOpen(link: VirtualLink): boolean;
  /** A page has come back: hold it to the invariants anew. */
  followed(device: VirtualDevice): void;
}

/** What it did, or null where there was nobody to do it to. */
type Fault = (world: FaultWorld) => string | null;

function between(random: Random, least: number, most: number): number {
  return least + random.uniform() * (most - least);
}

interface Victim {
  readonly device: VirtualDevice;
  readonly link: VirtualLink;
  readonly edge: string;
}

function workingDevice({ devices, random }: FaultWorld): VirtualDevice | undefined {
  const working = devices.filter(({ state, process }) => state.outcome === null && process.isUp);
  return working.length === 0 ? undefined : pick(random, working);
}

/** A connection of a device at work, seldom an older one. */
function connection(world: FaultWorld): Victim | undefined {
  const device = workingDevice(world);
  const entry = world.random.uniform() < 0.8 ? device?.links.at(-1) : device?.links[0];
  return device === undefined || entry === undefined ? undefined : { device, ...entry };
}

const lost: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const { random } = world;
  victim.link.lose({ device: between(random, 0, 60), edge: between(random, 0, 300) });
  return `${victim.device.settings.name} loses its connection to ${victim.edge}`;
};

/** One side, or neither, is told; the other finds out by the silence. */
const halfOpen: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const { random } = world;
  const never = Number.POSITIVE_INFINITY;
  const [device, edge] = pick(random, [
    [between(random, 0, 200), never],
    [never, between(random, 0, 200)],
    [never, never],
  ] as const);
  victim.link.lose({ device, edge });
  return `the connection of ${victim.device.settings.name} to ${victim.edge} dies half unnoticed`;
};

const severed: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const direction = pick(world.random, ['up', 'down'] as const);
  victim.link.sever(direction);
  return `nothing goes ${direction} any more on the connection of ${victim.device.settings.name}`;
};

/** The device gives a connection up and makes another, whose frames overtake those of the old one. */
const outlived: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const { queue, random } = world;
  const untilMs = queue.nowMs() + between(random, 50, 900);
  victim.link.outlive(untilMs, untilMs + between(random, 0, 400));
  return `late frames of ${victim.device.settings.name} are under way on a connection that it takes for lost`;
};

/** A second connection to the same edge while the first is alive; sometimes the first one's frames come last. */
const duplicate: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const { queue, random } = world;
  if (random.uniform() < 0.5) victim.link.stall('up', queue.nowMs() + between(random, 20, 600));
  victim.device.connect(victim.edge);
  return `${victim.device.settings.name} connects to ${victim.edge} once more`;
};

const handover: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const other = [...world.edges.keys()].find((name) => name !== victim.edge);
  if (other === undefined) return null;
  victim.device.connect(other);
  return `${victim.device.settings.name} moves from ${victim.edge} to ${other}`;
};

const stalled: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const { queue, random } = world;
  const direction = pick(random, ['up', 'down'] as const);
  victim.link.stall(direction, queue.nowMs() + between(random, 20, 800));
  return `frames ${direction} of ${victim.device.settings.name} are held up`;
};

/** Slow readers, and some that do not read for so long that they are given up. */
const blocked: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const { queue, random } = world;
  const direction = pick(random, ['up', 'down', 'down'] as const);
  const lastingMs = random.uniform() < 0.1 ? 20_000 : between(random, 30, 2500);
  victim.link.block(direction, queue.nowMs() + lastingMs);
  return `the queue ${direction} of ${victim.device.settings.name} is full for ${Math.round(lastingMs)} ms`;
};

function pauseMs(random: Random): number {
  return random.uniform() < 0.05 ? 16_000 : between(random, 20, 1500);
}

const devicePaused: Fault = (world) => {
  const device = workingDevice(world);
  if (device === undefined) return null;
  device.process.pause(pauseMs(world.random));
  return `${device.settings.name} stands still`;
};

const edgePaused: Fault = (world) => {
  const edge = pick(world.random, [...world.edges.values()]);
  if (!edge.process.isUp) return null;
  edge.process.pause(pauseMs(world.random));
  return `edge ${edge.settings.name} stands still`;
};

const edgeCrashed: Fault = (world) => {
  const { queue, random } = world;
  const edge = pick(random, [...world.edges.values()]);
  if (!edge.process.isUp) return null;
  const isToldOf = random.uniform() < 0.7;
  for (const link of edge.crash()) {
    link.lose({
      device: isToldOf ? between(random, 0, 100) : Number.POSITIVE_INFINITY,
      edge: Number.POSITIVE_INFINITY,
    });
  }
  queue.after(between(random, 0, 2000), () => edge.restart());
  return `edge ${edge.settings.name} crashes`;
};

/** The page comes back with what it had stored, which may be less than it had shown, or as a new session. */
const pageLost: Fault = (world) => {
  const device = workingDevice(world);
  if (device === undefined) return null;
  const { queue, random } = world;
  const { state } = device;
  const links = device.links.map(({ link }) => link);
  device.crash();
  const edgeMs = random.uniform() < 0.5 ? between(random, 0, 300) : Number.POSITIVE_INFINITY;
  for (const link of links) link.lose({ device: Number.POSITIVE_INFINITY, edge: edgeMs });
  const shortest = state.turn.prompt.length;
  const length = shortest + random.integer(state.text.length - shortest + 1);
  const isNewSession = random.uniform() < 0.3;
  const stored = isNewSession
    ? freshState(state, hexDigits(random, 16))
    : storedState(state, length, random.uniform() < 0.5);
  queue.after(between(random, 0, 1500), () => {
    device.restart(stored, pick(random, [...world.edges.keys()]));
    world.followed(device);
  });
  return `the page of ${device.settings.name} is lost and comes back with ${stored.text.length} tokens`;
};

/** The edge says something that no honest one would, in the midst of a turn. */
const edgeLied: Fault = (world) => {
  const victim = connection(world);
  const edge = victim === undefined ? undefined : world.edges.get(victim.edge);
  if (victim === undefined || edge === undefined || !edge.process.isUp) return null;
  const message = lieTo(victim.device, world.hasSentOpen(victim.link), vocabularySize, world.random);
  world.lies.tell(victim.link, message);
  edge.say(victim.link, message);
  return `${victim.edge} tells ${victim.device.settings.name} a lie: ${message.kind}`;
};

/** Whoever connects next is told of another model or another protocol; those who are at work lose their connections. */
const greetedFalsely: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const { random } = world;
  const lie = pick(random, greetingLies);
  world.falseGreetings.set(victim.edge, { lie, left: 1 + random.integer(2) });
  victim.link.lose({ device: between(random, 0, 60), edge: between(random, 0, 60) });
  return `${victim.edge} will greet falsely, ${Object.keys(lie).join()}`;
};

/** An edge that greets and then loses every connection, for longer than devices wait. */
const edgeUseless: Fault = (world) => {
  const victim = connection(world);
  if (victim === undefined) return null;
  const { queue, random } = world;
  const lastingMs = between(random, 1000, 90_000);
  world.uselessUntilMs.set(victim.edge, queue.nowMs() + lastingMs);
  victim.link.lose({ device: between(random, 0, 60), edge: between(random, 0, 60) });
  return `${victim.edge} loses every connection for ${Math.round(lastingMs)} ms`;
};

const faults: readonly Fault[] = [
  lost,
  lost,
  halfOpen,
  severed,
  outlived,
  outlived,
  duplicate,
  handover,
  handover,
  stalled,
  blocked,
  devicePaused,
  edgePaused,
  edgeCrashed,
  pageLost,
  edgeLied,
  edgeLied,
  greetedFalsely,
  edgeUseless,
];

/** Throws one fault; another where the first finds no victim. Null: nobody is left at work. */
export function injectFault(world: FaultWorld): string | null {
  if (workingDevice(world) === undefined) return null;
  for (let tries = 0; tries < 20; tries += 1) {
    const told = pick(world.random, faults)(world);
    if (told !== null) return told;
  }
  return null;
}
