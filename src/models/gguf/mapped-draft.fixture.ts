// Draft files with a smaller vocabulary for tests: a tiny one with metadata only, and one for an engine, cut out of a real model by
// leaving out rows of its embeddings.

import { open, readFile } from 'node:fs/promises';
import { encodeModel, integer, text, texts, tinyMetadata, tinyTensors } from './gguf.fixture.ts';
import type { GgufScalar, GgufValue } from './gguf.ts';
import { readGguf } from './gguf-file.ts';
import { vocabularyOf } from './vocabulary.ts';
import { planGguf } from './write.ts';

const uint32s = (value: readonly number[]): GgufValue => ({ type: 'array', elementType: 'uint32', value });

/** A draft's metadata about its target. @param ids target ids of the draft's tokens; all others are replaced by the first of them */
function targetMetadata(target: ReadonlyMap<string, GgufValue>, ids: readonly number[]): [string, GgufValue][] {
  const { hash, vocabularySize } = vocabularyOf({ metadata: target });
  const inputs = new Array<number>(vocabularySize).fill(0);
  for (const [draftId, id] of ids.entries()) inputs[id] = draftId;
  const tokenizer = [...target].filter(([key]) => key.startsWith('tokenizer.'));
  return [
    ['outrider.target.vocabulary_hash', text(hash)],
    ['outrider.target.vocabulary_size', integer(vocabularySize)],
    ['outrider.target.ids', uint32s(ids)],
    ['outrider.target.inputs', uint32s(inputs)],
    ['outrider.draft.layers', uint32s([0, 1])],
    ['outrider.draft.recipe', text('fixture')],
    ...tokenizer.map(([key, value]): [string, GgufValue] => [`outrider.target.${key}`, value]),
  ];
}

/** Metadata of a draft of three tokens for the tiny model of seven. */
export function tinyMappedMetadata(): Map<string, GgufValue> {
  const target = tinyMetadata(2);
  const own = new Map(target);
  own.set('tokenizer.ggml.tokens', texts(['<|im_end|>', 'a', 'Ġb']));
  own.set('tokenizer.ggml.token_type', uint32s([3, 1, 1]));
  own.set('tokenizer.ggml.eos_token_id', integer(0));
  for (const [key, value] of targetMetadata(target, [1, 2, 3])) own.set(key, value);
  return own;
}

/** A whole file with that or other metadata. */
export function encodeTinyMapped(metadata: ReadonlyMap<string, GgufValue> = tinyMappedMetadata()): Buffer {
  const [, ...rest] = tinyTensors(2);
  return encodeModel(metadata, [{ name: 'token_embd.weight', shape: [4, 3], type: 0, byteLength: 48 }, ...rest]);
}

/** Writes the byte-level model at `source` with only the tokens `ids` of its vocabulary, as a draft for the whole model. */
export async function cutVocabulary(source: string, destination: string, ids: readonly number[]): Promise<void> {
  const header = await readGguf(source);
  const metadata = new Map(header.metadata);
  const pick = (key: string): void => {
    const value = metadata.get(key);
    if (value?.type === 'array') metadata.set(key, { ...value, value: ids.map((id) => value.value[id] as GgufScalar) });
  };
  for (const name of ['tokens', 'token_type', 'scores']) pick(`tokenizer.ggml.${name}`);
  metadata.set('tokenizer.ggml.merges', texts([]));
  for (const key of metadata.keys()) if (key.endsWith('_token_id')) metadata.set(key, integer(0));
  if (metadata.has('llama.vocab_size')) metadata.set('llama.vocab_size', integer(ids.length));
  for (const [key, value] of targetMetadata(header.metadata, ids)) metadata.set(key, value);
  const file = await readFile(source);
  const tensors = header.tensors.map((tensor) => {
    const start = header.dataStart + tensor.offset;
    const bytes = file.subarray(start, start + tensor.byteLength);
    if (tensor.name !== 'token_embd.weight') return { ...tensor, bytes };
    const rowBytes = tensor.byteLength / (tensor.shape[1] as number);
    const rows = ids.map((id) => bytes.subarray(id * rowBytes, (id + 1) * rowBytes));
    const kept = Buffer.concat(rows);
    return { ...tensor, shape: [tensor.shape[0] as number, ids.length], byteLength: kept.length, bytes: kept };
  });
  const plan = planGguf(metadata, tensors, header.alignment);
  await using to = await open(destination, 'w');
  await to.write(plan.header);
  for (const [index, { bytes }] of tensors.entries()) await to.write(bytes, 0, bytes.length, plan.positions[index]);
  await to.truncate(plan.fileBytes);
}
