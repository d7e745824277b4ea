// A model in memory: metadata, and tensors of random weights that are the same for the same seed. A bad file is a good one with something changed.

import { createRandom } from '../../../../src/core/basics/philox.ts';
import type { GgufScalar, GgufScalarType, GgufValue } from '../../../../src/models/gguf/gguf.ts';
import { type WeightFormatName, weightFormats } from '../../../../src/models/gguf/weight-formats.ts';
import { planGguf, type UnplacedTensor } from '../../../../src/models/gguf/write.ts';

export const text = (value: string): GgufValue => ({ type: 'string', value });
export const integer = (value: number): GgufValue => ({ type: 'uint32', value });
export const real = (value: number): GgufValue => ({ type: 'float32', value });
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

interface TensorPlan {
  /** Values of a row, rows, matrices. */
  readonly shape: number[];
  /** Default: F32 for vectors, and the format of the model for matrices. */
  readonly format?: WeightFormatName;
  /** Deviation of the weights of a matrix; default: that keeps the size of a vector. */
  readonly deviation?: number | undefined;
  /** Weights by position in the file, in place of random ones. */
  readonly valueAt?: (index: number) => number;
}

/** Tensors by name; a shape stands for a plan without more. */
export type TensorPlans = Readonly<Record<string, TensorPlan | number[]>>;

/** Random weights. A vector is a bias, by its name, or a norm, whose weights are around 1. @param modelFormat of matrices that name none */
export function makeTensors(seed: number, modelFormat: WeightFormatName, plans: TensorPlans): MadeTensor[] {
  const random = createRandom(seed, 0);
  /** Uniform, mean 0. */
  const spread = (deviation: number): number => (2 * random.uniform() - 1) * Math.sqrt(3) * deviation;
  return Object.entries(plans).map(([name, plan]) => {
    const { shape, deviation, ...given }: TensorPlan = Array.isArray(plan) ? { shape: plan } : plan;
    const [rowLength = 1] = shape;
    const isVector = shape.length === 1;
    const drawn = (): number => {
      if (!isVector) return spread(deviation ?? rowLength ** -0.5);
      return (name.endsWith('.bias') ? 0 : 1) + spread(0.1);
    };
    const { format = isVector ? 'F32' : modelFormat, valueAt = drawn } = given;
    return encodeTensor(name, shape, format, valueAt);
  });
}

function encodeTensor(
  name: string,
  shape: readonly number[],
  format: WeightFormatName,
  valueAt: (index: number) => number,
): MadeTensor {
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
  return { name, shape, type, byteLength, bytes: new Uint8Array(bytes.buffer, 0, byteLength) };
}

export function shardName(base: string, number: number, count: number): string {
  const digits = (value: number): string => String(value).padStart(5, '0');
  return `${base}-${digits(number)}-of-${digits(count)}.gguf`;
}

/**
 * A model in several files, as hubs store large ones: the first has all metadata, each has its share of the tensors.
 * @returns contents by the names of the files
 */
export function splitModel(model: MadeModel, base: string, count: number): Record<string, Buffer> {
  const share = Math.ceil(model.tensors.length / count);
  const shards = Array.from({ length: count }, (_, index): [string, Buffer] => {
    const short = (value: number): GgufValue => ({ type: 'uint16', value });
    const metadata = new Map<string, GgufValue>([
      ...(index === 0 ? model.metadata : new Map()),
      ['split.no', short(index)],
      ['split.count', short(count)],
      ['split.tensors.count', { type: 'int32', value: model.tensors.length }],
    ]);
    const tensors = model.tensors.slice(index * share, (index + 1) * share);
    return [shardName(base, index + 1, count), encodeModel({ metadata, tensors })];
  });
  return Object.fromEntries(shards);
}
