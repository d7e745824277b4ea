// A model as a list of files: one, or the shards into which a large one is split. Every shard counts: in the digest, the size and the
// checks. Source of names and keys: llama.cpp's gguf-split.

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { isOutriderError, type OutriderError } from '../../core/basics/errors.ts';
import { naming, readNaming, unreadable } from './cursor.ts';
import { type MappedDraft, readMappedDraft } from './draft-metadata.ts';
import type { GgufHeader } from './gguf.ts';
import { readGguf } from './gguf-file.ts';

/** The headers of all files of a model. */
export interface ModelHeader extends Pick<GgufHeader, 'metadata' | 'tensors'> {
  /** In the order of their numbers; one for a model that is not split. */
  readonly paths: readonly string[];
  /** Bytes of all files together. */
  readonly fileBytes: number;
}

const shardName = /-(\d{5})-of-(\d{5})\.gguf$/;

/** The place of a file among shards, by its header; `tensorCount` is that of all of them. */
interface Split {
  readonly index: number;
  readonly count: number;
  readonly tensorCount: number;
}

/** @returns null: not split */
function splitOf({ metadata }: GgufHeader): Split | null {
  const number = (key: string): number => Number(metadata.get(key)?.value ?? 0);
  const split = { index: number('split.no'), count: number('split.count'), tensorCount: number('split.tensors.count') };
  return split.count > 1 ? split : null;
}

function fiveDigits(value: number): string {
  return String(value).padStart(5, '0');
}

/** The path of each shard. @throws OutriderError `model-unreadable` where `path` is not that of the first one */
function shardPaths(path: string, { index, count }: Split): string[] {
  const stem = path.replace(shardName, '');
  const pathOf = (at: number): string => `${stem}-${fiveDigits(at + 1)}-of-${fiveDigits(count)}.gguf`;
  // A name has five digits for the count, so the list is no longer than that.
  if (stem !== path && index === 0 && path === pathOf(0)) return Array.from({ length: count }, (_, at) => pathOf(at));
  const whole = `is part ${index + 1} of ${count} of a split model`;
  if (index > 0 && index < count && path === pathOf(index))
    throw unreadable(whole, `name the first part, ${basename(pathOf(0))}: the others are found beside it`);
  const form = `NAME-${fiveDigits(1)}-of-${fiveDigits(count)}.gguf`;
  throw unreadable(
    `${whole}, and has another name`,
    `give the parts back their names, ${form} and so on, in one folder`,
  );
}

const sameSet = 'get all parts again, from the same place';

async function readShard(path: string, first: Split, index: number): Promise<GgufHeader> {
  const header = await readGguf(path).catch((error: unknown) => {
    if (!isOutriderError(error)) throw error;
    throw unreadable(
      `has ${first.count} parts, and part ${index + 1} can't be read (${error.message})`,
      `put all parts into one folder: ${basename(path)} is missing or damaged`,
    );
  });
  const split = splitOf(header);
  if (split?.index === index && split.count === first.count && split.tensorCount === first.tensorCount) return header;
  throw unreadable(`has ${first.count} parts, and ${basename(path)} is a part of another model`, sameSet);
}

function joined(paths: readonly string[], headers: readonly GgufHeader[], { tensorCount }: Split): ModelHeader {
  const tensors = headers.flatMap((header) => header.tensors);
  if (tensors.length !== tensorCount || new Set(tensors.map(({ name }) => name)).size !== tensorCount)
    throw unreadable(`has ${tensorCount} tensors by its first part, and its parts have others`, sameSet);
  const fileBytes = headers.reduce((sum, header) => sum + header.fileBytes, 0);
  return { paths, fileBytes, metadata: (headers[0] as GgufHeader).metadata, tensors };
}

/**
 * The model that begins with the file at `path`, without its weights.
 * @throws OutriderError `model-unreadable`, also where a shard is missing, foreign, or named instead of the first
 */
export async function readModel(path: string): Promise<ModelHeader> {
  const first = await readGguf(path);
  const split = splitOf(first);
  if (split === null) return { paths: [path], ...first };
  try {
    const paths = shardPaths(path, split);
    const headers = [first];
    for (const [index, shard] of paths.entries()) if (index > 0) headers.push(await readShard(shard, split, index));
    return joined(paths, headers, split);
  } catch (error) {
    throw naming(path, error);
  }
}

/** The map of a draft at `path`; undefined as {@link readMappedDraft}. @throws OutriderError `model-unreadable` */
export async function readMappedDraftFile(path: string): Promise<MappedDraft | undefined> {
  const header = await readModel(path);
  return readNaming(path, () => readMappedDraft(header));
}

/** For those who read or write single files. @throws OutriderError `model-unreadable` for a part of a split model */
export async function readWholeFile(path: string): Promise<GgufHeader> {
  const header = await readGguf(path);
  const split = splitOf(header);
  if (split === null) return header;
  throw naming(path, notWhole(split));
}

function notWhole({ index, count }: Split): OutriderError {
  return unreadable(
    `is part ${index + 1} of ${count} of a split model`,
    'join the parts first: llama-gguf-split --merge',
  );
}

/** The digest of a model; hex. @param hashes SHA-256 of each of its files, in order: that of a single file is the model's */
export function modelDigest(hashes: readonly string[]): string {
  const [only, ...more] = hashes;
  if (only !== undefined && more.length === 0) return only;
  return createHash('sha256')
    .update(['outrider-split-1', ...hashes].join('\n'))
    .digest('hex');
}
