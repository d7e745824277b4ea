// The requirements for making a draft from a target on this machine, checked from the target's header before anything is installed
// or computed. The pipeline checks the exact needs of its recipe itself; these are the least needs of any recipe.

import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';
import { readNaming } from './cursor.ts';
import { readMappedDraft } from './draft-metadata.ts';
import type { GgufHeader } from './gguf.ts';
import { readWholeFile } from './model-files.ts';
import { vocabularyOf } from './vocabulary.ts';

/** The pipeline keeps the target in 32 bits, once for writing and once for healing. */
const leastBytesPerParameter = 8;
/** Texts, weights and drafts of the smallest recipe. */
const leastDiskBytes = 500e6;
/** The pipeline's Python packages, most of it PyTorch. */
const environmentBytes = 2.5e9;

export interface FitTarget {
  readonly parameters: number;
  readonly layers: number;
  readonly vocabularySize: number;
}

/** @throws OutriderError `model-unreadable` for a broken file, `bad-argument` for a model without a possible draft */
export async function readFitTarget(path: string): Promise<FitTarget> {
  const header = await readWholeFile(path);
  const architecture = header.metadata.get('general.architecture')?.value;
  if (architecture !== 'llama') {
    const cause = `${path} has the architecture "${String(architecture)}"; drafts are made from "llama" only`;
    throw badArgument(cause, 'take a target of the Llama family (Llama, SmolLM2, TinyLlama, Mistral)');
  }
  const lacking = partThatDraftsLack(header);
  if (lacking !== undefined) {
    throw badArgument(`${path} has ${lacking}, which the pipeline can't thin`, 'take a Llama-family target without it');
  }
  if (readNaming(path, () => readMappedDraft(header)) !== undefined) {
    throw badArgument(`${path} is a draft itself`, 'give the target that it was made for');
  }
  const { vocabularySize } = readNaming(path, () => vocabularyOf(header));
  const layers = header.metadata.get('llama.block_count')?.value;
  return { parameters: countParameters(header), layers: Number(layers ?? 0), vocabularySize };
}

/** Parts that the pipeline's decoder doesn't compute; `check` in drafts/model_file.py refuses the same. */
function partThatDraftsLack({ metadata, tensors }: GgufHeader): string | undefined {
  if (Number(metadata.get('llama.expert_count')?.value ?? 0) > 0) return 'experts (llama.expert_count)';
  const scaling = metadata.get('llama.rope.scaling.type')?.value ?? 'none';
  if (scaling !== 'none') return `scaled positions (llama.rope.scaling.type "${String(scaling)}")`;
  const bias = tensors.find(({ name }) => name.endsWith('.bias'));
  return bias && `biases (${bias.name})`;
}

function countParameters({ tensors }: GgufHeader): number {
  return tensors.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
}

/** For a missing folder, the value of the folder above. */
async function freeBytes(directory: string): Promise<number> {
  try {
    const { blocks, bavail, bsize } = await statfs(directory);
    return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
  } catch (error) {
    const above = dirname(resolve(directory));
    if (above === resolve(directory)) throw error;
    return freeBytes(above);
  }
}

async function demandDisk(directory: string, neededBytes: number, purpose: string, remedy: string): Promise<void> {
  const bytes = await freeBytes(directory);
  if (bytes >= neededBytes) return;
  const cause = `${gigabytes(bytes)} are free for ${directory}; ${purpose} need ${gigabytes(neededBytes)}`;
  throw new OutriderError('disk-full', cause, remedy);
}

export interface FitPlace {
  readonly out: string;
  readonly cacheDirectory: string;
  /** The Python packages are installed already. */
  readonly hasEnvironment: boolean;
  readonly availableMemoryBytes: number;
}

/** @throws OutriderError `disk-full`, `memory-full` */
export async function demandRoom({ parameters }: FitTarget, place: FitPlace): Promise<void> {
  const { out, cacheDirectory, hasEnvironment, availableMemoryBytes } = place;
  if (!hasEnvironment) {
    const remedy = 'free some space, or set OUTRIDER_CACHE to a directory on another disk';
    await demandDisk(cacheDirectory, environmentBytes, "the pipeline's Python packages", remedy);
  }
  const remedy = 'free some space, or give --out a directory on another disk';
  await demandDisk(out, leastDiskBytes, 'the texts and weights', remedy);
  const neededBytes = parameters * leastBytesPerParameter;
  if (availableMemoryBytes >= neededBytes) return;
  const cause = `${gigabytes(availableMemoryBytes)} of memory are available; a target of this size needs ${gigabytes(neededBytes)}`;
  throw new OutriderError('memory-full', cause, 'close other programs, or make the draft on a larger machine');
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
