// Trained policies: those that are shipped, as NAME or NAME@PRESET, and anyone's own as `masac:FILE`. The file may be weights or a
// checkpoint.

import { badArgument } from '../../src/core/basics/errors.ts';
import { type FoundPolicy, readHashed } from '../../src/files/policy-file.ts';
import { shippedPath } from '../../src/models/files/shipped-path.ts';

/**
 * What shipped weights were trained on, all for the paper's objective: presets, and `paper-ids`, preset `paper` with the payload law `ids`. A
 * name alone means the first.
 */
export const trainedOn: readonly string[] = [
  'paper',
  'paper-ids',
  'munich',
  'street-canyon',
  'modern',
  'crowd',
  'coupled',
];

/** What is shipped for each of {@link trainedOn}; weights/README.md describes how each was made. */
export const learnedPolicyList: readonly { readonly name: string; readonly description: string }[] = [
  { name: 'tma-masac', description: 'TMA, shares by the trained network (paper)' },
  { name: 'masac-association', description: 'association by the trained network, shares optimal' },
];

const usual = 'paper';
const prefix = 'masac:';

/**
 * The file of a trained policy, or undefined for any other.
 * @throws OutriderError `bad-argument` for a preset that nothing was trained on
 */
export function weightsOf(name: string): string | undefined {
  if (name.startsWith(prefix)) return name.slice(prefix.length);
  const [policy, preset = usual] = name.split('@');
  if (learnedPolicyList.every((one) => one.name !== policy)) return undefined;
  if (!trainedOn.includes(preset)) {
    const remedy = `Name one of ${trainedOn.join(', ')}, or train: outrider train masac --scenario ${preset} --out DIRECTORY.`;
    throw badArgument(`no weights of ${policy} for ${preset} come with outrider`, remedy);
  }
  return shippedPath(`weights/${preset}/${policy}.safetensors`);
}

/** @throws OutriderError `bad-argument` when the file can't be read, `weights-unreadable` when it holds something else */
export async function readLearned(name: string, file: string): Promise<FoundPolicy> {
  const remedy = 'Name a file that "outrider train masac --out" wrote: masac:DIRECTORY/weights.safetensors.';
  const { bytes, sha256 } = await readHashed(name, file, remedy);
  const { readActor } = await import('../policies/learned/actor-file.ts');
  const { createLearnedPolicy } = await import('../policies/learned/learned-policy.ts');
  return { name, decide: createLearnedPolicy(readActor(bytes, name)), sha256, needsPlaces: true };
}
