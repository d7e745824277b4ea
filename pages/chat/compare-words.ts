// What the page says of a comparison: what is alike in both runs, what is emulated, and what came of them. Pure.

import type { Abilities } from '../parts/answerer.ts';
import { words } from '../parts/words.ts';
import type { Comparison } from './message.ts';
import { leastTokens, verdictOf } from './verdict.ts';

const { emulated, drafting, same, differ, ratio, verdicts } = words.compare;

/** Sentences: who drafts, and what is emulated. */
export function conditionsOf(abilities: Abilities | null): readonly string[] {
  if (abilities === null) return [];
  const { roundTripMs, link } = abilities.emulated;
  const isDirect = roundTripMs === undefined && link === undefined;
  return [...(isDirect ? [emulated.none] : []), ...emulationOf(abilities), drafting[abilities.drafts]];
}

/** Sentences. */
export function emulationOf(abilities: Abilities | null): readonly string[] {
  if (abilities === null) return [];
  const { roundTripMs, link, pace } = abilities.emulated;
  return [
    ...(roundTripMs === undefined ? [] : [emulated.roundTrip(roundTripMs)]),
    ...(link === undefined ? [] : [emulated.link(link)]),
    ...(pace === undefined ? [] : [emulated.pace(pace)]),
  ];
}

/** Sentences: whether the texts are equal, the ratio of the times in any case, and what it tells. */
export function resultOf(comparison: Comparison): readonly string[] {
  const { characters, differsAt } = comparison;
  const { kind, times, tokens, spread } = verdictOf(comparison);
  const texts = differsAt === null ? same(characters) : differ(differsAt);
  return [texts, ratio(times), verdicts[kind]({ tokens, leastTokens, spread })];
}
