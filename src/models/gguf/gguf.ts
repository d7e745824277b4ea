// Reads the header of a GGUF model file: metadata and the place of each tensor. It never loads a tensor, and it compares every
// number in the file with the file's size before use. Source: the GGUF specification, version 3.

import { createGgufCursor, type GgufCursor, NeedMoreBytes, unreadable } from './cursor.ts';
import { tensorTypes } from './tensor-types.ts';

export type GgufScalar = number | bigint | boolean | string;

/** Types of metadata values, by their number in the file. */
export const ggufValueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;

export type GgufValueType = (typeof ggufValueTypes)[number];

export type GgufScalarType = Exclude<GgufValueType, 'array'>;

/** One metadata value; 64-bit integers are bigints. */
export type GgufValue =
  | { readonly type: GgufScalarType; readonly value: GgufScalar }
  | {
      readonly type: 'array';
      readonly elementType: GgufScalarType;
      /** An array of numbers is made when it is first asked for. */
      readonly value: readonly GgufScalar[];
    };

export interface GgufTensor {
  readonly name: string;
  /** Number of values in each dimension, fastest first; 1 to 4 dimensions. */
  readonly shape: readonly number[];
  /** Element type by its number in the file, and its name ("Q4_1"). */
  readonly type: number;
  readonly typeName: string;
  /** Bytes from the start of the tensor data. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface GgufHeader {
  readonly fileBytes: number;
  /** Start of the tensor data, in bytes from the start of the file. */
  readonly dataStart: number;
  /** Every tensor begins at a multiple of this, in bytes. */
  readonly alignment: number;
  /** In the file's order. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
}

/** A file that is read in parts, wherever it lies. */
export interface ByteSource {
  readonly byteLength: number;
  /** The bytes from `from` to before `to`; fewer only where the file has become shorter. */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** Bytes in memory as a source. */
export function byteSource(file: ArrayBuffer | Uint8Array | ByteSource): ByteSource {
  if ('read' in file) return file;
  const bytes = ArrayBuffer.isView(file) ? file : new Uint8Array(file);
  return { byteLength: bytes.length, read: async (from, to) => bytes.subarray(from, to) };
}

const magic = 0x46554747;
const defaultAlignment = 32;
/** Elements of all arrays of a header. The largest vocabularies have 260,000 entries with two numbers each, and twice as many merges. */
const elementCountLimit = 4_000_000;
const entryCountLimit = 65_536;
const nameBytesLimit = 65_535;
/** A chat template with tools is about 10 kB. */
const textBytesLimit = 16 * 1024 * 1024;
/** The header of the largest vocabularies has about 20 MB. */
const headerBytesLimit = 64 * 1024 * 1024;
const firstReadBytes = 4 * 1024 * 1024;

const smallestBytes: Record<GgufScalarType, number> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  uint64: 8,
  int64: 8,
  float64: 8,
};

function readScalar(cursor: GgufCursor, type: GgufScalarType): GgufScalar {
  if (type === 'bool') return cursor.uint8() !== 0;
  return type === 'string' ? cursor.string(textBytesLimit) : cursor[type]();
}

function readValueType(cursor: GgufCursor): GgufValueType {
  const id = cursor.uint32();
  const type = ggufValueTypes[id];
  if (type === undefined) throw unreadable(`holds a metadata value of unknown type ${id}`);
  return type;
}

/** How many elements the arrays that follow may have together. */
interface Allowance {
  elementCount: number;
}

function readValue(cursor: GgufCursor, allowance: Allowance): GgufValue {
  const type = readValueType(cursor);
  if (type !== 'array') return { type, value: readScalar(cursor, type) };
  const elementType = readValueType(cursor);
  if (elementType === 'array') throw unreadable('holds an array of arrays');
  const length = cursor.count(allowance.elementCount, 'further elements in an array');
  allowance.elementCount -= length;
  const byteCount = length * smallestBytes[elementType];
  cursor.expect(byteCount);
  if (elementType !== 'string') return keptArray(elementType, length, cursor.bytes(byteCount));
  return { type, elementType, value: Array.from({ length }, () => readScalar(cursor, elementType)) };
}

/** An array of numbers stays as it is in the file, and becomes numbers of our own, eight bytes each, when somebody asks for them. */
function keptArray(elementType: GgufScalarType, length: number, bytes: Uint8Array): GgufValue {
  let value: readonly GgufScalar[] | undefined;
  return {
    type: 'array',
    elementType,
    get value() {
      const cursor = createGgufCursor(bytes, bytes.length);
      value ??= Array.from({ length }, () => readScalar(cursor, elementType));
      return value;
    },
  };
}

function readMetadata(cursor: GgufCursor, entryCount: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  const allowance = { elementCount: elementCountLimit };
  for (let index = 0; index < entryCount; index++) {
    const key = cursor.string(nameBytesLimit);
    if (metadata.has(key)) throw unreadable(`names the metadata "${key}" twice`);
    metadata.set(key, readValue(cursor, allowance));
  }
  return metadata;
}

function readShape(cursor: GgufCursor, name: string): number[] {
  const dimensionCount = cursor.uint32();
  if (dimensionCount < 1 || dimensionCount > 4) throw unreadable(`gives tensor "${name}" ${dimensionCount} dimensions`);
  return Array.from({ length: dimensionCount }, () => cursor.count(Number.MAX_SAFE_INTEGER, 'values in a dimension'));
}

function readTensor(cursor: GgufCursor, alignment: number, fileBytes: number): GgufTensor {
  const name = cursor.string(nameBytesLimit);
  const shape = readShape(cursor, name);
  const type = cursor.uint32();
  const tensorType = tensorTypes.get(type);
  if (tensorType === undefined) throw unreadable(`stores tensor "${name}" in the unknown type ${type}`);
  if ((shape[0] ?? 0) % tensorType.blockValueCount !== 0) {
    throw unreadable(`cuts tensor "${name}" in the middle of a ${tensorType.name} block`);
  }
  // Each factor is a safe integer, so the product is either exact or far beyond any file.
  const valueCount = shape.reduce((product, length) => product * length, 1);
  const byteLength = (valueCount / tensorType.blockValueCount) * tensorType.blockBytes;
  const offset = cursor.count(Number.MAX_SAFE_INTEGER, 'bytes before a tensor');
  if (offset % alignment !== 0) throw unreadable(`does not align tensor "${name}" to ${alignment} bytes`);
  if (offset + byteLength > fileBytes) throw unreadable(`ends before its tensor "${name}" does`);
  return { name, shape, type, typeName: tensorType.name, offset, byteLength };
}

function readAlignment(metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment')?.value ?? defaultAlignment;
  if (typeof alignment !== 'number' || alignment < 8 || alignment > 65_536 || (alignment & (alignment - 1)) !== 0) {
    throw unreadable(`asks for an alignment of ${String(alignment)}, which is not a power of two from 8 to 65536`);
  }
  return alignment;
}

function checkTensors(tensors: readonly GgufTensor[], dataStart: number, fileBytes: number): void {
  const names = new Set<string>();
  let tensorBytes = 0;
  for (const tensor of tensors) {
    if (names.has(tensor.name)) throw unreadable(`names the tensor "${tensor.name}" twice`);
    names.add(tensor.name);
    tensorBytes += tensor.byteLength;
    if (tensorBytes > fileBytes) throw unreadable('has tensors that overlap');
    if (dataStart + tensor.offset + tensor.byteLength > fileBytes) {
      throw unreadable(`ends before its tensor "${tensor.name}" does`);
    }
  }
}

/**
 * Parses a header.
 * @param prefix the first bytes of the file. @param fileBytes the length of the whole file.
 * @throws NeedMoreBytes if the header is longer than `prefix`; OutriderError `model-unreadable`.
 */
export function parseGguf(prefix: Uint8Array, fileBytes: number): GgufHeader {
  const cursor = createGgufCursor(prefix, fileBytes);
  if (fileBytes < 24 || cursor.uint32() !== magic) throw unreadable('does not begin like a GGUF file');
  const version = cursor.uint32();
  if (version === 0x03000000) throw unreadable('is big-endian');
  if (version !== 3) throw unreadable(`has GGUF version ${version}, not 3`);
  const tensorCount = cursor.count(entryCountLimit, 'tensors');
  const metadata = readMetadata(cursor, cursor.count(entryCountLimit, 'metadata entries'));
  const alignment = readAlignment(metadata);
  const tensors = Array.from({ length: tensorCount }, () => readTensor(cursor, alignment, fileBytes));
  const dataStart = Math.ceil(cursor.position() / alignment) * alignment;
  checkTensors(tensors, dataStart, fileBytes);
  return { fileBytes, dataStart, alignment, metadata, tensors };
}

/**
 * Reads the header of a file, no tensors.
 * @throws OutriderError `model-unreadable` if the file is cut off, or not GGUF version 3; what `read` throws
 */
export async function readGgufHeader(file: ByteSource): Promise<GgufHeader> {
  for (let readBytes = firstReadBytes; ; readBytes *= 4) {
    const length = Math.min(readBytes, file.byteLength, headerBytesLimit);
    const prefix = await file.read(0, length);
    try {
      return parseGguf(prefix, file.byteLength);
    } catch (error) {
      if (!(error instanceof NeedMoreBytes)) throw error;
      if (prefix.length < length || length >= headerBytesLimit) throw unreadable('has too long a header');
    }
  }
}
