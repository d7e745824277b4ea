// The shipped scenarios by name.

import { badArgument } from '../../src/core/basics/errors.ts';
import { nearestName } from '../../src/core/basics/nearest-name.ts';
import { cityPreset } from './preset-city.ts';
import { coupledPreset } from './preset-coupled.ts';
import { crowdPreset, modernPreset, munichPreset, streetCanyonPreset } from './preset-others.ts';
import { paperPreset } from './preset-paper.ts';
import { type Override, readScenario } from './read-scenario.ts';
import type { Scenario } from './scenario.ts';

const presets: Readonly<Record<string, object>> = {
  paper: paperPreset,
  munich: munichPreset,
  'street-canyon': streetCanyonPreset,
  modern: modernPreset,
  crowd: crowdPreset,
  coupled: coupledPreset,
  'city-70b': cityPreset,
};

/** All names that {@link readPreset} takes. */
export const presetNames: readonly string[] = Object.keys(presets);

/** @throws OutriderError `bad-argument` for an unknown name, or for values out of range */
export function readPreset(name: string, overrides: readonly Override[] = []): Scenario {
  return readScenario(presetData(name), name, overrides);
}

/** A preset in the form of a scenario file: fields with a default may be missing. @throws OutriderError `bad-argument` for an unknown name */
export function presetData(name: string): object {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset !== undefined) return preset;
  const nearest = nearestName(name, presetNames);
  const hint = nearest === undefined ? '' : `Did you mean ${nearest}? `;
  throw badArgument(`no scenario "${name}"`, `${hint}Take one of ${presetNames.join(', ')}, or the path of a file.`);
}
