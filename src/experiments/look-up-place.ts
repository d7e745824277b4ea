// Where tokens are looked up in the text before a model is asked, and how readily a device drafts: both adapt to what is measured unless
// they are set.

import { defaultLookUpTokens } from '../edge/edge.ts';
import { parseNumber } from '../laboratory/options.ts';

export const lookUpPlaces = ['both', 'device', 'edge', 'none'] as const;
export type LookUpPlace = (typeof lookUpPlaces)[number];

export const lookUpOption = {
  flag: '--look-up <where>',
  help: 'where drafts are copied from the text so far (prompt lookup) before a draft model is asked',
  choices: lookUpPlaces as readonly LookUpPlace[],
  default: 'both',
} as const;

/** A fixed threshold, or `auto`: by what drafts cost and bring. */
export type MinConfidence = number | 'auto';

/** @throws Error with a sentence that says what to give instead */
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
