// Models that keep a state instead of all tokens, wholly (Mamba) or in some layers (LFM2): they can't go back to an earlier text.

import { addAttention, addFeedForward, describeModel, headWidth, innerWidth, layersOf, width } from './decoders.ts';
import { integer, type MadeModel, numbers, real, TensorMaker } from './model-file.ts';
import { bytePairs } from './vocabulary.ts';

const convolution = 4;
const stateWidth = 16;
const stepRank = 8;

export function stateSpace(seed: number): MadeModel {
  const vocabulary = bytePairs();
  const to = new TensorMaker(seed, 'F32');
  to.matrix('token_embd.weight', [width, vocabulary.size], { deviation: 1 });
  to.norm('output_norm.weight', width);
  for (const layer of layersOf()) {
    to.norm(`${layer}attn_norm.weight`, width);
    to.matrix(`${layer}ssm_in.weight`, [width, 2 * innerWidth]);
    to.matrix(`${layer}ssm_conv1d.weight`, [convolution, innerWidth]);
    to.bias(`${layer}ssm_conv1d.bias`, innerWidth);
    to.matrix(`${layer}ssm_x.weight`, [innerWidth, stepRank + 2 * stateWidth]);
    to.matrix(`${layer}ssm_dt.weight`, [stepRank, innerWidth]);
    to.bias(`${layer}ssm_dt.bias`, innerWidth);
    to.add(`${layer}ssm_a`, [stateWidth, innerWidth], 'F32', (index) => -1 - (index % stateWidth));
    to.norm(`${layer}ssm_d`, innerWidth);
    to.matrix(`${layer}ssm_out.weight`, [innerWidth, width]);
  }
  const metadata = describeModel('mamba', vocabulary, {
    feed_forward_length: integer(0),
    'attention.head_count': integer(0),
    'ssm.conv_kernel': integer(convolution),
    'ssm.inner_size': integer(innerWidth),
    'ssm.state_size': integer(stateWidth),
    'ssm.time_step_rank': integer(stepRank),
  });
  return { metadata, tensors: to.tensors };
}

/** The second of three layers attends; the others convolve. */
export function hybrid(seed: number): MadeModel {
  const vocabulary = bytePairs();
  const to = new TensorMaker(seed, 'Q8_0');
  to.matrix('token_embd.weight', [width, vocabulary.size], { deviation: 1 });
  to.norm('token_embd_norm.weight', width);
  for (const [index, layer] of layersOf(3).entries()) {
    if (index === 1) {
      addAttention(to, layer);
      to.norm(`${layer}attn_q_norm.weight`, headWidth);
      to.norm(`${layer}attn_k_norm.weight`, headWidth);
    } else {
      to.norm(`${layer}attn_norm.weight`, width);
      to.matrix(`${layer}shortconv.in_proj.weight`, [width, 3 * width]);
      to.matrix(`${layer}shortconv.conv.weight`, [3, width], { format: 'F32' });
      to.matrix(`${layer}shortconv.out_proj.weight`, [width, width]);
    }
    addFeedForward(to, layer);
  }
  const metadata = describeModel('lfm2', vocabulary, {
    block_count: integer(3),
    'attention.head_count_kv': numbers('int32', [0, 1, 0]),
    'rope.freq_base': real(1e6),
    'shortconv.l_cache': integer(3),
  });
  return { metadata, tensors: to.tensors };
}
