// The JSON form of one slot, for `outrider allocate`: written by a person or a program, with defaults for rare fields. Turns it
// into the state for policies. src/allocation/slot/slot-state.ts and docs/research/allocation.md explain the fields.

import { z } from 'zod';
import { badArgument } from '../../core/basics/errors.ts';
import { checkState } from './check-state.ts';
import { columns } from './columns.ts';
import type { PaceState } from './pace-state.ts';
import type { SlotState } from './slot-state.ts';

const objectiveSchema = z.strictObject({
  /** Default: felt where the slot has the pace of its sessions, otherwise paper. */
  kind: z.enum(['paper', 'felt']).optional(),
  lambdaPerMs: z.number().default(0.01),
  /** For the objective felt: how many times a ms until the first token counts. */
  firstTokenWeight: z.number().optional(),
  energyWeight: z.number().default(20),
  energyModel: z.enum(['band', 'airtime']).default('band'),
  radioModel: z.enum(['fixed-snr', 'concentrated']).default('fixed-snr'),
  computeEnergyPerFlop: z.number().default(1e-9),
  transmitEnergyFactor: z.number().default(2.6),
  minimumSnr: z.number().default(10 ** -0.5),
  unservedMs: z.number().optional(),
});

const deviceSchema = z.strictObject({
  payloadBits: z.number(),
  deviceFlop: z.number(),
  edgeFlop: z.number(),
  deviceFlopPerSecond: z.number(),
  transmitPowerW: z.number(),
  battery: z.number().default(1),
  /** |h|^2 to each server, in their order; null where there is no link. */
  gain: z.array(z.number().nullable()),
  x: z.number().optional(),
  y: z.number().optional(),
  previousServer: z.int().default(-1),
  /** The server with the session's text, and the cost for another server to take it over: FLOP of evaluating it, ms of sending it. */
  textServer: z.int().default(-1),
  textFlop: z.number().default(0),
  transferMs: z.number().default(0),
  /** For the objective felt: ms of a draft, chance that one is accepted, tokens of prompt, answer and text. */
  draftMs: z.number().optional(),
  acceptance: z.number().default(0.7),
  promptTokens: z.number().default(0),
  promptTokensDone: z.number().default(0),
  answerTokens: z.number().optional(),
  /** ms to each server and back, in their order; default: roundTripMs of the document. */
  roundTripMs: z.array(z.number()).optional(),
  textTokens: z.number().default(0),
  /** For policies with a forecast: the position one slot ago, and the energy of a full battery. */
  previousX: z.number().optional(),
  previousY: z.number().optional(),
  batteryJ: z.number().optional(),
});

const serverSchema = z.strictObject({
  flopPerSecond: z.number(),
  bandwidthHz: z.number(),
  queueDelayMs: z.number().default(0),
  /** FLOP/s of evaluating a text; default: flopPerSecond. */
  textFlopPerSecond: z.number().optional(),
  /** For the objective felt: a step of n rows takes stepFixedMs + n stepRowMs. */
  stepFixedMs: z.number().optional(),
  stepRowMs: z.number().optional(),
  /** Unfinished work, for policies with a forecast. */
  backlogMs: z.number().default(0),
  x: z.number().optional(),
  y: z.number().optional(),
});

const stateSchema = z.strictObject({
  slot: z.int().min(0).default(0),
  seed: z.int().min(0).default(1),
  slotMs: z.number().default(1000),
  /** N_0 with the receiver's noise figure, W/Hz; -174 dBm/Hz. */
  noiseWattPerHz: z.number().default(10 ** -20.4),
  /** Delay of a task for each whole slot of backlog, for policies with a forecast. */
  kappaMs: z.number().default(0),
  /** For the objective felt: of the network behind the radio, and how far a device drafts ahead. */
  roundTripMs: z.number().default(10),
  maxAhead: z.number().default(24),
  objective: objectiveSchema.prefault({}),
  devices: z.array(deviceSchema),
  servers: z.array(serverSchema),
});

/**
 * @param placesFor name of the policy that needs x and y of all devices and servers, if any
 * @throws OutriderError `bad-argument`: place, found value, allowed values
 */
export function readState(text: string, name: string, placesFor?: string): SlotState {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    const remedy = 'Give one JSON object; docs/research/allocation.md shows one.';
    throw badArgument(`${name} is not JSON: ${(error as Error).message}`, remedy, { cause: error });
  }
  const parsed = stateSchema.safeParse(raw);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    const where = first?.path.length ? first.path.join('.') : 'the document';
    throw badArgument(`${name}: ${where}: ${first?.message}`, 'docs/research/allocation.md lists the fields.');
  }
  if (placesFor !== undefined) requirePlaces(parsed.data, name, placesFor);
  const state = toSlotState(parsed.data, name);
  checkState(state);
  return state;
}

function requirePlaces({ devices, servers }: z.infer<typeof stateSchema>, name: string, what: string): void {
  for (const [kind, list] of [
    ['device', devices],
    ['server', servers],
  ] as const) {
    const at = list.findIndex(({ x, y }) => x === undefined || y === undefined);
    if (at < 0) continue;
    const remedy = 'Give x and y of every device and server, in metres, or do without.';
    throw badArgument(`${name}: ${kind} ${at} has no place, and ${what} needs one`, remedy);
  }
}

function toSlotState(given: z.infer<typeof stateSchema>, name: string): SlotState {
  const { devices, servers, noiseWattPerHz } = given;
  if (!(noiseWattPerHz > 0)) fail(name, `noiseWattPerHz is ${noiseWattPerHz}`, 'a number above 0');
  for (const [device, { gain, roundTripMs }] of devices.entries()) {
    for (const [field, list] of Object.entries({ gain, roundTripMs })) {
      if (list === undefined || list.length === servers.length) continue;
      fail(name, `device ${device}: ${field} has ${list.length} entries`, `${servers.length}, one for each server`);
    }
  }
  const pace = paceOf(given);
  const { x: deviceX, y: deviceY } = columns(devices, ['x', 'y']);
  const { x: serverX, y: serverY } = columns(servers, ['x', 'y']);
  return {
    slot: given.slot,
    seed: given.seed,
    slotMs: given.slotMs,
    deviceCount: devices.length,
    serverCount: servers.length,
    objective: { ...given.objective, kind: given.objective.kind ?? (pace === undefined ? 'paper' : 'felt') },
    pace,
    ...columns(devices, ['payloadBits', 'deviceFlop', 'edgeFlop', 'deviceFlopPerSecond', 'transmitPowerW', 'battery']),
    deviceX,
    deviceY,
    serverFlopPerSecond: columns(servers, ['flopPerSecond']).flopPerSecond,
    ...columns(servers, ['bandwidthHz', 'queueDelayMs']),
    serverX,
    serverY,
    gain: Float64Array.from(devices.flatMap(({ gain }) => gain.map((one) => one ?? 0))),
    snr: Float64Array.from(
      devices.flatMap(({ gain, transmitPowerW }) =>
        gain.map(
          (one, server) => (transmitPowerW * (one ?? 0)) / (noiseWattPerHz * (servers[server]?.bandwidthHz ?? 1)),
        ),
      ),
    ),
    previousServer: Int32Array.from(devices, (device) => device.previousServer),
    handover: {
      textServer: Int32Array.from(devices, (device) => device.textServer),
      ...columns(devices, ['textFlop', 'transferMs']),
      textFlopPerSecond: Float64Array.from(servers, (server) => server.textFlopPerSecond ?? server.flopPerSecond),
    },
    outlook: {
      gainAgeSlots: 0,
      deviceX: [Float64Array.from(devices, ({ previousX, x }) => previousX ?? x ?? 0)],
      deviceY: [Float64Array.from(devices, ({ previousY, y }) => previousY ?? y ?? 0)],
      ...columns(servers, ['backlogMs']),
      kappaMs: given.kappaMs,
      batteryJ: Float64Array.from(devices, (device) => device.batteryJ ?? Number.POSITIVE_INFINITY),
    },
  };
}

/** Bytes of an opening without its prompt, of a token of the prompt, and of a draft's frame, all with headers. */
const openingBytes = 200;
const tokenBytes = 3;
const frameBytes = 55;

/** Undefined unless every device and server has the fields that the objective felt needs. */
function paceOf({ devices, servers, roundTripMs, maxAhead }: z.infer<typeof stateSchema>): PaceState | undefined {
  const isKnown =
    devices.every(({ draftMs, answerTokens }) => draftMs !== undefined && answerTokens !== undefined) &&
    servers.every(({ stepFixedMs, stepRowMs }) => stepFixedMs !== undefined && stepRowMs !== undefined);
  if (!isKnown) return undefined;
  return {
    ...columns(devices, ['draftMs', 'acceptance', 'promptTokens', 'promptTokensDone', 'answerTokens', 'textTokens']),
    textServer: Int32Array.from(devices, ({ textServer }) => textServer),
    promptBits: Float64Array.from(devices, ({ promptTokens }) => 8 * (openingBytes + tokenBytes * promptTokens)),
    frameBits: new Float64Array(devices.length).fill(8 * frameBytes),
    // Drafting costs the same energy with any decision.
    draftFlop: new Float64Array(devices.length),
    ...columns(servers, ['stepFixedMs', 'stepRowMs']),
    roundTripMs,
    linkRoundTripMs: linkRoundTrips(devices, servers.length, roundTripMs),
    maxAhead,
    isTypical: false,
  };
}

function linkRoundTrips(
  devices: readonly z.infer<typeof deviceSchema>[],
  serverCount: number,
  roundTripMs: number,
): Float64Array | undefined {
  if (devices.every((device) => device.roundTripMs === undefined)) return undefined;
  return Float64Array.from(
    devices.flatMap((device) =>
      Array.from({ length: serverCount }, (_, one) => device.roundTripMs?.[one] ?? roundTripMs),
    ),
  );
}

function fail(name: string, found: string, allowed: string): never {
  throw badArgument(`${name}: ${found}`, `Allowed: ${allowed}.`);
}
