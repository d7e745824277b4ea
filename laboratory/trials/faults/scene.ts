// Draws the participants of a run from its seed: target, edges, honest devices with many different settings, network.

import type { VirtualDeviceSettings } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdgeDraftSettings, VirtualEdgeSettings } from '../../../simulator/virtual-time/edge.ts';
import type { Machines } from '../../../simulator/virtual-time/machines.ts';
import { toyDrafter, toyEdgeDrafter } from '../../../simulator/virtual-time/toy-drafter.ts';
import { ToyTarget, toyEndIds } from '../../../simulator/virtual-time/toy-target.ts';
import { defined } from '../../../src/core/basics/defined.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { openedTurn, type TurnRequest } from '../../../src/core/protocol/device/device-state.ts';
import type { DraftingSwitch } from '../../../src/core/protocol/device/drafting-advice.ts';
import type { TextDeadlines } from '../../../src/core/protocol/device/text-deadline.ts';
import { type ConnectionLimits, unlimitedConnections } from '../../../src/core/protocol/edge/connection-limits.ts';
import { defaultRate } from '../../../src/core/protocol/edge/edge-connections.ts';
import { defaultPlaceRules, type PlaceRules } from '../../../src/core/protocol/edge/edge-places.ts';
import type { LinkSettings } from '../../../src/core/protocol/wire/link-model.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import type { OpenMessage } from '../../../src/core/protocol/wire/messages.ts';
import { type ModeName, modeNames } from '../../../src/core/protocol/wire/mode.ts';
import { byteWire } from '../../../src/core/protocol/wire/wire.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { type KeyData, KeyRing } from './keys.ts';
import { defaultPlaceSettings, type PlaceSettings } from './place-watch.ts';

export const vocabularySize = 1024;
const maxAnswerTokens = 64;
export const tokenizerHash: string = 'ab'.repeat(32);

/** Random streams of the run's seed. */
export const streams = {
  scene: 0,
  faults: 1,
  edge: 2,
  device: 100,
  hostile: 200,
  redraws: 300,
  keys: 400,
  idle: 500,
  hedges: 600,
  routes: 700,
  moods: 800,
  control: 900,
  edgeHedges: 1000,
  scores: 1200,
  fleet: 1399,
} as const;

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.integer(values.length)] as T;
}

export function between(random: Random, least: number, most: number): number {
  return least + random.uniform() * (most - least);
}

export function hexDigits(random: Random, byteCount: number): string {
  return Array.from({ length: byteCount }, () => random.integer(256).toString(16).padStart(2, '0')).join('');
}

export interface Scene {
  readonly seed: number;
  readonly mode: ModeName;
  readonly target: ToyTarget;
  readonly link: LinkSettings;
  readonly edges: readonly VirtualEdgeSettings[];
  readonly devices: readonly VirtualDeviceSettings[];
  readonly hostileCount: number;
  readonly keys: KeyRing;
  /** The places of each edge, by its name. */
  readonly places: ReadonlyMap<string, PlaceSettings>;
  /** Devices that take places for nothing. */
  readonly idle: readonly IdleScene[];
}

/** What a device does that opens a session and drafts nothing. */
export interface IdleTurn {
  readonly open: Omit<OpenMessage, 'kind' | 'version' | 'attempt'>;
  /** It sends and opens nothing after this time, ms. */
  readonly untilMs: number;
  /** `leaves`: it loses its connection soon after it has opened its session. `says bye`: it sends `bye`, and continues to ping. */
  readonly kind: 'pings' | 'leaves' | 'says bye' | 'never opens';
}

export interface IdleScene extends IdleTurn {
  readonly edge: string;
}

/** The seed modulo the number of modes gives the mode. */
export function createScene(seed: number, machines: Machines): Scene {
  const random = createRandom(seed, streams.scene);
  const mode = modeNames[seed % modeNames.length] as ModeName;
  const endRate = pick(random, [0, 0, 0.01]);
  const target = new ToyTarget({ seed, vocabularySize, endRate, candidateCount: 4 }, pick(random, [60, 4096, 4096]));
  const link: LinkSettings = {
    ...idealLink,
    roundTripMs: pick(random, [0.2, 6, 30, 120]),
    jitterMs: pick(random, [0, 2, 20]),
    uplinkBitsPerSecond: pick(random, [Number.POSITIVE_INFINITY, 1e6]),
    downlinkBitsPerSecond: pick(random, [Number.POSITIVE_INFINITY, 1e6]),
    seed,
  };
  const draw = { seed, mode, target, random, machines };
  const limits = limitsOf(createRandom(seed, streams.keys));
  const { keys } = limits;
  // In half of the runs both edges have one fingerprint.
  const alike = createRandom(seed, streams.routes).uniform() < 0.5 ? { fingerprint: 'alike' } : {};
  const edges = ['a', 'b'].map((name, index) => ({ ...edgeSettings(name, index, draw), ...alike, ...limits.edge }));
  const scoring = createRandom(seed, streams.scores);
  const devices = Array.from({ length: 2 + random.integer(3) }, (_, index) =>
    withScores(deviceSettings(index, draw, limits), scoring),
  );
  const hostileCount = random.integer(3);
  const places: Scene['places'] = new Map(edges.map(({ name, capacity }) => [name, { ...limits.places, capacity }]));
  const idle = idleDevices(createRandom(seed, streams.idle), mode, keys);
  return { seed, mode, target, link, edges, devices, hostileCount, keys, places, idle };
}

/** One device of three asks for logprobs of its prompt, and some of these for nothing else. */
function withScores(device: VirtualDeviceSettings, random: Random): VirtualDeviceSettings {
  const isAsked = random.uniform() < 1 / 3;
  const isAlone = random.uniform() < 0.2;
  const promptLogprobs = pick(random, [0, 1, 3]);
  if (!isAsked) return device;
  const turn = { ...device.turn, promptLogprobs, ...(isAlone && { maxAnswerTokens: 0 }) };
  return { ...device, turn };
}

interface Limits {
  readonly keys: KeyRing;
  /** `capacity`: so few places that keys must share them. */
  readonly edge: Partial<Pick<VirtualEdgeSettings, 'capacity'>> &
    Pick<VirtualEdgeSettings, 'keyOf' | 'renewed' | 'places' | 'connectionLimits'>;
  readonly places: Omit<PlaceSettings, 'capacity'>;
  readonly padding: number;
  readonly random: Random;
}

/** Keys, rules of places, limits of connections and padding of a run; each of them is absent from many runs. */
function limitsOf(random: Random): Limits {
  const keyCount = pick(random, [0, 1, 2, 3]);
  const keys = new KeyRing(Array.from({ length: keyCount }, () => keyData(random)));
  const rules = pick(random, [defaultPlaceRules, smallRules(random), smallRules(random)]);
  const connectionLimits = pick(random, [undefined, undefined, smallLimits(random)]);
  const edge = {
    keyOf: (secret: string) => keys.keyOf(secret),
    renewed: (...given: Parameters<KeyRing['renewed']>) => keys.renewed(...given),
    places: rules,
    ...(keyCount > 1 ? pick(random, [{}, { capacity: 2 }, { capacity: 3 }]) : {}),
    ...defined({ connectionLimits }),
  };
  const attachMs = connectionLimits?.attachMs ?? defaultPlaceSettings.attachMs;
  const places = { ...defaultPlaceSettings, rules, attachMs };
  return { keys, edge, places, padding: pick(random, [0, 0, 16, 100]), random };
}

export function keyData(random: Random): KeyData {
  return {
    share: pick(random, [1, 1, 3, 8]),
    maxSessions: pick(random, [null, null, 1, 2]),
    maxWaiting: pick(random, [null, null, 1, 2]),
  };
}

function smallRules(random: Random): PlaceRules {
  return {
    placeGraceMs: pick(random, [50, 400, 2000]),
    stallMs: pick(random, [1500, 5000]),
    waitMs: pick(random, [2000, 20_000]),
    maxWaiting: pick(random, [1, 3, 64]),
    fairWaitMs: pick(random, [0, 0, 1000]),
    keptSessions: pick(random, [1, 3, 256]),
    keptTokens: pick(random, [200, 2_097_152]),
  };
}

function smallLimits(random: Random): ConnectionLimits {
  const numbers = pick(random, [
    { connections: 6, unattached: 3, unattachedBytes: 20_000, framesBeforeKey: 4 },
    { connections: 40, unattached: 2, unattachedBytes: 3000, framesBeforeKey: 100 },
    unlimitedConnections,
  ]);
  return { ...numbers, attachMs: pick(random, [2000, 8000]) };
}

/** Devices that only ping, or leave: on some runs, and for so long that others must get past them. */
function idleDevices(random: Random, mode: ModeName, keys: KeyRing): IdleScene[] {
  const count = pick(random, [0, 0, 0, 1, 4]);
  const edge = pick(random, ['a', 'a', 'b']);
  const secret = keys.secret(random);
  return Array.from({ length: count }, () => {
    const turn = openedTurn(turnRequest(mode, random));
    const credentials = random.uniform() < 0.7 ? secret : keys.secret(random);
    const open = { ...turn, credentials, flowControlWindow: 16, answer: [] };
    const kind = pick(random, ['pings', 'pings', 'leaves', 'says bye', 'never opens'] as const);
    return { open, kind, untilMs: pick(random, [4000, 16_000]), edge };
  });
}

/** What the settings of all participants are drawn from. */
interface Draw extends Pick<Scene, 'seed' | 'mode' | 'target'> {
  readonly random: Random;
  readonly machines: Machines;
}

function edgeSettings(name: string, index: number, { seed, random, target, machines }: Draw): VirtualEdgeSettings {
  const [fixedMs, perRowMs] = pick(random, [
    [40, 0.4],
    [40, 0.4],
    [4, 20],
  ] as const);
  const maxRows = pick(random, [2, 32, 32]);
  const edgeRandom = createRandom(seed, streams.edge + index);
  return {
    name,
    target,
    engine: {
      stepTime: linearStepTime(fixedMs, perRowMs),
      stepJitter: 0.2,
      limits: { maxRows, usefulRows: maxRows, prefillChunk: pick(random, [2, 63]) },
    },
    capacity: pick(random, [1, 3, 8]),
    keepLostMs: pick(random, [300, 60_000]),
    shareOf: () => 1,
    rate: defaultRate,
    tokenizerHash,
    edgeDraft: edgeDraftOf(target, edgeRandom, createRandom(seed, streams.edgeHedges + index)),
    random: edgeRandom,
    machines,
    wire: byteWire,
  };
}

/** Two edges of three continue the second choices of their draft model as well. */
function edgeDraftOf(target: ToyTarget, drafts: Random, random: Random): VirtualEdgeDraftSettings {
  const hedges = pick(random, [0, 1, 3]);
  const runnerUpAgreement = pick(random, [0.3, 0.7, 1]);
  const widthCost = pick(random, [0, 0.1, 1]);
  const edgeDrafter = toyEdgeDrafter(target, 0.7, drafts, hedges === 0 ? {} : { runnerUpAgreement });
  return { edgeDrafter, tokenCount: 4, tokenMs: 5, hedges, widthCost };
}

/** Shorter than the defaults, as texts and pauses are. */
export const textDeadlines: TextDeadlines = { firstTokenWithinMs: 12_000, nextTokenWithinMs: 6000 };

function deviceSettings(
  index: number,
  { seed, mode, random, target, machines }: Draw,
  { keys, padding, random: keyRandom }: Limits,
): VirtualDeviceSettings {
  const isFickle = random.uniform() < 0.3;
  const isStranger = !keys.isOpen && keyRandom.uniform() < 0.1;
  const hedging = hedgingOf(createRandom(seed, streams.hedges + index));
  const credentials = isStranger ? `guess ${index}` : keys.secret(keyRandom);
  return {
    name: `device-${index}`,
    turn: { ...turnRequest(mode, random), credentials, padding, ...hedging.turn },
    drafter: toyDrafter(target, {
      // 0 is a device with wrong drafts only, 1 a device with perfect drafts.
      agreement: pick(random, [0, 0.5, 0.75, 0.75, 0.9, 1]),
      redraws: isFickle ? createRandom(seed, streams.redraws + index) : null,
      seed,
      ...hedging.drafter,
    }),
    widthCost: hedging.widthCost,
    ...routesOf(createRandom(seed, streams.routes + 1 + index)),
    ...moodOf(createRandom(seed, streams.moods + index)),
    draftMs: pick(random, [2, 10, 30]),
    draftJitter: 0.5,
    connectMs: pick(random, [1, 20, 200]),
    vocabularySize,
    measuresRoundTrip: true,
    giveUpAfterMs: pick(random, [3000, 30_000, 30_000]),
    ...textDeadlines,
    cutsChainsAtMs: pick(random, [undefined, undefined, 30]),
    random: createRandom(seed, streams.device + index),
    machines,
    wire: byteWire,
  };
}

/** Two devices of three know both edges; some insist on the target that began the text. */
function routesOf(random: Random): Pick<VirtualDeviceSettings, 'routes' | 'keepsTarget'> {
  const routes = pick(random, [undefined, ['a', 'b'], ['b', 'a']]);
  return { routes, keepsTarget: random.uniform() < 0.5 };
}

/** One device of three switches its drafting off and on within an answer, as mode auto does. */
function moodOf(random: Random): Pick<VirtualDeviceSettings, 'advice'> {
  if (random.uniform() < 2 / 3) return {};
  let on = random.uniform() < 0.8;
  const turn = (chance: number): DraftingSwitch | null => {
    if (random.uniform() >= chance) return null;
    on = !on;
    return { on, reason: 'a mood' };
  };
  return {
    advice: {
      begins: () => (on ? null : { on, reason: 'a mood' }),
      greeted: () => turn(0.1),
      isDue: () => true,
      // Off for two commits in the mean, on for ten.
      judge: () => turn(on ? 0.1 : 0.5),
      ended: () => {},
    },
  };
}

/** Two devices of three send alternatives, in modes that allow it. */
function hedgingOf(random: Random) {
  return {
    turn: { hedges: pick(random, [0, 1, 3]), minHedgeChance: pick(random, [0, 0, 0.05]) },
    drafter: { runnerUpAgreement: pick(random, [0.3, 0.7, 1, [0.5, 0.3, 0.2]]) },
    widthCost: pick(random, [0, 0.1, 1]),
  };
}

function turnRequest(mode: ModeName, random: Random): TurnRequest {
  const turn = {
    session: hexDigits(random, 16),
    conversation: hexDigits(random, 16),
    credentials: '',
    padding: 0,
    tokenizerHash,
    mode,
    sampling: samplingOf(random),
    stopStrings: pick(random, [[], [], ['qi', 'zzz']]),
    maxAnswerTokens,
    flowControlWindow: pick(random, [16, 32, 256, 256]),
    maxAhead: pick(random, [1, 4, 12, 24]),
    prompt: Array.from({ length: 1 + random.integer(12) }, () => 1 + random.integer(vocabularySize - 1)),
    endIds: toyEndIds,
    minChainConfidence: pick(random, [0, 0, 0.3]),
    draftLength: 1 + random.integer(8),
  };
  return { ...turn, windowsInFlight: 1 + (turn.draftLength % 4) };
}

function samplingOf(random: Random): Sampling {
  const seed = BigInt(random.integer(2 ** 32));
  return pick(random, [
    neutralSampling,
    { ...neutralSampling, temperature: 0.8, seed },
    { ...neutralSampling, temperature: 1.2, topK: 3, frequencyPenalty: 0.6, presencePenalty: 0.4, seed },
  ]);
}
