// A model in memory: metadata, and tensors of random weights that are the same for the same seed. A bad file is a good one with something changed.

import { createRandom, type Random } from '../../../../src/core/basics/philox.ts';
import type { GgufScalar, GgufScalarType, GgufValue } from '../../../../src/models/gguf/gguf.ts';
import { type WeightFormatName, weightFormats } from '../../../../src/models/gguf/weight-formats.ts';
import { planGguf, type UnplacedTensor } from '../../../../src/models/gguf/write.ts';

export const text = (value: string): GgufValue => ({ type: 'string', value });
export const integer = (value: number): GgufValue => ({ type: 'uint32', value });
export const real = (value: number): GgufValue => ({ type: 'float32', value });
export const truth = (value: boolean): GgufValue => ({ type: 'bool', value });
export const texts = (value: readonly string[]): GgufValue => ({ type: 'array', elementType: 'string', value });
export const numbers = (elementType: GgufScalarType, value: readonly GgufScalar[]): GgufValue => {
  return { type: 'array', elementType, value };
};

export interface MadeTensor extends UnplacedTensor {
  readonly bytes: Uint8Array;
}

export interface MadeModel {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly MadeTensor[];
}

/** The whole file. */
export function encodeModel({ metadata, tensors }: MadeModel): Buffer {
  const plan = planGguf(metadata, tensors, 32);
  const file = Buffer.alloc(plan.fileBytes);
  file.set(plan.header);
  for (const [index, { bytes }] of tensors.entries()) file.set(bytes, plan.positions[index]);
  return file;
}

/** The same model with other values of some keys. */
export function withMetadata(model: MadeModel, changes: Readonly<Record<string, GgufValue>>): MadeModel {
  return { ...model, metadata: new Map([...model.metadata, ...Object.entries(changes)]) };
}

interface MatrixOptions {
  readonly format?: WeightFormatName;
  /** Of the weights; default: that keeps the size of a vector. */
  readonly deviation?: number;
}

/** Collects the tensors of one model. */
export class TensorMaker {
  readonly tensors: MadeTensor[] = [];
  readonly #random: Random;
  readonly #format: WeightFormatName;

  /** @param format of matrices that name none */
  constructor(seed: number, format: WeightFormatName) {
    this.#random = createRandom(seed, 0);
    this.#format = format;
  }

  /** @param shape values of a row, rows, matrices */
  matrix(name: string, shape: readonly number[], { format = this.#format, deviation }: MatrixOptions = {}): void {
    const [rowLength = 1] = shape;
    this.add(name, shape, format, () => this.#spread(deviation ?? rowLength ** -0.5));
  }

  /** Around 1, as the weights of norms are. */
  norm(name: string, length: number): void {
    this.add(name, [length], 'F32', () => 1 + this.#spread(0.1));
  }

  bias(name: string, length: number): void {
    this.add(name, [length], 'F32', () => this.#spread(0.1));
  }

  /** @param valueAt by position in the file */
  add(name: string, shape: readonly number[], format: WeightFormatName, valueAt: (index: number) => number): void {
    const count = shape.reduce((product, length) => product * length, 1);
    const { type, valueCount, byteCount, write } = weightFormats[format];
    // Vectors of F32 may end within a block.
    const bytes = new DataView(new ArrayBuffer(Math.ceil(count / valueCount) * byteCount));
    const values = new Float64Array(valueCount);
    for (let block = 0; block * valueCount < count; block++) {
      for (let index = 0; index < valueCount; index++) values[index] = valueAt(block * valueCount + index);
      write(values, bytes, block * byteCount);
    }
    const byteLength = (count / valueCount) * byteCount;
    this.tensors.push({ name, shape, type, byteLength, bytes: new Uint8Array(bytes.buffer, 0, byteLength) });
  }

  /** Uniform, mean 0. */
  #spread(deviation: number): number {
    return (2 * this.#random.uniform() - 1) * Math.sqrt(3) * deviation;
  }
}
