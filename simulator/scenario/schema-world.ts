// The schema of area, channel and movement.

import { z } from 'zod';
import { range, text, within } from './schema-fields.ts';

const farthestM = 100_000;

export const areaSchema = z
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

export const channelSchema = z.discriminatedUnion('kind', [
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

export const mobilitySchema = z
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
