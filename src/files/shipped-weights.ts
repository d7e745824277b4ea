// Trained policies: those that are shipped, as NAME or NAME@PRESET, and anyone's own as `masac:FILE`. The file may be weights or a
// checkpoint.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { NamedPolicy } from '../allocation/require-assignment.ts';
import { badArgument } from '../basics/errors.ts';
import { readActor } from '../learned/actor-file.ts';
import { createLearnedPolicy } from '../learned/learned-policy.ts';
import { shippedPath } from '../model-files/shipped-path.ts';

/** A policy and, for a file, what it was: a changed file is another policy. */
export interface FoundPolicy extends NamedPolicy {
  readonly sha256: string | null;
  /** Decides by where devices and servers are, which a slot as JSON need not say. */
  readonly needsPlaces?: boolean;
}

/** What is shipped, for each of `trainedOn`; weights/README.md says how each was made. */
export const learnedPolicyList: readonly { readonly name: string; readonly description: string }[] = [
  { name: 'tma-masac', description: 'TMA, shares by the trained network (paper)' },
  { name: 'masac-association', description: 'association by the trained network, shares optimal' },
];

/**
 * What the shipped weights were trained on: presets, and `paper-ids`, preset `paper` with the payload law `ids`. A name alone means the
 * first.
 */
export const trainedOn = ['paper', 'paper-ids', 'munich', 'street-canyon', 'modern', 'crowd', 'coupled'] as const;

const prefix = 'masac:';

/**
 * The file of a trained policy, or undefined for any other.
 * @throws OutriderError `bad-argument` for a preset that nothing was trained on
 */
export function weightsOf(name: string): string | undefined {
  if (name.startsWith(prefix)) return name.slice(prefix.length);
  const [policy, preset = trainedOn[0]] = name.split('@');
  if (!learnedPolicyList.some((one) => one.name === policy)) return undefined;
  if (!trainedOn.some((one) => one === preset)) {
    const remedy = `Name one of ${trainedOn.join(', ')}, or train: outrider train masac --scenario ${preset} --out DIRECTORY.`;
    throw badArgument(`no weights for ${preset} come with outrider`, remedy);
  }
  return shippedPath(`weights/${preset}/${policy}.safetensors`);
}

/** @throws OutriderError `bad-argument` when the file can't be read, `weights-unreadable` when it holds something else */
export async function readLearned(name: string, file: string): Promise<FoundPolicy> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const remedy = 'Name a file that "outrider train masac --out" wrote: masac:DIRECTORY/weights.safetensors.';
    throw badArgument(`${name} can't be read: ${error.code}`, remedy, { cause: error });
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, decide: createLearnedPolicy(readActor(bytes, name)), sha256, needsPlaces: true };
}
