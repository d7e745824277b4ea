// Slots for policies without a world: devices and servers in a square, street-canyon path loss with random LOS states and shadow
// fading (the UMi formulas of 3GPP TR 38.901, table 7.4.1-1, at 3.5 GHz), tasks and hardware drawn from ranges. A test bed for
// optimisers, not a model of any place; simulator/world has the worlds.

import { log } from '../../core/basics/fdlibm.ts';
import { createRandom, type Random } from '../../core/basics/philox.ts';
import type { PaceState } from './pace-state.ts';
import type { CandidateLinks, ObjectiveSettings, SlotState } from './slot-state.ts';

/** The settings of {@link syntheticSlot}. */
export interface SyntheticSettings {
  readonly deviceCount: number;
  readonly serverCount: number;
  readonly seed: number;
  readonly objective?: Partial<ObjectiveSettings>;
  /** Side of the square, metres; default: it grows so that there are at least 9 servers on 500 m by 500 m. */
  readonly sideM?: number;
  /** The smallest and the largest payload; default: bandwidth is scarce on most servers. */
  readonly payloadBits?: readonly [number, number];
  /** Lists only this many servers with the highest gain for each device; default: all links. */
  readonly candidateCount?: number;
}

/** The paper's values where it states them (its table of parameters), with energies in the units of SlotState. */
export const paperObjective: ObjectiveSettings = {
  lambdaPerMs: 0.01,
  energyWeight: 0,
  energyModel: 'band',
  radioModel: 'fixed-snr',
  computeEnergyPerFlop: 1e-9,
  transmitEnergyFactor: 2.6,
  minimumSnr: 10 ** -0.5,
};

const totalBandwidthHz = 10e6;
/** W/Hz: -174 dBm/Hz. */
const noiseDensity = 10 ** -20.4;
const carrierGhz = 3.5;
const heightGapM = 8.5;
/** Sparse form: the square is cut into cells, and a device considers its own cell and the eight around it. */
const serversPerCell = 4;

/** A slot drawn from the seed. */
export function syntheticSlot(settings: SyntheticSettings): SlotState {
  const { deviceCount, serverCount, seed } = settings;
  const random = createRandom(seed, 0x41ff0000);
  const sideM = settings.sideM ?? 500 * Math.max(1, Math.sqrt(serverCount / 20));
  const draw = (count: number, pick: () => number): Float64Array => Float64Array.from({ length: count }, pick);
  const between = (low: number, high: number) => (): number => low + (high - low) * random.uniform();
  const bandwidthHz = totalBandwidthHz / Math.min(serverCount, 20);
  const meanPayload = (0.1 * bandwidthHz * 4 * serverCount) / deviceCount;
  const [leastBits, mostBits] = settings.payloadBits ?? [0.4 * meanPayload, 1.6 * meanPayload];
  const columns = Math.ceil(Math.sqrt(serverCount));
  const spacingM = sideM / columns;
  const base = {
    slot: 0,
    seed,
    slotMs: 1000,
    deviceCount,
    serverCount,
    objective: { ...paperObjective, ...settings.objective },
    payloadBits: draw(deviceCount, between(leastBits, mostBits)),
    deviceFlop: draw(deviceCount, between(50e9, 150e9)),
    edgeFlop: draw(deviceCount, between(50e9, 150e9)),
    deviceFlopPerSecond: new Float64Array(deviceCount).fill(1e12),
    transmitPowerW: draw(deviceCount, () => 10 ** ((16 + 8 * random.uniform() - 30) / 10)),
    battery: draw(deviceCount, () => 1 - 0.95 * random.uniform()),
    deviceX: draw(deviceCount, between(0, sideM)),
    deviceY: draw(deviceCount, between(0, sideM)),
    serverFlopPerSecond: draw(serverCount, () => [5e12, 15e12, 40e12][random.integer(3)] as number),
    bandwidthHz: new Float64Array(serverCount).fill(bandwidthHz),
    queueDelayMs: draw(serverCount, () => 10 * random.integer(3)),
    serverX: Float64Array.from({ length: serverCount }, (_, server) => spacingM * ((server % columns) + 0.5)),
    serverY: Float64Array.from({ length: serverCount }, (_, server) => spacingM * (Math.floor(server / columns) + 0.5)),
    previousServer: new Int32Array(deviceCount).fill(-1),
    pace: syntheticPace(deviceCount, serverCount, seed),
  };
  return withLinks(base, random, columns, spacingM, settings.candidateCount);
}

type Linkless = Omit<SlotState, 'gain' | 'snr' | 'candidates'>;

function withLinks(
  base: Linkless,
  random: Random,
  columns: number,
  spacingM: number,
  candidateCount: number | undefined,
): SlotState {
  const { deviceCount, serverCount } = base;
  const gains: number[] = [];
  const snrs: number[] = [];
  const servers: number[] = [];
  const start = new Int32Array(deviceCount + 1);
  for (let device = 0; device < deviceCount; device++) {
    const reach = candidateCount === undefined ? columns : Math.ceil(Math.sqrt(candidateCount / serversPerCell)) + 1;
    const near = serversNear(base, device, columns, spacingM, reach).map((server) => ({
      server,
      gain: drawGain(random, distanceM(base, device, server)),
    }));
    const best = new Set(near.toSorted((one, other) => other.gain - one.gain).slice(0, candidateCount ?? serverCount));
    for (const link of near) {
      if (!best.has(link)) continue;
      servers.push(link.server);
      gains.push(link.gain);
      const noiseW = noiseDensity * (base.bandwidthHz[link.server] as number);
      snrs.push(((base.transmitPowerW[device] as number) * link.gain) / noiseW);
    }
    start[device + 1] = servers.length;
  }
  const candidates: CandidateLinks = { start, server: Int32Array.from(servers) };
  const links = { gain: Float64Array.from(gains), snr: Float64Array.from(snrs) };
  return candidateCount === undefined ? { ...base, ...links } : { ...base, ...links, candidates };
}

function distanceM(base: Linkless, device: number, server: number): number {
  return Math.hypot(
    (base.deviceX[device] as number) - (base.serverX[server] as number),
    (base.deviceY[device] as number) - (base.serverY[server] as number),
  );
}

/** The nearest servers, in the order of their numbers. */
function serversNear(base: Linkless, device: number, columns: number, spacingM: number, reach: number): number[] {
  const column = Math.floor((base.deviceX[device] as number) / spacingM);
  const row = Math.floor((base.deviceY[device] as number) / spacingM);
  const found: number[] = [];
  for (let y = Math.max(0, row - reach); y <= Math.min(columns - 1, row + reach); y++) {
    for (let x = Math.max(0, column - reach); x <= Math.min(columns - 1, column + reach); x++) {
      if (y * columns + x < base.serverCount) found.push(y * columns + x);
    }
  }
  return found;
}

/** Linear power gain of one link. */
function drawGain(random: Random, flatM: number): number {
  const losProbability = flatM <= 18 ? 1 : 18 / flatM + Math.exp(-flatM / 36) * (1 - 18 / flatM);
  const isLos = random.uniform() < losProbability;
  const decades = log(Math.max(10, Math.hypot(flatM, heightGapM))) / Math.LN10;
  const frequency = Math.log10(carrierGhz);
  const losDb = 32.4 + 21 * decades + 20 * frequency;
  const nlosDb = Math.max(losDb, 22.4 + 35.3 * decades + 21.3 * frequency);
  const lossDb = isLos ? losDb + 4 * random.normal() : nlosDb + 7.82 * random.normal();
  return 10 ** (-lossDb / 10);
}

/** Step laws of three graphics cards with a model of 1.5 billion parameters, ms. */
const stepLaws = [
  [11.6, 0.193],
  [5.55, 0.11],
  [5.15, 0.047],
] as const;
const draftTimesMs = [9.3, 14.1, 18.2] as const;

/** The pace of sessions: hardware as in preset `paper`, texts drawn from ranges. The stream is not that of the slot. */
function syntheticPace(deviceCount: number, serverCount: number, seed: number): PaceState {
  const random = createRandom(seed, 0x41fe0000);
  const draw = (pick: () => number): Float64Array => Float64Array.from({ length: deviceCount }, pick);
  const between = (low: number, high: number) => (): number => Math.round(low + (high - low) * random.uniform());
  const pick = (): (typeof stepLaws)[number] => stepLaws[random.integer(stepLaws.length)] as (typeof stepLaws)[number];
  const laws = Array.from({ length: serverCount }, pick);
  const promptTokens = draw(between(50, 800));
  return {
    draftMs: draw(() => draftTimesMs[random.integer(draftTimesMs.length)] as number),
    acceptance: draw(() => 0.7),
    promptTokens,
    promptTokensDone: new Float64Array(deviceCount),
    answerTokens: draw(between(40, 400)),
    textServer: Int32Array.from({ length: deviceCount }, () => random.integer(serverCount + 1) - 1),
    textTokens: draw(between(50, 1000)),
    promptBits: promptTokens.map((tokens) => 8 * (200 + 3 * tokens)),
    frameBits: draw(() => 440),
    draftFlop: draw(() => 2.5e8),
    stepFixedMs: Float64Array.from(laws, ([fixedMs]) => fixedMs),
    stepRowMs: Float64Array.from(laws, ([, rowMs]) => rowMs),
    isTypical: seed % 2 === 0,
    roundTripMs: 10,
    maxAhead: 24,
  };
}
