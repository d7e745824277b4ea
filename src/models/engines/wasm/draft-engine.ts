// One pass of a llama-shaped model through the kernel: up to four tokens at once, of one sequence or of several. Each gets the bits that it
// gets alone. Synchronous, on one thread.

import type { ByteSource, GgufHeader } from '../../gguf/gguf.ts';
import {
  type DraftCapacity,
  type DraftMemory,
  type Matrix,
  matrixOf,
  planMemory,
  readWeights,
} from './draft-memory.ts';
import { type DraftShape, type LayerMatrixName, layerMatrices } from './draft-shape.ts';
import { blockValues, type LoadedKernel, loadKernel, quantisedBytes } from './kernel.ts';

/** A token at its place in a sequence. */
export interface Lane {
  readonly token: number;
  /** Number of the sequence. */
  readonly sequence: number;
  readonly position: number;
}

type LayerMatrices = Readonly<Record<LayerMatrixName, Matrix>>;

interface Layer extends LayerMatrices {
  readonly attentionGain: number;
  readonly innerGain: number;
}

export class DraftEngine {
  readonly shape: DraftShape;
  readonly isRelaxed: boolean;
  readonly #loaded: LoadedKernel;
  readonly #memory: DraftMemory;
  readonly #contextLength: number;
  readonly #layers: readonly Layer[];
  readonly #embeddings: Matrix;
  readonly #head: Matrix;

  private constructor(
    header: GgufHeader,
    shape: DraftShape,
    memory: DraftMemory,
    loaded: LoadedKernel,
    context: number,
  ) {
    const matrix = (name: string): Matrix => matrixOf(header, memory, `${name}.weight`);
    const gain = (name: string): number => memory.places.get(`${name}.weight`)?.codes ?? 0;
    this.shape = shape;
    this.isRelaxed = loaded.kernel.isRelaxed() === 1;
    this.#loaded = loaded;
    this.#memory = memory;
    this.#contextLength = context;
    this.#embeddings = matrix('token_embd');
    this.#head = memory.places.has('output.weight') ? matrix('output') : this.#embeddings;
    const names = Object.keys(layerMatrices(shape));
    this.#layers = Array.from({ length: shape.layerCount }, (_, layer) => {
      const matrices = Object.fromEntries(names.map((name) => [name, matrix(`blk.${layer}.${name}`)]));
      const gains = { attentionGain: gain(`blk.${layer}.attn_norm`), innerGain: gain(`blk.${layer}.ffn_norm`) };
      return { ...(matrices as LayerMatrices), ...gains };
    });
    writeAngles(shape, context, loaded.floats, memory.angles);
  }

  /** @throws OutriderError as {@link loadKernel} and {@link readWeights} */
  static async load(
    file: ByteSource,
    header: GgufHeader,
    shape: DraftShape,
    code: Uint8Array,
    capacity: DraftCapacity,
  ): Promise<DraftEngine> {
    const memory = planMemory(header, shape, capacity);
    const loaded = await loadKernel(code, memory.byteLength);
    await readWeights(file, header, memory, loaded);
    return new DraftEngine(header, shape, memory, loaded, capacity.contextLength);
  }

  /** Evaluates at most four tokens; those of a sequence in order. */
  pass(lanes: readonly Lane[]): void {
    const { states } = this.#memory;
    const { width } = this.shape;
    const { codes, scales, blocks, format } = this.#embeddings;
    for (const [index, { token }] of lanes.entries())
      this.#loaded.kernel[format.row](codes, scales, token, blocks, states + index * width * 4);
    for (const [number, layer] of this.#layers.entries()) {
      this.#attend(layer, number, lanes);
      this.#feedForward(layer, lanes.length);
    }
  }

  /** The logits after a token of the last pass; valid until the next call. @param lane its index */
  logits(lane: number): Float32Array {
    const { kernel, floats } = this.#loaded;
    const { states, normed, quantised, logits, places } = this.#memory;
    const { width, epsilon, vocabularySize } = this.shape;
    const gain = places.get('output_norm.weight')?.codes ?? 0;
    kernel.normalise(states + lane * width * 4, gain, width, epsilon, normed);
    kernel.quantise(normed, width, quantised);
    const { codes, scales, rows, blocks, format } = this.#head;
    kernel[format.times](codes, scales, rows, blocks, quantised, logits);
    return floats.subarray(logits >> 2, (logits >> 2) + vocabularySize);
  }

  /** The first `length` positions of a sequence become those of another one. */
  copy(from: number, to: number, length: number): void {
    for (let layer = 0; layer < this.shape.layerCount; layer++)
      for (const kind of [0, 1]) {
        const start = this.#cacheAt(from, layer, kind, 0);
        const end = this.#cacheAt(from, layer, kind, length);
        this.#loaded.bytes.copyWithin(this.#cacheAt(to, layer, kind, 0), start, end);
      }
  }

  /** @param kind 0 keys, 1 values */
  #cacheAt(sequence: number, layer: number, kind: number, position: number): number {
    const { layerCount, sharedHeadCount, headWidth } = this.shape;
    const row = ((sequence * layerCount + layer) * 2 + kind) * this.#contextLength + position;
    return this.#memory.cache + row * sharedHeadCount * headWidth * 4;
  }

  #attend(layer: Layer, number: number, lanes: readonly Lane[]): void {
    const { kernel, bytes } = this.#loaded;
    const { angles, states, queries, keys, values, mixed, outputs, scores } = this.#memory;
    const { width, headCount, sharedHeadCount, headWidth } = this.shape;
    const count = lanes.length;
    const sharedBytes = sharedHeadCount * headWidth * 4;
    this.#normalise(layer.attentionGain, count);
    this.#times(layer.attn_q, count, queries);
    this.#times(layer.attn_k, count, keys);
    this.#times(layer.attn_v, count, values);
    for (const [index, { sequence, position }] of lanes.entries()) {
      const turn = angles + position * headWidth * 8;
      const key = keys + index * sharedBytes;
      kernel.rotate(queries + index * width * 4, headCount, headWidth, turn);
      kernel.rotate(key, sharedHeadCount, headWidth, turn);
      bytes.copyWithin(this.#cacheAt(sequence, number, 0, position), key, key + sharedBytes);
      const value = values + index * sharedBytes;
      bytes.copyWithin(this.#cacheAt(sequence, number, 1, position), value, value + sharedBytes);
    }
    const group = headCount / sharedHeadCount;
    const scale = 1 / Math.sqrt(headWidth);
    for (const [index, { sequence, position }] of lanes.entries())
      for (let head = 0; head < sharedHeadCount; head++) {
        const offset = head * headWidth * 4;
        const [k, v] = [this.#cacheAt(sequence, number, 0, 0), this.#cacheAt(sequence, number, 1, 0)];
        const q = index * width * 4 + offset * group;
        const [seen, out] = [position + 1, mixed + q];
        kernel.attend(queries + q, k + offset, v + offset, sharedBytes, group, seen, headWidth, scale, scores, out);
      }
    this.#quantise(mixed, width, count);
    this.#times(layer.attn_output, count, outputs);
    kernel.add(states, outputs, count * width);
  }

  #feedForward(layer: Layer, count: number): void {
    const { kernel } = this.#loaded;
    const { states, gates, ups, outputs } = this.#memory;
    const { width, innerWidth } = this.shape;
    this.#normalise(layer.innerGain, count);
    this.#times(layer.ffn_gate, count, gates);
    this.#times(layer.ffn_up, count, ups);
    kernel.gateWith(gates, ups, count * innerWidth);
    this.#quantise(gates, innerWidth, count);
    this.#times(layer.ffn_down, count, outputs);
    kernel.add(states, outputs, count * width);
  }

  /** The normalised states of all lanes, quantised. */
  #normalise(gain: number, count: number): void {
    const { states, normed } = this.#memory;
    const { width, epsilon } = this.shape;
    for (let lane = 0; lane < count; lane++) {
      const at = lane * width * 4;
      this.#loaded.kernel.normalise(states + at, gain, width, epsilon, normed + at);
    }
    this.#quantise(normed, width, count);
  }

  #quantise(from: number, width: number, count: number): void {
    const { quantised } = this.#memory;
    for (let lane = 0; lane < count; lane++)
      this.#loaded.kernel.quantise(from + lane * width * 4, width, quantised + lane * quantisedBytes(width));
  }

  /** Lanes beyond `count` are computed and not read: two at once cost less as four. */
  #times({ codes, scales, rows, blocks, format }: Matrix, count: number, out: number): void {
    const { kernel } = this.#loaded;
    const { quantised } = this.#memory;
    const stride = quantisedBytes(blocks * blockValues);
    if (count > 1 && format.times4 !== undefined) {
      kernel[format.times4](codes, scales, rows, blocks, quantised, stride, out, rows * 4);
      return;
    }
    for (let lane = 0; lane < count; lane++)
      kernel[format.times](codes, scales, rows, blocks, quantised + lane * stride, out + lane * rows * 4);
  }
}

/** For each position: cos, cos, ... and then -sin, sin, ..., of the pairs of a head. */
function writeAngles({ headWidth, rotationBase }: DraftShape, context: number, floats: Float32Array, at: number): void {
  const speeds = Array.from({ length: headWidth / 2 }, (_, pair) => rotationBase ** ((-2 * pair) / headWidth));
  for (let position = 0; position < context; position++)
    for (const [pair, speed] of speeds.entries()) {
      const [cosine, sine] = [Math.cos(position * speed), Math.sin(position * speed)];
      const index = (at >> 2) + position * headWidth * 2 + 2 * pair;
      floats.set([cosine, cosine], index);
      floats.set([-sine, sine], index + headWidth);
    }
}
