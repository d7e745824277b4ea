// Whether models that are about to be opened fit into the memory that is free, from the headers of their files: nothing is loaded.

import { freemem, totalmem } from 'node:os';
import { basename } from 'node:path';
import { OutriderError } from '../../core/basics/errors.ts';
import { type ModelHeader, readModel } from '../gguf/model-files.ts';
import { freeMemoryOfLinux } from './free-memory.ts';

/** A model file, and how it will be opened. One that two processes open is planned twice. */
export interface PlannedModel {
  readonly path: string;
  readonly sequences: number;
  /** Tokens of one sequence. */
  readonly contextLength: number;
}

/** A model as a flag names it, and how it will be opened. */
export interface PlannedOpening extends Omit<PlannedModel, 'path'> {
  readonly spec: string;
}

/** The parts of a header that are read. */
type SizedHeader = Pick<ModelHeader, 'fileBytes' | 'metadata'>;

/** llama.cpp keeps keys and values in 16 bits. */
const bytesPerCachedNumber = 2;
/** Rows of logits that one call may hold, each of 4 bytes for every token of the vocabulary. */
const logitRows = 256;
/** Node, the engine's own buffers, the tokenizer. */
const besidesBytes = 100e6;

/** A number of the model, which some files give for each layer: then the largest. */
function largest({ metadata }: Pick<SizedHeader, 'metadata'>, key: string): number {
  const architecture = String(metadata.get('general.architecture')?.value);
  const value = metadata.get(`${architecture}.${key}`);
  const values: readonly unknown[] = value === undefined ? [] : value.type === 'array' ? value.value : [value.value];
  // A header may hold millions of values, which are too many arguments for Math.max.
  let most = 0;
  for (const value of values) if (Number.isFinite(Number(value))) most = Math.max(most, Number(value));
  return most;
}

/** Size of keys and values for one token by the header of a file, bytes; 0 where the header does not give it. */
export function cacheBytesPerToken(header: Pick<SizedHeader, 'metadata'>): number {
  const heads = largest(header, 'attention.head_count');
  const ownLength = heads === 0 ? 0 : largest(header, 'embedding_length') / heads;
  const keyLength = largest(header, 'attention.key_length') || ownLength;
  const valueLength = largest(header, 'attention.value_length') || ownLength;
  const cachedHeads = largest(header, 'attention.head_count_kv') || heads;
  return largest(header, 'block_count') * cachedHeads * (keyLength + valueLength) * bytesPerCachedNumber;
}

/** About what a model takes once it is open: its weights, its context, its rows of logits. */
export function memoryBytes(header: SizedHeader, { sequences, contextLength }: Omit<PlannedModel, 'path'>): number {
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  const vocabularySize = tokens?.type === 'array' ? tokens.value.length : 0;
  const contextBytes = sequences * contextLength * cacheBytesPerToken(header);
  return header.fileBytes + contextBytes + logitRows * 4 * vocabularySize + besidesBytes;
}

/** Memory that this process and its children may still take. */
export async function availableMemoryBytes(): Promise<number> {
  const linux = await freeMemoryOfLinux();
  if (linux !== undefined) return linux;
  // Other systems of the Unix kind count what they could give back at once as used: there only the impossible is refused.
  return process.platform === 'win32' ? freemem() : totalmem();
}

/** Needed memory is rounded up and free memory down, so that the two never read alike. */
function gigabytes(bytes: number, round: (value: number) => number): string {
  return `${(round(bytes / 1e8) / 10).toFixed(1)} GB`;
}

export interface MemoryDemand {
  /** How this command gets by with less. */
  readonly remedy?: string;
  readonly availableBytes?: number;
}

/**
 * @param models all that will be open at the same time
 * @throws OutriderError `memory-full`, `model-unreadable`
 */
export async function demandMemory(models: readonly PlannedModel[], demand: MemoryDemand = {}): Promise<void> {
  const needs = models.map(async (model) => {
    return { fileName: basename(model.path), byteLength: memoryBytes(await readModel(model.path), model) };
  });
  await demandFileMemory(await Promise.all(needs), demand, '');
}

/**
 * What files alone take, each once for each process that opens it: known before they are there.
 * @throws OutriderError `memory-full`
 */
export async function demandFileMemory(
  files: readonly { readonly fileName: string; readonly byteLength: number }[],
  { remedy = 'close other programs, or take smaller models', availableBytes }: MemoryDemand = {},
  bound: string = 'at least ',
): Promise<void> {
  const neededBytes = files.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const freeBytes = availableBytes ?? (await availableMemoryBytes());
  if (neededBytes <= freeBytes) return;
  const list = files.map(({ fileName, byteLength }) => `${fileName} ${gigabytes(byteLength, Math.ceil)}`).join(', ');
  const needed = `${bound}${gigabytes(neededBytes, Math.ceil)} of memory are needed (${list})`;
  throw new OutriderError('memory-full', `${needed}, ${gigabytes(freeBytes, Math.floor)} are free`, remedy);
}
