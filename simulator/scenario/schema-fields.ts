// Building blocks of the schema: every number has a range.

import { z } from 'zod';

/** From `low` to `high`, both allowed. */
export function within(low: number, high: number, meaning?: string) {
  const field = z.number().min(low).max(high);
  return meaning === undefined ? field : field.describe(meaning);
}

export function whole(low: number, high: number, meaning?: string) {
  return within(low, high, meaning).int();
}

export function text(maximumLength: number, meaning?: string) {
  const field = z.string().min(1).max(maximumLength);
  return meaning === undefined ? field : field.describe(meaning);
}

/** An object with `minimum` and `maximum`, the first not above the second. */
export function range(low: number, high: number, meaning: string, integer = false) {
  const end = integer ? whole(low, high) : within(low, high);
  return z
    .strictObject({ minimum: end, maximum: end })
    .refine((value) => value.minimum <= value.maximum, { error: 'is above maximum', path: ['minimum'] })
    .describe(meaning);
}

/** At least one name, each with a positive weight in sum. */
export function hardwareMix(names: readonly string[], meaning: string) {
  return z
    .array(z.strictObject({ name: z.enum(names), weight: within(0.001, 1000).default(1) }))
    .min(1)
    .max(64)
    .describe(meaning);
}
