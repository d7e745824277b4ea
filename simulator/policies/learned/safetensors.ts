// Named arrays in a file: the safetensors format (huggingface/safetensors, its README): the length of the header (8 bytes,
// little-endian), the header (JSON: name to dtype, shape and place), the numbers. Strict: any other file is refused, and so is a
// number that is not finite.

import { isOutriderError, OutriderError } from '../../../src/core/basics/errors.ts';

export type TensorValues = Float32Array | Float64Array | Int32Array | Uint8Array;

export interface StoredTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: TensorValues;
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Free text by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

const dtypes = {
  F32: { bytes: 4, make: Float32Array },
  F64: { bytes: 8, make: Float64Array },
  I32: { bytes: 4, make: Int32Array },
  U8: { bytes: 1, make: Uint8Array },
} as const;
type Dtype = keyof typeof dtypes;

const lengthBytes = 8;
/** The limit of the format. */
const largestHeader = 100_000_000;
/** Numbers begin at a multiple of it. */
const alignment = 8;

export function writeTensors({ tensors, metadata }: TensorFile): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  // The widest first, so that every array is aligned to its own width.
  const ordered = [...tensors].toSorted(([, one], [, other]) => widthOf(other) - widthOf(one));
  let at = 0;
  for (const [name, { shape, values }] of ordered) {
    header[name] = { dtype: dtypeOf(values), shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const text = JSON.stringify(header);
  const padding = -new TextEncoder().encode(text).length & (alignment - 1);
  const head = new TextEncoder().encode(text + ' '.repeat(padding));
  const out = new Uint8Array(lengthBytes + head.length + at);
  new DataView(out.buffer).setUint32(0, head.length, true);
  out.set(head, lengthBytes);
  let next = lengthBytes + head.length;
  for (const [, { values }] of ordered) {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), next);
    next += values.byteLength;
  }
  return out;
}

function widthOf({ values }: StoredTensor): number {
  return values.BYTES_PER_ELEMENT;
}

function dtypeOf(values: TensorValues): Dtype {
  if (values instanceof Float32Array) return 'F32';
  if (values instanceof Float64Array) return 'F64';
  return values instanceof Int32Array ? 'I32' : 'U8';
}

/** @param what the file's name, for messages @throws OutriderError `weights-unreadable` */
export function readTensors(bytes: Uint8Array, what: string): TensorFile {
  const { header, first } = readHeader(bytes, what);
  const tensors = new Map<string, StoredTensor>();
  let metadata: Record<string, string> = {};
  const places: [number, number][] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = readMetadata(entry, what);
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(name, entry, what);
    places.push([begin, end]);
    if (first + end > bytes.length) throw unreadable(what, `"${name}" reaches beyond the end of the file`);
    tensors.set(name, { shape, values: readValues(bytes.subarray(first + begin, first + end), dtype, name, what) });
  }
  requireWhole(places, bytes.length - first, what);
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array, what: string): { header: Record<string, unknown>; first: number } {
  if (bytes.length < lengthBytes)
    throw unreadable(what, `it has ${bytes.length} bytes, fewer than a header's length takes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > largestHeader || length > bytes.length - lengthBytes) {
    throw unreadable(what, `its header should have ${length} bytes, which it can't`);
  }
  const first = lengthBytes + length;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(lengthBytes, first));
    const header: unknown = JSON.parse(text);
    if (!isRecord(header)) throw unreadable(what, 'its header is no JSON object');
    return { header, first };
  } catch (error) {
    if (isOutriderError(error)) throw error;
    throw unreadable(what, 'its header is no JSON');
  }
}

function readMetadata(entry: unknown, what: string): Record<string, string> {
  if (!isRecord(entry) || !Object.values(entry).every((value) => typeof value === 'string')) {
    throw unreadable(what, 'its metadata are not texts by name');
  }
  return entry as Record<string, string>;
}

function readEntry(name: string, entry: unknown, what: string) {
  if (!isRecord(entry)) throw unreadable(what, `the entry of "${name}" is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype)) {
    throw unreadable(what, `"${name}" has dtype ${JSON.stringify(dtype)}; known: ${Object.keys(dtypes).join(', ')}`);
  }
  if (!isCounts(shape)) throw unreadable(what, `"${name}" has no shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw unreadable(what, `"${name}" has no data_offsets`);
  const [begin, end] = offsets as [number, number];
  const wanted = shape.reduce((product, one) => product * one, dtypes[dtype as Dtype].bytes);
  if (end - begin !== wanted) {
    throw unreadable(what, `"${name}" [${shape.join(', ')}] takes ${wanted} bytes, and has ${end - begin}`);
  }
  return { dtype: dtype as Dtype, shape, begin, end };
}

function readValues(bytes: Uint8Array, dtype: Dtype, name: string, what: string): TensorValues {
  // A copy: the file's own bytes need not be aligned. (Not by slice, which copies nothing for Node's Buffer.)
  const values = new dtypes[dtype].make(new Uint8Array(bytes).buffer);
  if (dtype === 'F32' || dtype === 'F64') {
    const bad = (values as Float32Array).findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw unreadable(what, `"${name}" holds ${values[bad]} at ${bad}`);
  }
  return values;
}

/** Every byte belongs to one array: no holes, no overlaps, nothing after the end. */
function requireWhole(places: readonly [number, number][], length: number, what: string): void {
  let at = 0;
  for (const [begin, end] of places.toSorted(([one], [other]) => one - other)) {
    if (begin !== at) throw unreadable(what, `its arrays overlap or leave holes at byte ${Math.min(begin, at)}`);
    at = end;
  }
  if (at !== length) throw unreadable(what, `its arrays end at byte ${at} of ${length}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

export function unreadable(what: string, cause: string): OutriderError {
  const remedy = 'Take a file that "outrider train masac --out" wrote; if it did, the file is damaged: train again.';
  return new OutriderError('weights-unreadable', `${what}: ${cause}`, remedy);
}
