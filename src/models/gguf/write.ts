// Writes the header of a GGUF file: the counterpart of gguf.ts. The same input gives the same bytes. It does not know the content
// of tensors. Source: the GGUF specification, version 3.

import { invariant } from '../../core/basics/invariant.ts';
import { type GgufScalar, type GgufScalarType, type GgufTensor, type GgufValue, ggufValueTypes } from './gguf.ts';

/** A tensor without its place in the file. */
export type UnplacedTensor = Pick<GgufTensor, 'name' | 'shape' | 'type' | 'byteLength'>;

export interface GgufPlan {
  /** The header, padded up to where the tensor data begins. */
  readonly header: Uint8Array;
  /** The place of each tensor, in bytes from the start of the file, in the given order. */
  readonly positions: readonly number[];
  /** Length of the whole file, the padding behind the last tensor included. */
  readonly fileBytes: number;
}

const scalarWriters: Record<GgufScalarType, (value: GgufScalar) => Uint8Array> = {
  uint8: (value) => fixed(1, (view) => view.setUint8(0, Number(value))),
  int8: (value) => fixed(1, (view) => view.setInt8(0, Number(value))),
  uint16: (value) => fixed(2, (view) => view.setUint16(0, Number(value), true)),
  int16: (value) => fixed(2, (view) => view.setInt16(0, Number(value), true)),
  uint32: (value) => fixed(4, (view) => view.setUint32(0, Number(value), true)),
  int32: (value) => fixed(4, (view) => view.setInt32(0, Number(value), true)),
  float32: (value) => fixed(4, (view) => view.setFloat32(0, Number(value), true)),
  bool: (value) => fixed(1, (view) => view.setUint8(0, value ? 1 : 0)),
  string: (value) => writeString(String(value)),
  uint64: (value) => fixed(8, (view) => view.setBigUint64(0, BigInt(value), true)),
  int64: (value) => fixed(8, (view) => view.setBigInt64(0, BigInt(value), true)),
  float64: (value) => fixed(8, (view) => view.setFloat64(0, Number(value), true)),
};

function fixed(byteCount: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  fill(new DataView(bytes.buffer));
  return bytes;
}

const uint32 = (value: number): Uint8Array => scalarWriters.uint32(value);
const uint64 = (value: number): Uint8Array => scalarWriters.uint64(BigInt(value));

function writeString(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function writeValue(value: GgufValue): Uint8Array {
  const type = uint32(ggufValueTypes.indexOf(value.type));
  if (value.type !== 'array') return Buffer.concat([type, scalarWriters[value.type](value.value)]);
  const elements = value.value.map(scalarWriters[value.elementType]);
  return Buffer.concat([type, uint32(ggufValueTypes.indexOf(value.elementType)), uint64(elements.length), ...elements]);
}

function writeTensor(tensor: UnplacedTensor, offset: number): Uint8Array {
  return Buffer.concat([
    writeString(tensor.name),
    uint32(tensor.shape.length),
    ...tensor.shape.map(uint64),
    uint32(tensor.type),
    uint64(offset),
  ]);
}

function alignUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/**
 * Lays out a file: header, then the tensors in the given order, each padded to `alignment`, as engines demand. An alignment other
 * than 32 must also be in `metadata` under `general.alignment`.
 */
export function planGguf(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly UnplacedTensor[],
  alignment: number,
): GgufPlan {
  const stated = metadata.get('general.alignment')?.value ?? 32;
  invariant(stated === alignment, `alignment ${alignment} is not the one in the metadata`);
  const parts: Uint8Array[] = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(metadata.size)];
  for (const [key, value] of metadata) parts.push(writeString(key), writeValue(value));
  const offsets: number[] = [];
  let dataBytes = 0;
  for (const tensor of tensors) {
    offsets.push(dataBytes);
    parts.push(writeTensor(tensor, dataBytes));
    dataBytes += alignUp(tensor.byteLength, alignment);
  }
  const unpadded = Buffer.concat(parts);
  const header = Buffer.concat([unpadded], alignUp(unpadded.length, alignment));
  return { header, positions: offsets.map((offset) => header.length + offset), fileBytes: header.length + dataBytes };
}
