// A model cut into several files, as hubs store large ones: the first has all metadata, each has its share of the tensors.

import type { GgufValue } from '../../../../src/models/gguf/gguf.ts';
import { encodeModel, type MadeModel } from './model-file.ts';

export function shardName(base: string, number: number, count: number): string {
  const digits = (value: number): string => String(value).padStart(5, '0');
  return `${base}-${digits(number)}-of-${digits(count)}.gguf`;
}

/** Names and contents of the files. */
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
