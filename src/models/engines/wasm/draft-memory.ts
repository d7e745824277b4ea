// The memory of the WASM engine: a place for each tensor, the vectors of a pass, and keys and values of all sequences. Weights are read
// into it piece by piece, so that no second copy of the file is made. Of keys and values only those pages take memory that were written.

import { OutriderError } from '../../../core/basics/errors.ts';
import { unreadable } from '../../gguf/cursor.ts';
import type { ByteSource, GgufHeader, GgufTensor } from '../../gguf/gguf.ts';
import { tensorTypes } from '../../gguf/tensor-types.ts';
import type { DraftShape } from './draft-shape.ts';
import {
  blockValues,
  type LoadedKernel,
  laneCount,
  quantisedBytes,
  type WeightFormat,
  weightFormats,
} from './kernel.ts';

/** Where a tensor lies: its codes and scales, or its floats. */
interface Place {
  readonly codes: number;
  readonly scales: number;
}

/** A tensor in memory with the functions of its format. */
export interface Matrix extends Place {
  readonly rows: number;
  readonly blocks: number;
  readonly format: WeightFormat;
}

/** Addresses. A name in the plural has one part for each lane of a pass. */
export interface DraftMemory {
  readonly byteLength: number;
  readonly places: ReadonlyMap<string, Place>;
  readonly states: number;
  readonly normed: number;
  readonly quantised: number;
  readonly queries: number;
  readonly keys: number;
  readonly values: number;
  readonly mixed: number;
  readonly outputs: number;
  readonly gates: number;
  readonly ups: number;
  readonly scores: number;
  readonly logits: number;
  /** Cosines and sines of each position. */
  readonly angles: number;
  /** Keys and values of all sequences. */
  readonly cache: number;
  readonly staging: number;
}

export interface DraftCapacity {
  readonly sequences: number;
  /** Tokens of one sequence. */
  readonly contextLength: number;
}

/** A piece of a file is read at once, bytes at most. */
const pieceBytes = 1 << 20;
/** What is infinite or no number in float16 becomes this or more. */
const notAScale = 65_536;
/** The compiler's own data would lie below. */
const firstByte = 1024;

export function cachedTokenBytes({ layerCount, sharedHeadCount, headWidth }: DraftShape): number {
  return layerCount * 2 * sharedHeadCount * headWidth * 4;
}

function blocksOf({ shape }: GgufTensor): number {
  return shape.reduce((product, length) => product * length, 1) / blockValues;
}

export function planMemory({ tensors }: GgufHeader, shape: DraftShape, capacity: DraftCapacity): DraftMemory {
  const { width, innerWidth, headWidth, sharedHeadCount, vocabularySize } = shape;
  const { sequences, contextLength } = capacity;
  let end = firstByte;
  const take = (byteLength: number): number => {
    const start = end;
    end = Math.ceil((start + byteLength) / 64) * 64;
    return start;
  };
  const takeFloats = (count: number): number => take(count * 4);
  const places = new Map<string, Place>();
  for (const tensor of tensors) {
    const ofBlock = weightFormats.get(tensor.typeName)?.codeBytes;
    const codes = take(ofBlock === undefined ? tensor.byteLength : blocksOf(tensor) * ofBlock);
    places.set(tensor.name, { codes, scales: ofBlock === undefined ? 0 : takeFloats(blocksOf(tensor)) });
  }
  const memory = {
    places,
    states: takeFloats(laneCount * width),
    normed: takeFloats(laneCount * width),
    quantised: take(laneCount * quantisedBytes(Math.max(width, innerWidth))),
    queries: takeFloats(laneCount * width),
    keys: takeFloats(laneCount * sharedHeadCount * headWidth),
    values: takeFloats(laneCount * sharedHeadCount * headWidth),
    mixed: takeFloats(laneCount * width),
    outputs: takeFloats(laneCount * width),
    gates: takeFloats(laneCount * innerWidth),
    ups: takeFloats(laneCount * innerWidth),
    // Filled up to a multiple of four.
    scores: takeFloats(contextLength + 3),
    logits: takeFloats(vocabularySize),
    angles: takeFloats(contextLength * headWidth * 2),
    staging: take(pieceBytes),
    cache: take(sequences * contextLength * cachedTokenBytes(shape)),
  };
  return { ...memory, byteLength: end };
}

/** The matrix of a tensor. */
export function matrixOf({ tensors }: GgufHeader, { places }: DraftMemory, name: string): Matrix {
  const { shape, typeName } = tensors.find((tensor) => tensor.name === name) as GgufTensor;
  const [values = 0, rows = 0] = shape;
  const format = weightFormats.get(typeName) as WeightFormat;
  return { ...(places.get(name) as Place), rows, blocks: values / blockValues, format };
}

/** @throws OutriderError `model-unreadable` where the file ends early, `engine-failed` where weights are no numbers; what `read` throws */
export async function readWeights(
  file: ByteSource,
  header: GgufHeader,
  memory: DraftMemory,
  loaded: LoadedKernel,
): Promise<void> {
  for (const tensor of header.tensors) {
    const blockBytes = tensorTypes.get(tensor.type)?.blockBytes ?? 1;
    const start = header.dataStart + tensor.offset;
    const step = Math.floor(pieceBytes / blockBytes) * blockBytes;
    for (let at = 0; at < tensor.byteLength; at += step) {
      const length = Math.min(step, tensor.byteLength - at);
      const piece = await file.read(start + at, start + at + length);
      if (piece.length !== length) throw unreadable(`ends before its tensor "${tensor.name}" does`);
      if (!isPlaced(piece, at, tensor, memory, loaded)) throw noNumbers(tensor.name);
    }
  }
}

/** @param at where the piece lies in its tensor, bytes @returns whether all its scales are numbers */
function isPlaced(
  piece: Uint8Array,
  at: number,
  { name, type, typeName }: GgufTensor,
  { places, staging }: DraftMemory,
  { kernel, bytes, floats }: LoadedKernel,
): boolean {
  const { codes, scales } = places.get(name) as Place;
  const format = weightFormats.get(typeName);
  if (format === undefined) {
    bytes.set(piece, codes + at);
    return floats.subarray((codes + at) >> 2, (codes + at + piece.length) >> 2).every(Number.isFinite);
  }
  const blockBytes = tensorTypes.get(type)?.blockBytes ?? 1;
  const before = at / blockBytes;
  const blocks = piece.length / blockBytes;
  bytes.set(piece, staging);
  const largest = kernel[format.unpack](staging, blocks, codes + before * format.codeBytes, scales + before * 4);
  return largest < notAScale;
}

export function noNumbers(what: string): OutriderError {
  return new OutriderError(
    'engine-failed',
    `not every number in ${what} of the draft model is finite`,
    'get the model again: a damaged weight does this',
  );
}
