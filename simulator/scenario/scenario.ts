// A scenario: the whole world of a simulation as data, by the schema of its file: every field with its unit, range and default.
// docs/scenario.schema.json is made from it. It does not know how a world is built.

import { z } from 'zod';
import { deviceHardwareNames, serverHardwareNames } from '../world/hardware.ts';
import { taskKinds } from '../world/workload-lengths.ts';
import { modelShapeNames } from '../world/workload-models.ts';

/** From `low` to `high`, both allowed. */
function within(low: number, high: number, meaning?: string) {
  const field = z.number().min(low).max(high);
  return meaning === undefined ? field : field.describe(meaning);
}

function whole(low: number, high: number, meaning?: string) {
  return within(low, high, meaning).int();
}

function text(maximumLength: number, meaning?: string) {
  const field = z.string().min(1).max(maximumLength);
  return meaning === undefined ? field : field.describe(meaning);
}

/** An object with `minimum` and `maximum`, the first not above the second. */
function range(low: number, high: number, meaning: string, integer = false) {
  const end = integer ? whole(low, high) : within(low, high);
  return z
    .strictObject({ minimum: end, maximum: end })
    .refine((value) => value.minimum <= value.maximum, { error: 'is above maximum', path: ['minimum'] })
    .describe(meaning);
}

/** At least one name, each with a positive weight in sum. */
function hardwareMix(names: readonly string[], meaning: string) {
  return z
    .array(z.strictObject({ name: z.enum(names), weight: within(0.001, 1000).default(1) }))
    .min(1)
    .max(64)
    .describe(meaning);
}

const farthestM = 100_000;

const areaSchema = z
  .strictObject({
    originXM: within(-farthestM, farthestM).default(0),
    originYM: within(-farthestM, farthestM).default(0),
    widthM: within(20, 20_000, 'extent to the east, m'),
    depthM: within(20, 20_000, 'extent to the north, m'),
  })
  .nullable()
  .default(null)
  .describe('where devices move; left out: the whole map');

const fading = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    // Rician on LOS links, Rayleigh on NLOS links.
    z.strictObject({ kind: z.literal('block'), coherenceMs: within(0.1, 1e6, 'a new draw each so often') }),
  ])
  .default({ kind: 'none' })
  .describe('small-scale fading, flat over the band');

const channelSchema = z.discriminatedUnion('kind', [
  // 3GPP TR 38.901, urban micro (UMi), street canyon; correlation distances are the report's.
  z.strictObject({
    kind: z.literal('tr38901-umi'),
    carrierGHz: within(0.5, 100).default(3.5),
    shadowing: z.boolean().default(true),
    fading,
    highLossShare: within(0, 1, 'buildings with coated glass and concrete, of those that devices are in').default(0.5),
  }),
  z.strictObject({
    kind: z.literal('map'),
    map: text(1000, 'a shipped map, or the path of a header'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable()
      .default(null)
      .describe('of the body, uncompressed; another map is refused'),
    floor: z
      .enum(['none', 'umi-nlos'])
      .default('none')
      .describe('least gain of a pair: none, or the median of TR 38.901 UMi NLOS at its distance'),
  }),
]);

const hotSpot = z.strictObject({
  xM: within(-farthestM, farthestM),
  yM: within(-farthestM, farthestM),
  radiusM: within(1, 5000),
  share: within(0, 1, 'of all places, first ones and goals'),
});

const mobilitySchema = z
  .strictObject({
    model: z.enum(['still', 'random-waypoint', 'streets']).default('random-waypoint'),
    speedMps: z
      .strictObject({
        pedestrian: range(0.1, 50, 'uniform, one draw for each device').default({ minimum: 0.8, maximum: 1.7 }),
        vehicle: range(0.1, 50, 'uniform, one draw for each device').default({ minimum: 4, maximum: 14 }),
      })
      .prefault({}),
    pauseS: range(0, 3600, 'uniform, at each goal').default({ minimum: 0, maximum: 60 }),
    hotSpots: z.array(hotSpot).max(64).default([]),
  })
  .superRefine((value, context) => {
    const sum = value.hotSpots.reduce((total, { share }) => total + share, 0);
    if (sum > 1 + 1e-9) {
      const message = `has shares that add up to ${sum}; at most 1 is allowed`;
      context.addIssue({ code: 'custom', path: ['hotSpots'], message, input: value.hotSpots });
    }
  });

const mostDevices = 10_000;
const mostServers = 1000;

const placement = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('grid'),
    count: whole(1, mostServers, 'E; as many columns as rows, or one more'),
    heightM: within(1.5, 200).default(10),
  }),
  z.strictObject({
    kind: z.literal('list'),
    sites: z
      .array(
        z.strictObject({
          xM: within(-100_000, 100_000),
          yM: within(-100_000, 100_000),
          heightM: within(1.5, 200).default(10),
        }),
      )
      .min(1)
      .max(mostServers),
  }),
  z.strictObject({ kind: z.literal('map-sites'), count: whole(1, mostServers, 'the first sites of the map') }),
]);

const servers = z.strictObject({
  placement,
  hardware: hardwareMix(serverHardwareNames, 'dealt out in turn, by weight'),
  reachedComputeShare: within(0.001, 1, 'share of the peak arithmetic that verification reaches').default(0.4),
});

const devices = z
  .strictObject({
    count: z.union([
      whole(1, mostDevices),
      range(1, mostDevices, 'each run takes one number, drawn from its seed', true),
    ]),
    maximumCount: whole(1, mostDevices, 'more devices are refused').default(mostDevices),
    hardware: hardwareMix(deviceHardwareNames, 'dealt out in turn, by weight'),
    reachedComputeShare: within(0.001, 1, 'share of the peak arithmetic that drafting reaches at most').default(0.3),
    reachedMemoryShare: within(0.001, 1, 'share of the memory bandwidth that drafting reaches').default(0.6),
    transmitPowerDbm: range(-20, 40, 'uniform in dBm, one value a device').default({ minimum: 16, maximum: 24 }),
    heightM: within(1.5, 22.5, 'outdoors').default(1.5),
    vehicleShare: within(0, 1, 'the rest walks').default(0),
    indoorShare: within(0, 1, 'they stand still; not with a map').default(0),
    battery: z
      .strictObject({
        initialShare: range(0, 1, 'uniform, one value a device').default({ minimum: 0.01, maximum: 1 }),
        drains: z.boolean().default(true),
        floorShare: within(0.0001, 1, 'the device is plugged in here').default(0.01),
        idleW: within(0, 100).default(0),
        usableShare: within(0.0001, 1, "of the hardware's battery, what may be used up here").default(1),
      })
      .prefault({}),
  })
  .superRefine((value, context) => {
    const most = typeof value.count === 'number' ? value.count : value.count.maximum;
    if (most > value.maximumCount) {
      const at = typeof value.count === 'number' ? ['count'] : ['count', 'maximum'];
      const message = `is more than devices.maximumCount, ${value.maximumCount}`;
      context.addIssue({ code: 'custom', path: at, message, input: most });
    }
  });

const arrivals = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('one-per-slot') }),
    z.strictObject({
      kind: z.literal('poisson-sessions'),
      sessionsPerMinute: within(0.001, 6000, 'of a device that is idle'),
      keptShare: within(0.01, 1, 'tokens that a slot adds to the answer, over the window').default(0.6),
    }),
    z.strictObject({
      kind: z.literal('duty-cycle'),
      share: within(0.0001, 1, 'of the devices that are at work at a time'),
      keptShare: within(0.01, 1, 'tokens that a slot adds to the answer, over the window').default(0.6),
    }),
  ])
  .default({ kind: 'one-per-slot' });

const workload = z.strictObject({
  target: z.enum(modelShapeNames),
  draft: z.enum(modelShapeNames),
  tasks: z
    .array(
      z.strictObject({
        kind: z.enum(taskKinds),
        weight: within(0.001, 1000).default(1),
        windowTokens: whole(1, 1000, 'tokens that a device drafts in a slot'),
      }),
    )
    .min(1)
    .max(16),
  payloadLaw: z.enum(['q16', 'ids']),
  unfinished: z
    .enum(['dropped', 'carried'])
    .default('dropped')
    .describe('a task that its slot does not end: replaced by the next one, or kept with what is left of it'),
  arrivals,
});

const token = z
  .strictObject({
    roundTripMs: z
      .union([within(0, 10_000), range(0, 10_000, 'uniform, one value a server')])
      .default(10)
      .describe('of the network behind the radio'),
    acceptance: within(0, 1, 'chance that a draft is right; not used with traces').default(0.7),
    thinkMs: within(0, 3_600_000, "between a device's tasks, arrivals one-per-slot").default(0),
    timeJitter: within(0, 0.9, 'of draft and step times, up and down').default(0.2),
    serverMemoryShare: within(0.001, 1, 'share of the memory bandwidth that a step reaches').default(0.6),
    maxAhead: whole(1, 1000, 'drafts ahead of the committed text').default(24),
  })
  .prefault({})
  .describe('of fidelity token only');

// In slots, k: whole slots of unfinished work, or drawn from 0 to the maximum for each server and slot.
const law = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('fixed'), slots: whole(0, 1000) }),
  z.strictObject({ kind: z.literal('uniform'), maximumSlots: whole(0, 1000) }),
  z.strictObject({ kind: z.literal('backlog'), maximumSlots: whole(1, 100_000).default(1000) }),
]);

const handover = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({
      kind: z.literal('prefill'),
      reachedComputeShare: within(0.0001, 1, 'share of the peak arithmetic that evaluating a text reaches').default(
        0.4,
      ),
    }),
    z.strictObject({
      kind: z.literal('transfer'),
      backhaulMbps: within(0.001, 1e6, 'between servers, for keys and values'),
    }),
  ])
  .default({ kind: 'none' })
  .describe('what a device pays that leaves the server where its text is; with sessions only');

/** Refuses every field that it does not know. */
export const scenarioSchema = z.strictObject({
  version: z.literal(1),
  name: text(60),
  description: z.string().max(2000).default(''),
  seed: whole(0, Number.MAX_SAFE_INTEGER).default(1),
  slotMs: within(1, 600_000, 'length of a slot'),
  area: areaSchema,
  servers,
  devices,
  radio: z.strictObject({
    bandwidthMHz: within(0.001, 10_000, 'of all servers together'),
    noiseDensityDbmPerHz: within(-200, -100).default(-174),
    noiseFigureDb: within(0, 30).default(5),
    minimumSnrDb: within(-50, 50, "links below it, over the server's whole band, are not eligible").default(-5),
    // eq. 5, or all power in the allotted band.
    model: z.enum(['fixed-snr', 'concentrated']).default('fixed-snr'),
  }),
  channel: channelSchema,
  mobility: mobilitySchema,
  workload,
  token,
  queue: z.strictObject({ kappaMs: within(0, 600_000, 'what one queued slot costs'), law }),
  handover,
  knowledge: z
    .strictObject({
      gainAgeSlots: whole(0, 1000, 'stale CSI: policies see the gains of this many slots ago').default(0),
    })
    .prefault({}),
  energy: z.strictObject({
    computeJoulePerFlop: within(0, 1e-6, 'delta_CP'),
    transmitFactor: within(0, 1e6, 'delta_CM, J per (MHz W) or J per (W s)'),
    model: z.enum(['band', 'airtime']),
  }),
  objective: z.strictObject({
    kind: z.enum(['paper', 'felt']).optional().describe('what policies minimise; outrider simulate --objective'),
    lambda: within(0, 1e6),
    lambdaUnit: z.enum(['per-ms', 'per-s']),
    firstTokenWeight: within(1, 1e6, 'under felt, how many times a ms until the first token counts').optional(),
    energyWeight: within(0, 1e9, 'w, ms per (J / battery share)'),
    unservedMs: within(0, 1e9, 'what a slot costs a device that no server serves; null: the length of the slot')
      .nullable()
      .default(null),
  }),
  why: z.record(z.string(), text(2000)).default({}).describe('reasons, keyed by the path of a value'),
});

/** JSON Schema of a whole scenario, draft 2020-12. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioSchema, { io: 'input', unrepresentable: 'throw' });
}

type Kept<Value> = Value extends readonly unknown[] | object
  ? { readonly [Key in keyof Value]: Kept<Value[Key]> }
  : Value;

/** One world, with every default filled in. */
export type Scenario = Kept<z.output<typeof scenarioSchema>>;
