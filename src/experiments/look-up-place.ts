// Where tokens are looked up in the text before a model is asked, and how readily a device drafts.

import { defaultLookUpTokens } from '../edge/edge.ts';

export const lookUpPlaces = ['both', 'device', 'edge', 'none'] as const;
export type LookUpPlace = (typeof lookUpPlaces)[number];

/** A fixed threshold, or `auto`: by what drafts cost and bring. */
export type MinConfidence = number | 'auto';

export function looksUpOnDevice(place: LookUpPlace): boolean {
  return place === 'both' || place === 'device';
}

export function edgeLookUpTokens(place: LookUpPlace): number {
  return place === 'both' || place === 'edge' ? defaultLookUpTokens : 0;
}
