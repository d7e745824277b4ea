// Finds a scenario: the name of a preset, or the path of a file.

import { readFile } from 'node:fs/promises';
import { badArgument } from '../basics/errors.ts';
import { presetNames, readPreset } from '../scenario/presets.ts';
import { parseOverride, parseScenarioText, readScenario } from '../scenario/read-scenario.ts';
import type { Scenario } from '../scenario/scenario.ts';

/**
 * @param sets "path=value" each
 * @throws OutriderError `bad-argument`
 */
export async function findScenario(nameOrPath: string, sets: readonly string[]): Promise<Scenario> {
  const overrides = sets.map(parseOverride);
  if (presetNames.includes(nameOrPath) || !/[./\\]/.test(nameOrPath)) return readPreset(nameOrPath, overrides);
  let text: string;
  try {
    text = await readFile(nameOrPath, 'utf8');
  } catch (error) {
    const cause = `${nameOrPath} can't be read: ${(error as NodeJS.ErrnoException).code}`;
    throw badArgument(cause, `Give a file, or one of ${presetNames.join(', ')}.`, {
      cause: error,
    });
  }
  return readScenario(parseScenarioText(text, nameOrPath), nameOrPath, overrides);
}
