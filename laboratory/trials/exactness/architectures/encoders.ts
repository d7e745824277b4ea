// Models that write no text: encoders, which give a vector for a text, and encoder-decoders, which need another text first.

import { describeModel, headWidth, innerWidth, width } from './decoders.ts';
import { integer, type MadeModel, real, TensorMaker, truth } from './model-file.ts';
import { bytePairs, type SmallVocabulary, wordPieces } from './vocabulary.ts';

const contextLength = 512;

function bert(seed: number, vocabulary: SmallVocabulary): MadeModel {
  const to = new TensorMaker(seed, 'F32');
  const addNorm = (name: string): void => {
    to.norm(`${name}.weight`, width);
    to.bias(`${name}.bias`, width);
  };
  to.matrix('token_embd.weight', [width, vocabulary.size]);
  to.matrix('token_types.weight', [width, 2]);
  to.matrix('position_embd.weight', [width, contextLength]);
  addNorm('token_embd_norm');
  for (const layer of ['blk.0.', 'blk.1.']) {
    const shapes: [string, number, number][] = [
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name): [string, number, number] => [name, width, width]),
      ['ffn_up', width, innerWidth],
      ['ffn_down', innerWidth, width],
    ];
    for (const [name, from, into] of shapes) {
      to.matrix(`${layer}${name}.weight`, [from, into]);
      to.bias(`${layer}${name}.bias`, into);
    }
    addNorm(`${layer}attn_output_norm`);
    addNorm(`${layer}layer_output_norm`);
  }
  const metadata = describeModel('bert', vocabulary, {
    context_length: integer(contextLength),
    'attention.head_count_kv': integer(2),
    'attention.layer_norm_epsilon': real(1e-12),
    'attention.causal': truth(false),
    pooling_type: integer(1),
  });
  metadata.set('tokenizer.ggml.token_type_count', integer(2));
  return { metadata, tensors: to.tensors };
}

export const bertWordPieces = (seed: number): MadeModel => bert(seed, wordPieces());
/** As ModernBERT: its tokenizer is one that decoders have. */
export const bertBytePairs = (seed: number): MadeModel => bert(seed, bytePairs());

export function encoderDecoder(seed: number): MadeModel {
  const vocabulary = bytePairs();
  const to = new TensorMaker(seed, 'F16');
  to.matrix('token_embd.weight', [width, vocabulary.size]);
  for (const side of ['enc', 'dec']) {
    const layer = `${side}.blk.0.`;
    const attentions = side === 'dec' ? ['attn', 'cross_attn'] : ['attn'];
    to.norm(`${side}.output_norm.weight`, width);
    to.matrix(`${layer}attn_rel_b.weight`, [2, 32], { format: 'F32' });
    for (const attention of attentions) {
      to.norm(`${layer}${attention}_norm.weight`, width);
      for (const part of ['q', 'k', 'v']) to.matrix(`${layer}${attention}_${part}.weight`, [width, 2 * headWidth]);
      to.matrix(`${layer}${attention}_o.weight`, [2 * headWidth, width]);
    }
    to.norm(`${layer}ffn_norm.weight`, width);
    to.matrix(`${layer}ffn_gate.weight`, [width, innerWidth]);
    to.matrix(`${layer}ffn_up.weight`, [width, innerWidth]);
    to.matrix(`${layer}ffn_down.weight`, [innerWidth, width]);
  }
  const metadata = describeModel('t5', vocabulary, {
    context_length: integer(contextLength),
    block_count: integer(1),
    'attention.head_count_kv': integer(2),
    'attention.key_length': integer(headWidth),
    'attention.value_length': integer(headWidth),
    'attention.relative_buckets_count': integer(32),
    decoder_start_token_id: integer(0),
  });
  return { metadata, tensors: to.tensors };
}
