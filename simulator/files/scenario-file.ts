// Finds a scenario: the name of a preset, or the path of a file, which may extend a preset or another file.

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { badArgument } from '../../src/core/basics/errors.ts';
import { extendScenario, splitExtension } from '../scenario/extend.ts';
import { presetData, presetNames, readPreset } from '../scenario/presets.ts';
import { parseOverride, parseScenarioText, readScenario } from '../scenario/read-scenario.ts';
import type { Scenario } from '../scenario/scenario.ts';

/**
 * @param sets "path=value" each
 * @throws OutriderError `bad-argument`
 */
export async function findScenario(nameOrPath: string, sets: readonly string[]): Promise<Scenario> {
  const overrides = sets.map(parseOverride);
  if (isPresetName(nameOrPath)) return readPreset(nameOrPath, overrides);
  return readScenario(await readExtended(nameOrPath, []), nameOrPath, overrides);
}

function isPresetName(nameOrPath: string): boolean {
  return presetNames.includes(nameOrPath) || !/[./\\]/.test(nameOrPath);
}

/** @param chain of the files that led here, by their full paths */
async function readExtended(path: string, chain: readonly string[]): Promise<unknown> {
  const whole = resolve(path);
  if (chain.includes(whole)) {
    const cause = `scenario ${chain[0]} extends itself: ${[...chain.slice(chain.indexOf(whole)), whole].join(' > ')}`;
    throw badArgument(cause, 'Let the last of these files extend a preset, or nothing.');
  }
  const { base, own } = splitExtension(parseScenarioText(await readText(path), path), path);
  if (base === undefined) return own;
  if (isPresetName(base)) return extendScenario(presetData(base), own);
  return extendScenario(await readExtended(resolve(dirname(whole), base), [...chain, whole]), own);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const cause = `${path} can't be read: ${(error as NodeJS.ErrnoException).code}`;
    throw badArgument(cause, `Give a file, or one of ${presetNames.join(', ')}.`, { cause: error });
  }
}
