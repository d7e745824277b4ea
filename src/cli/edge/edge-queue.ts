// How long and how many may wait for a place of an edge, devices and HTTP requests together.

import type { PlaceRules } from '../../core/protocol/edge/edge-places.ts';
import type { OptionsOf } from '../options/options.ts';

/** Flags of `outrider edge`. */
export const queueOptions = {
  queueSeconds: {
    flag: '--queue-seconds <seconds>',
    help: 'how long an answer may wait for a place where all are taken; then the edge says that it is full',
    // A device takes an edge that sends no text for two minutes for a silent one.
    number: [0, 120],
    default: 60,
  },
  queueLength: {
    flag: '--queue-length <count>',
    help: 'most answers that wait at the same time; beyond it the newest of the key with the most is refused',
    whole: [0, 1024],
    default: 64,
  },
} as const;

export function placesOf({ queueSeconds, queueLength }: OptionsOf<typeof queueOptions>): Partial<PlaceRules> {
  return { waitMs: queueSeconds * 1000, maxWaiting: queueLength };
}
