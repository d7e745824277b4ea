// Worlds to which nothing was tuned: each is a pure function of a seed and a number. Every value is drawn apart: servers and their strengths,
// devices, distances, band, round trips, texts, arrivals, crowds, age of channel knowledge. "bench felt --worlds random" plays them.

import { taskKinds } from '../../../simulator/world/workload-lengths.ts';
import { invariant } from '../../../src/core/basics/invariant.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';

const pattern = /^random-(\d+)-(\d+)$/;
/** The first stream of createRandom; each world has its own. */
const worldStream = 0x59000000;

export function drawnNames(seed: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `random-${seed}-${index + 1}`);
}

export function isDrawnWorld(name: string): boolean {
  return pattern.test(name);
}

/** A target, its draft, and the servers that hold it. The strongest server is the last one. */
const classes = [
  { target: 'gpt2-xl', draft: 'gpt2', servers: ['rtx-2080', 'rtx-3090', 'rtx-4090', 'rtx-5090'] },
  { target: 'qwen2.5-7b', draft: 'qwen2.5-0.5b', servers: ['rtx-3090', 'rtx-4090', 'l40s', 'h100'] },
  { target: 'qwen2.5-72b', draft: 'qwen2.5-0.5b', servers: ['l40s-x4', 'a100-x2', 'h100-x2'] },
] as const;
const devices = [
  ['galaxy-s23', 'iphone-14', 'mate-60'],
  ['galaxy-s25', 'iphone-16-pro'],
  ['galaxy-s25', 'iphone-16-pro', 'macbook-air-m4', 'laptop-rtx-4050'],
] as const;
/** Tokens of a window, for the paper's equations alone. */
const windowTokens = { code: 16, summarisation: 10, chat: 12 } as const;

/** A value, drawn from a range of which each factor is equally likely. */
function scaled(random: Random, low: number, high: number): number {
  return low * (high / low) ** random.uniform();
}

function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random.uniform();
}

function whole(random: Random, low: number, high: number): number {
  return low + random.integer(high - low + 1);
}

function oneOf<Value>(random: Random, values: readonly Value[]): Value {
  return values[random.integer(values.length)] as Value;
}

function chance(random: Random, share: number): boolean {
  return random.uniform() < share;
}

/** Two digits: enough for a world, and short in a file. */
function rounded(value: number): number {
  return Number(value.toPrecision(2));
}

/** @param name of {@link drawnNames} @returns the world in the form of a scenario file */
export function drawnWorld(name: string): object {
  const [, seed, index] = pattern.exec(name) ?? [];
  invariant(seed !== undefined && index !== undefined, () => `${name} is no name of a drawn world`);
  const random = createRandom(Number(seed), worldStream + Number(index));
  const serverCount = whole(random, 2, 12);
  const model = oneOf(random, classes);
  const servers = drawServers(random, model.servers, serverCount);
  const ground = drawGround(random, serverCount);
  return {
    version: 1,
    name,
    description: 'A drawn world.',
    slotMs: oneOf(random, [250, 500]),
    area: ground.area,
    servers: { placement: { kind: 'grid', count: serverCount }, hardware: servers },
    devices: drawDevices(random, serverCount),
    radio: {
      bandwidthMHz: rounded(serverCount * scaled(random, 0.5, 20)),
      minimumSnrDb: oneOf(random, [-10, -5]),
      model: oneOf(random, ['fixed-snr', 'concentrated']),
    },
    channel: { kind: 'tr38901-umi', carrierGHz: 3.5, highLossShare: 0 },
    mobility: { model: 'random-waypoint', hotSpots: ground.hotSpots },
    workload: { target: model.target, draft: model.draft, payloadLaw: 'ids', ...drawTexts(random) },
    token: { acceptance: rounded(between(random, 0.5, 0.9)), roundTripMs: drawTrips(random) },
    queue: { kappaMs: 500, law: { kind: 'backlog' } },
    knowledge: { gainAgeSlots: oneOf(random, [0, 0, 1, 2, 4]) },
    energy: { computeJoulePerFlop: rounded(scaled(random, 3e-11, 1e-9)), transmitFactor: 2.6, model: 'airtime' },
    objective: { lambda: 0.01, lambdaUnit: 'per-ms', energyWeight: oneOf(random, [0, 5, 20]) },
  };
}

/** All alike, all kinds in turn, or one strong server among weak ones. */
function drawServers(random: Random, names: readonly string[], count: number): { name: string; weight: number }[] {
  const [weak = '', ...stronger] = names;
  const strong = stronger.at(-1) ?? weak;
  const kind = random.uniform();
  const alike = oneOf(random, names);
  if (kind < 0.3) return [{ name: alike, weight: 1 }];
  if (kind < 0.65) return names.map((name) => ({ name, weight: 1 }));
  return [
    { name: weak, weight: Math.max(1, count - 1) },
    { name: strong, weight: 1 },
  ];
}

/** A grid of servers, and perhaps a crowd. */
function drawGround(random: Random, serverCount: number): { readonly area: object; readonly hotSpots: object[] } {
  const spacingM = scaled(random, 80, 300);
  const widthM = Math.round(spacingM * Math.ceil(Math.sqrt(serverCount)));
  const depthM = Math.round((spacingM * spacingM * serverCount) / widthM);
  const xM = Math.round(between(random, 0.1, 0.9) * widthM);
  const yM = Math.round(between(random, 0.1, 0.9) * depthM);
  const spot = { xM, yM, radiusM: Math.round(spacingM / 3), share: rounded(between(random, 0.3, 0.8)) };
  return { area: { widthM, depthM }, hotSpots: chance(random, 0.4) ? [spot] : [] };
}

function drawDevices(random: Random, serverCount: number): object {
  const vehicleShare = chance(random, 0.5) ? rounded(between(random, 0.1, 1)) : 0;
  const indoorShare = chance(random, 0.4) ? rounded(between(random, 0.1, 0.5) * (1 - vehicleShare)) : 0;
  return {
    count: Math.max(4, Math.round(serverCount * scaled(random, 2, 12))),
    hardware: oneOf(random, devices).map((name) => ({ name, weight: rounded(between(random, 0.5, 2)) })),
    reachedMemoryShare: rounded(between(random, 0.35, 0.7)),
    vehicleShare,
    indoorShare,
    battery: { initialShare: { minimum: 0.05, maximum: 1 } },
  };
}

function drawTexts(random: Random): { readonly tasks: object[]; readonly arrivals: object } {
  const kinds = taskKinds.filter(() => chance(random, 0.6));
  const tasks = (kinds.length === 0 ? [oneOf(random, taskKinds)] : kinds).map((kind) => {
    return { kind, weight: rounded(scaled(random, 0.3, 3)), windowTokens: windowTokens[kind] };
  });
  const share = rounded(between(random, 0.3, 0.9));
  const sessionsPerMinute = rounded(scaled(random, 2, 12));
  const arrivals = oneOf(random, [
    { kind: 'one-per-slot' },
    { kind: 'duty-cycle', share },
    { kind: 'poisson-sessions', sessionsPerMinute },
  ]);
  return { tasks, arrivals };
}

/** The same to every server, or from near ones to far ones. */
function drawTrips(random: Random): object | number {
  const minimum = Math.round(scaled(random, 2, 30));
  const maximum = Math.round(minimum * scaled(random, 1, 4));
  return chance(random, 0.5) ? minimum : { minimum, maximum };
}
