// Trained policies: those that are shipped, as NAME or NAME@PRESET, and anyone's own as `masac:FILE`. The file may be weights or a
// checkpoint.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readActor } from '../allocation/learned/actor-file.ts';
import { createLearnedPolicy } from '../allocation/learned/learned-policy.ts';
import type { NamedPolicy } from '../allocation/slot/require-assignment.ts';
import { badArgument } from '../core/basics/errors.ts';
import { shippedPath } from '../models/files/shipped-path.ts';

/** A policy and, for a file, what it was: a changed file is another policy. */
export interface FoundPolicy extends NamedPolicy {
  readonly sha256: string | null;
  /** Decides by where devices and servers are, which a slot as JSON need not say. */
  readonly needsPlaces?: boolean;
}

/**
 * What shipped weights were trained on for the paper's objective: presets, and `paper-ids`, preset `paper` with the payload law `ids`. A
 * name alone means the first.
 */
export const trainedOn = ['paper', 'paper-ids', 'munich', 'street-canyon', 'modern', 'crowd', 'coupled'] as const;

/** What they were trained on for the objective `felt`, under which shares are closed forms: association only. */
export const trainedForFelt = [
  'paper-felt',
  'munich-felt',
  'street-canyon-felt',
  'modern-felt',
  'crowd-felt',
  'coupled-felt',
] as const;

/** What is shipped, for each of its `trainings`; weights/README.md describes how each was made. */
export const learnedPolicyList: readonly {
  readonly name: string;
  readonly description: string;
  readonly trainings: readonly string[];
}[] = [
  { name: 'tma-masac', description: 'TMA, shares by the trained network (paper)', trainings: trainedOn },
  {
    name: 'masac-association',
    description: 'association by the trained network, shares optimal',
    trainings: [...trainedOn, ...trainedForFelt],
  },
];

const prefix = 'masac:';

/**
 * The file of a trained policy, or undefined for any other.
 * @throws OutriderError `bad-argument` for a preset that nothing was trained on
 */
export function weightsOf(name: string): string | undefined {
  if (name.startsWith(prefix)) return name.slice(prefix.length);
  const [policy, preset = trainedOn[0]] = name.split('@');
  const known = learnedPolicyList.find((one) => one.name === policy);
  if (known === undefined) return undefined;
  if (!known.trainings.includes(preset)) {
    const remedy = `Name one of ${known.trainings.join(', ')}, or train: outrider train masac --scenario ${preset} --out DIRECTORY.`;
    throw badArgument(`no weights of ${policy} for ${preset} come with outrider`, remedy);
  }
  return shippedPath(`weights/${preset}/${policy}.safetensors`);
}

/** @throws OutriderError `bad-argument` when the file can't be read, `weights-unreadable` when it holds something else */
export async function readLearned(name: string, file: string): Promise<FoundPolicy> {
  const remedy = 'Name a file that "outrider train masac --out" wrote: masac:DIRECTORY/weights.safetensors.';
  const { bytes, sha256 } = await readHashed(name, file, remedy);
  return { name, decide: createLearnedPolicy(readActor(bytes, name)), sha256, needsPlaces: true };
}

/** @param name of the policy @throws OutriderError `bad-argument` */
export async function readHashed(
  name: string,
  file: string,
  remedy: string,
): Promise<{ readonly bytes: Buffer; readonly sha256: string }> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw badArgument(`${name} can't be read: ${error.code}`, remedy, { cause: error });
  });
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
