// A whole draft of the llama family that the WASM engine runs in no time: two layers with random weights in IQ4_NL and Q5_0, and a
// vocabulary of single bytes and of tokens that no text has.

import { createRandom } from '../../../core/basics/philox.ts';
import { integer, integers, text, texts } from '../../gguf/gguf.fixture.ts';
import type { GgufValue } from '../../gguf/gguf.ts';
import { numberToHalf } from '../../gguf/half-precision.ts';
import { characterOfByte } from '../../gguf/vocabulary.ts';
import { planGguf, type UnplacedTensor } from '../../gguf/write.ts';

const width = 64;
const innerWidth = 96;
const layerCount = 2;
const named = [...characterOfByte, '<|endoftext|>', '<|im_start|>', '<|im_end|>', 'Ġt'];
/** As many as the engine contract uses. */
const tokens = [...named, ...Array.from({ length: 1024 - named.length }, (_, index) => `ab${index}`)];

export function smallDraftMetadata(): Map<string, GgufValue> {
  return new Map<string, GgufValue>([
    ['general.architecture', text('llama')],
    ['general.name', text('Small')],
    ['llama.block_count', integer(layerCount)],
    ['llama.context_length', integer(512)],
    ['llama.embedding_length', integer(width)],
    ['llama.feed_forward_length', integer(innerWidth)],
    ['llama.attention.head_count', integer(2)],
    ['llama.attention.head_count_kv', integer(1)],
    ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-5 }],
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text('smollm')],
    ['tokenizer.ggml.tokens', texts(tokens)],
    ['tokenizer.ggml.token_type', integers(tokens.map((_, id) => (id > 255 && id < 259 ? 3 : 1)))],
    ['tokenizer.ggml.merges', texts(['Ġ t'])],
    ['tokenizer.ggml.eos_token_id', integer(258)],
    [
      'tokenizer.chat_template',
      text(
        `{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`,
      ),
    ],
  ]);
}

function gain(name: string): UnplacedTensor {
  return { name, shape: [width], type: 0, byteLength: width * 4 };
}

function iq4(name: string, values: number, rows: number): UnplacedTensor {
  return { name, shape: [values, rows], type: 20, byteLength: (values * rows * 18) / 32 };
}

export function smallDraftTensors(): UnplacedTensor[] {
  const layers = Array.from({ length: layerCount }, (_, layer) => `blk.${layer}`).flatMap((layer) => [
    gain(`${layer}.attn_norm.weight`),
    iq4(`${layer}.attn_q.weight`, width, width),
    iq4(`${layer}.attn_k.weight`, width, 32),
    iq4(`${layer}.attn_v.weight`, width, 32),
    iq4(`${layer}.attn_output.weight`, width, width),
    gain(`${layer}.ffn_norm.weight`),
    iq4(`${layer}.ffn_gate.weight`, width, innerWidth),
    iq4(`${layer}.ffn_up.weight`, width, innerWidth),
    iq4(`${layer}.ffn_down.weight`, innerWidth, width),
  ]);
  const embeddings = {
    name: 'token_embd.weight',
    shape: [width, tokens.length],
    type: 6,
    byteLength: (width * tokens.length * 22) / 32,
  };
  return [embeddings, gain('output_norm.weight'), ...layers];
}

const blockBytes: Readonly<Record<number, number>> = { 6: 22, 20: 18 };

/** The bytes of a whole file; weights are random, gains 1. */
export function encodeSmallDraft(
  metadata: ReadonlyMap<string, GgufValue> = smallDraftMetadata(),
  tensors: readonly UnplacedTensor[] = smallDraftTensors(),
): Uint8Array<ArrayBuffer> {
  const plan = planGguf(metadata, tensors, 32);
  const file = new Uint8Array(plan.fileBytes);
  const view = new DataView(file.buffer);
  const random = createRandom(32);
  file.set(plan.header);
  for (const [index, { type, byteLength }] of tensors.entries()) {
    const start = plan.positions[index] as number;
    const ofBlock = blockBytes[type];
    for (let at = start; at < start + byteLength; at += ofBlock ?? 4) {
      if (ofBlock === undefined) view.setFloat32(at, 1, true);
      else {
        view.setUint16(at, numberToHalf(type === 6 ? 0.05 : 0.005), true);
        for (let byte = 2; byte < ofBlock; byte++) file[at + byte] = Math.floor(random.uniform() * 256);
      }
    }
  }
  return file;
}
