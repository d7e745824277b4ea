// Writes a model again with its weight matrices in another format. Everything else stays: vectors, metadata, the order of tensors.

import { type FileHandle, open } from 'node:fs/promises';
import { unreadable } from './cursor.ts';
import type { GgufHeader, GgufTensor, GgufValue } from './gguf.ts';
import { readWholeFile } from './model-files.ts';
import { type RewriteOptions, type RewrittenFile, rewriteGguf } from './rewrite.ts';
import { isWeightFormat, type WeightFormat, type WeightFormatName, weightFormats } from './weight-formats.ts';
import { planGguf } from './write.ts';

/** Number of weights between two checks of the abort signal. */
const sliceValueCount = 2 ** 21;

/**
 * Writes the model at `source` with weights in `format` to `destination`. Matrices with unsuitable rows get the format's fallback;
 * matrices that fit neither, or have the format already, are copied. An abort leaves an unfinished file behind.
 * @throws OutriderError `model-unreadable` if a weight matrix has a format that can't be read here
 */
export async function recodeModel(
  source: string,
  destination: string,
  format: WeightFormatName,
  options: RewriteOptions = {},
): Promise<RewrittenFile> {
  const header = await readWholeFile(source);
  const metadata = new Map<string, GgufValue>(header.metadata);
  metadata.set('general.file_type', { type: 'uint32', value: weightFormats[format].fileType });
  const tensors = header.tensors.map((tensor) => recodedTensor(tensor, format));
  const plan = planGguf(metadata, tensors, header.alignment);
  await using from = await open(source, 'r');
  const piecesOf = async function* (index: number): AsyncGenerator<Uint8Array> {
    const [before, after] = [header.tensors[index] as GgufTensor, tensors[index] as GgufTensor];
    const stored = await readTensor(from, header, before);
    if (after === before) yield stored;
    else yield* recodedPieces(stored, formatOf(before), formatOf(after));
  };
  return await rewriteGguf(destination, plan, piecesOf, options);
}

/** The tensor itself if it is copied. */
function recodedTensor(tensor: GgufTensor, format: WeightFormatName): GgufTensor {
  const [rowLength = 0, rowCount = 0] = tensor.shape;
  const fits = (name: WeightFormatName): boolean => rowLength % weightFormats[name].valueCount === 0;
  const { fallback = format } = weightFormats[format];
  const typeName = fits(format) ? format : fallback;
  if (tensor.shape.length !== 2 || !fits(typeName) || tensor.typeName === typeName) return tensor;
  formatOf(tensor);
  const { type, valueCount, byteCount } = weightFormats[typeName];
  return { ...tensor, type, typeName, byteLength: rowCount * (rowLength / valueCount) * byteCount };
}

function formatOf({ name, typeName }: GgufTensor): WeightFormat {
  if (!isWeightFormat(typeName)) throw unreadable(`has ${name} in ${typeName}, which can't be recoded`);
  return weightFormats[typeName];
}

async function readTensor(from: FileHandle, { dataStart }: GgufHeader, tensor: GgufTensor): Promise<Buffer> {
  const stored = Buffer.alloc(tensor.byteLength);
  const { bytesRead } = await from.read(stored, 0, stored.length, dataStart + tensor.offset);
  if (bytesRead < stored.length) throw unreadable('became shorter while it was read');
  return stored;
}

function* recodedPieces(stored: Buffer, from: WeightFormat, to: WeightFormat): Generator<Uint8Array> {
  const bytes = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  // The longer of the two blocks is filled by several of the shorter ones: rows are whole numbers of both.
  const values = new Float64Array(Math.max(from.valueCount, to.valueCount));
  const [filled, taken] = [partsOf(values, from.valueCount), partsOf(values, to.valueCount)];
  const valueCount = (stored.byteLength / from.byteCount) * from.valueCount;
  let readAt = 0;
  for (let first = 0; first < valueCount; first += sliceValueCount) {
    const count = Math.min(sliceValueCount, valueCount - first);
    const piece = new DataView(new ArrayBuffer((count / to.valueCount) * to.byteCount));
    for (let writeAt = 0; writeAt < piece.byteLength; ) {
      for (const part of filled) {
        from.read(bytes, readAt, part);
        readAt += from.byteCount;
      }
      for (const part of taken) {
        to.write(part, piece, writeAt);
        writeAt += to.byteCount;
      }
    }
    yield new Uint8Array(piece.buffer);
  }
}

function partsOf(values: Float64Array, length: number): Float64Array[] {
  return Array.from({ length: values.length / length }, (_, index) =>
    values.subarray(index * length, (index + 1) * length),
  );
}
