// Options for prompt lookup (on the device, on the edge) and for the confidence below which a device pauses drafting. Both adapt to
// measurements unless they are set.

import { parseNumber } from '../../core/options/options.ts';
import { defaultLookUpTokens } from '../../processes/edge/edge-options.ts';

export const lookUpPlaces = ['both', 'device', 'edge', 'none'] as const;
export type LookUpPlace = (typeof lookUpPlaces)[number];

export const lookUpOption = {
  flag: '--look-up <where>',
  help: 'where drafts are copied from the text so far (prompt lookup) before a draft model is asked',
  choices: lookUpPlaces as readonly LookUpPlace[],
  default: 'both',
} as const;

/** A fixed threshold, or `auto`: from the cost and gain of drafts. */
export type MinConfidence = number | 'auto';

/** @throws Error whose message names the allowed values */
export function parseMinConfidence(text: string): MinConfidence {
  if (text === 'auto') return 'auto';
  try {
    return parseNumber(text, 0, 1);
  } catch {
    throw new Error('Give a number from 0 to 1, or auto.');
  }
}

export function looksUpOnDevice(place: LookUpPlace): boolean {
  return place === 'both' || place === 'device';
}

export function edgeLookUpTokens(place: LookUpPlace): number {
  return place === 'both' || place === 'edge' ? defaultLookUpTokens : 0;
}
