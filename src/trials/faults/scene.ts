// Draws the participants of a run from its seed: target, edges, honest devices with many different settings, network.

import { createRandom, type Random } from '../../basics/philox.ts';
import { neutralSampling, type Sampling } from '../../decoding/sampling.ts';
import type { TurnRequest } from '../../protocol/device-state.ts';
import { defaultRate } from '../../protocol/edge-connections.ts';
import type { LinkSettings } from '../../protocol/link-model.ts';
import { idealLink } from '../../protocol/link-model-settings.ts';
import { type ModeName, modeNames } from '../../protocol/mode.ts';
import type { TextDeadlines } from '../../protocol/text-deadline.ts';
import { byteWire } from '../../protocol/wire.ts';
import { linearStepTime } from '../../scheduling/step-time.ts';
import type { VirtualDeviceSettings } from '../../virtual-time/device.ts';
import type { VirtualEdgeSettings } from '../../virtual-time/edge.ts';
import type { Machines } from '../../virtual-time/machines.ts';
import { toyDrafter, toyEdgeDrafter } from '../../virtual-time/toy-drafter.ts';
import { ToyTarget, toyEndIds } from '../../virtual-time/toy-target.ts';

export const vocabularySize = 1024;
const maxAnswerTokens = 64;
export const tokenizerHash: string = 'ab'.repeat(32);

/** Random streams of the run's seed. */
export const streams = { scene: 0, faults: 1, edge: 2, device: 100, hostile: 200, redraws: 300 } as const;

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.integer(values.length)] as T;
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
  const edges = ['a', 'b'].map((name, index) => edgeSettings(name, index, draw));
  const devices = Array.from({ length: 2 + random.integer(3) }, (_, index) => deviceSettings(index, draw));
  return { seed, mode, target, link, edges, devices, hostileCount: random.integer(3) };
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
    edgeDraft: { edgeDrafter: toyEdgeDrafter(target, 0.7, edgeRandom), tokenCount: 4, tokenMs: 5 },
    random: edgeRandom,
    machines,
    wire: byteWire,
  };
}

/** Shorter than the defaults, as texts and pauses are. */
export const textDeadlines: TextDeadlines = { firstTokenWithinMs: 12_000, nextTokenWithinMs: 6000 };

function deviceSettings(index: number, { seed, mode, random, target, machines }: Draw): VirtualDeviceSettings {
  const isFickle = random.uniform() < 0.3;
  return {
    name: `device-${index}`,
    turn: turnRequest(mode, random),
    drafter: toyDrafter(target, {
      // 0 is a device with wrong drafts only, 1 a device with perfect drafts.
      agreement: pick(random, [0, 0.5, 0.75, 0.75, 0.9, 1]),
      redraws: isFickle ? createRandom(seed, streams.redraws + index) : null,
      seed,
    }),
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

function turnRequest(mode: ModeName, random: Random): TurnRequest {
  return {
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
}

function samplingOf(random: Random): Sampling {
  const seed = BigInt(random.integer(2 ** 32));
  return pick(random, [
    neutralSampling,
    { ...neutralSampling, temperature: 0.8, seed },
    { ...neutralSampling, temperature: 1.2, topK: 3, frequencyPenalty: 0.6, presencePenalty: 0.4, seed },
  ]);
}
