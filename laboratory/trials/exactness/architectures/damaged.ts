// Files that no engine should be given: cut, of another kind, with nonsense in the header, or with a weight that is no number.

import type { GgufValue } from '../../../../src/models/gguf/gguf.ts';
import { integer, type MadeModel, makeTensors, real, text, texts } from './model-file.ts';

const notGguf = 'does not begin like a GGUF file';

/** A file that is spoilt, and words of the cause with which it is refused. */
interface Spoilt<How> {
  readonly name: string;
  readonly spoil: How;
  readonly says: string;
}

function safetensors(): Buffer {
  const header = Buffer.from('{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(16)]);
}

const replaced = (at: number, ...bytes: readonly number[]) => {
  return (whole: Buffer): Buffer =>
    Buffer.concat([whole.subarray(0, at), Buffer.from(bytes), whole.subarray(at + bytes.length)]);
};

/** What stands at the beginning of the file, or how much of it there is. */
export const spoiltBytes: readonly Spoilt<(whole: Buffer) => Buffer>[] = [
  { name: 'empty', spoil: () => Buffer.alloc(0), says: notGguf },
  { name: 'magic-only', spoil: (whole) => whole.subarray(0, 4), says: notGguf },
  { name: 'cut-header', spoil: (whole) => whole.subarray(0, 5000), says: 'ends in the middle of its header' },
  {
    name: 'cut-tensors',
    spoil: (whole) => whole.subarray(0, Math.round(whole.length * 0.67)),
    says: 'ends before its tensor',
  },
  { name: 'bad-magic', spoil: replaced(0, ...Buffer.from('FUGG')), says: notGguf },
  { name: 'version-99', spoil: replaced(4, 99), says: 'version 99' },
  { name: 'big-endian', spoil: replaced(4, 0, 0, 0, 3), says: 'big-endian' },
  { name: 'tensors-2^60', spoil: replaced(8, 0, 0, 0, 0, 0, 0, 0, 16), says: '1152921504606846976 tensors' },
  { name: 'html', spoil: () => Buffer.from('<!DOCTYPE html><html>404 not found</html>'), says: notGguf },
  { name: 'safetensors', spoil: safetensors, says: notGguf },
];

/** One value of a Llama header is nonsense: its key and the value. */
export const spoiltHeaders: readonly Spoilt<Readonly<Record<string, GgufValue>>>[] = [
  { name: 'heads-0', spoil: { 'llama.attention.head_count': integer(0) }, says: 'head_count' },
  { name: 'heads-7', spoil: { 'llama.attention.head_count': integer(7) }, says: "can't load" },
  { name: 'epsilon-nan', spoil: { 'llama.attention.layer_norm_rms_epsilon': real(Number.NaN) }, says: 'epsilon' },
  { name: 'epsilon-negative', spoil: { 'llama.attention.layer_norm_rms_epsilon': real(-1) }, says: 'aborted' },
  { name: 'key-heads-0', spoil: { 'llama.attention.head_count_kv': integer(0) }, says: 'aborted' },
  { name: 'blocks-4e9', spoil: { 'llama.block_count': integer(4_000_000_000) }, says: 'block_count' },
  { name: 'context-0', spoil: { 'llama.context_length': integer(0) }, says: 'context_length' },
  { name: 'no-tokens', spoil: { 'tokenizer.ggml.tokens': texts([]) }, says: 'list of tokens' },
  { name: 'end-beyond', spoil: { 'tokenizer.ggml.eos_token_id': integer(999_999_999) }, says: 'token 999999999' },
];

/** The same header under the name of an architecture that no engine supports. */
export function renamed({ metadata, tensors }: MadeModel, architecture: string): MadeModel {
  const entries = [...metadata].map(([key, value]): [string, GgufValue] => [
    key.replace(/^llama\./, `${architecture}.`),
    value,
  ]);
  return { metadata: new Map([...entries, ['general.architecture', text(architecture)]]), tensors };
}

/** One value of the named tensor is no number: in a block format the scale of a block, in others the value itself. */
export function withNaN(model: MadeModel, tensorName: string): MadeModel {
  const tensors = model.tensors.map((tensor) => {
    if (tensor.name !== tensorName) return tensor;
    const changed = tensor.bytes.slice();
    // NaN of binary16: the scale stands at the start of a block.
    changed.set([0x00, 0x7e]);
    return { ...tensor, bytes: changed };
  });
  return { ...model, tensors };
}

/** Changes for another model. */
export function adapter(seed: number): MadeModel {
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', text('llama')],
    ['general.type', text('adapter')],
    ['general.name', text('adapter')],
    ['adapter.type', text('lora')],
    ['adapter.lora.alpha', real(16)],
  ]);
  const shapes = { 'blk.0.attn_q.weight.lora_a': [64, 4], 'blk.0.attn_q.weight.lora_b': [4, 64] };
  return { metadata, tensors: makeTensors(seed, 'F32', shapes) };
}

/** Makes embeddings of pictures. */
export function projector(seed: number): MadeModel {
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', text('clip')],
    ['general.type', text('mmproj')],
  ]);
  return { metadata, tensors: makeTensors(seed, 'F32', { 'v.x': [4, 4] }) };
}
