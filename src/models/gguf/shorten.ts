// Makes a draft from a target: the same model file without some of its transformer layers. The other weights are copied unchanged,
// so the result is the same bytes on every machine. Layers near the middle matter least (docs/use/models.md).

import { type FileHandle, open } from 'node:fs/promises';
import { badArgument } from '../../core/basics/errors.ts';
import { unreadable } from './cursor.ts';
import type { GgufHeader, GgufTensor, GgufValue } from './gguf.ts';
import { readWholeFile } from './model-files.ts';
import { type RewriteOptions, type RewrittenFile, rewriteGguf } from './rewrite.ts';
import { planGguf } from './write.ts';

const copyBytes = 4 * 1024 * 1024;

function readLayerCount(header: GgufHeader, key: string): number {
  const layerCount = header.metadata.get(key)?.value;
  if (typeof layerCount !== 'number') throw unreadable(`does not say how many layers it has (${key})`);
  return layerCount;
}

function checkDropped(dropped: ReadonlySet<number>, layerCount: number): void {
  for (const layer of dropped) {
    if (Number.isInteger(layer) && layer >= 0 && layer < layerCount) continue;
    throw badArgument(`the model has no layer ${layer}`, `name layers from 0 to ${layerCount - 1}`);
  }
  if (dropped.size < layerCount) return;
  throw badArgument('a model needs at least one layer', 'drop fewer layers');
}

function shortenMetadata(header: GgufHeader, dropped: ReadonlySet<number>): Map<string, GgufValue> {
  const architecture = String(header.metadata.get('general.architecture')?.value);
  const layerCountKey = `${architecture}.block_count`;
  const layerCount = readLayerCount(header, layerCountKey);
  checkDropped(dropped, layerCount);
  const metadata = new Map(header.metadata);
  for (const [key, value] of header.metadata) {
    // Models with different layers have one value for each layer.
    const isPerLayer =
      key.startsWith(`${architecture}.`) && value.type === 'array' && value.value.length === layerCount;
    if (isPerLayer) metadata.set(key, { ...value, value: value.value.filter((_, layer) => !dropped.has(layer)) });
  }
  metadata.set(layerCountKey, { type: 'uint32', value: layerCount - dropped.size });
  const name = String(header.metadata.get('general.name')?.value ?? architecture);
  const layers = [...dropped].sort((left, right) => left - right).join(', ');
  metadata.set('general.name', { type: 'string', value: `${name} without layers ${layers}` });
  return metadata;
}

/** The tensors that stay, each with its new name. */
function keepTensors(header: GgufHeader, dropped: ReadonlySet<number>): GgufTensor[] {
  return header.tensors.flatMap((tensor) => {
    const [, layerText, rest] = /^blk\.(\d+)\.(.+)$/.exec(tensor.name) ?? [];
    if (layerText === undefined) return [tensor];
    const layer = Number(layerText);
    if (dropped.has(layer)) return [];
    const droppedBefore = [...dropped].filter((other) => other < layer).length;
    return [{ ...tensor, name: `blk.${layer - droppedBefore}.${rest}` }];
  });
}

async function* readPieces(file: FileHandle, start: number, byteLength: number) {
  const buffer = Buffer.alloc(Math.min(copyBytes, byteLength));
  for (let done = 0; done < byteLength; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, byteLength - done), start + done);
    if (bytesRead === 0) throw unreadable('became shorter while it was read');
    yield buffer.subarray(0, bytesRead);
    done += bytesRead;
  }
}

/**
 * Writes the model at `source` without the layers `droppedLayers` (from 0) to `destination`, a few MiB in memory at a time.
 * An abort leaves an unfinished file behind.
 * @throws OutriderError `model-unreadable`, or `bad-argument` for layers that the model does not have.
 */
export async function shortenModel(
  source: string,
  destination: string,
  droppedLayers: readonly number[],
  options: RewriteOptions = {},
): Promise<RewrittenFile> {
  const header = await readWholeFile(source);
  const dropped = new Set(droppedLayers);
  const metadata = shortenMetadata(header, dropped);
  const kept = keepTensors(header, dropped);
  const plan = planGguf(metadata, kept, header.alignment);
  await using from = await open(source, 'r');
  const piecesOf = (index: number) => {
    const { offset, byteLength } = kept[index] as GgufTensor;
    return readPieces(from, header.dataStart + offset, byteLength);
  };
  return await rewriteGguf(destination, plan, piecesOf, options);
}
