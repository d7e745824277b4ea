// Reads from a header whether the model can generate text, and for which context it was trained. A model that can't generate text is
// refused here, before anything is loaded: the engine's native code would end the whole process.

import type { OutriderError } from '../../core/basics/errors.ts';
import { unreadable } from './cursor.ts';
import type { GgufHeader, GgufScalar } from './gguf.ts';

/** The parts of a header that are read; of a split model, the tensors of all its files. */
export type DecoderHeader = Pick<GgufHeader, 'metadata' | 'tensors'>;

export interface DecoderFacts {
  /** Tokens of one text for which the model was trained, by its own scaling of positions where it has one. */
  readonly trainedContext: number;
  /** Rows of the table of learned positions; Infinity where positions are computed. An engine asserts that none lies beyond. */
  readonly positions: number;
  /** In a larger context, tokens, the engine rotates all positions by other frequencies (LongRoPE); Infinity where it has no others. */
  readonly longFrom: number;
  /** Whether it keeps a state that can't be rolled back token by token. */
  readonly isRecurrent: boolean;
}

/** A shorter text can't hold the comparisons by which a shape law is found. */
export const leastContext = 128;

/** The keys of layers with a state, after the architecture's name. */
const stateKeys = ['ssm.state_size', 'ssm.inner_size', 'wkv.head_size', 'shortconv.l_cache'];

const otherModel = 'another copy of the file does not help: take a model that writes text (a decoder)';
const otherConversion =
  'get the file again from where it was made (`outrider models pull NAME`), or convert the model anew';

function notAModel(problem: string, remedy: string): OutriderError {
  return unreadable(`is ${problem}, and no model that writes text`, remedy);
}

interface Fields {
  readonly architecture: string;
  /** The scalar under a key of the architecture. */
  one(key: string): GgufScalar | undefined;
  /** The numbers under it, of one for all layers or of each layer; empty if it is absent. */
  numbers(key: string): number[];
}

function fieldsOf({ metadata }: DecoderHeader): Fields {
  const architecture = metadata.get('general.architecture')?.value;
  if (typeof architecture !== 'string' || architecture === '')
    throw unreadable('does not name its architecture', otherConversion);
  const field = (key: string) => metadata.get(`${architecture}.${key}`);
  return {
    architecture,
    one(key) {
      const value = field(key);
      return value === undefined || value.type === 'array' ? undefined : value.value;
    },
    numbers(key) {
      const value = field(key);
      const values: readonly GgufScalar[] =
        value === undefined ? [] : value.type === 'array' ? value.value : [value.value];
      return values.map(Number);
    },
  };
}

/** Refuses a file that is only a part of a model: an adapter, a projector, or another type. */
function refuseParts({ metadata }: DecoderHeader): void {
  const type = metadata.get('general.type')?.value ?? 'model';
  if (type === 'adapter' || metadata.has('adapter.type'))
    throw notAModel('a LoRA adapter', 'merge it into its model (llama-export-lora), and name the merged file');
  if (type === 'mmproj' || metadata.get('general.architecture')?.value === 'clip') {
    const problem = 'the part of a model that reads pictures or sound (mmproj)';
    throw notAModel(problem, 'name the file of the language model that it belongs to');
  }
  if (type !== 'model') throw notAModel(`a file of the type "${String(type)}"`, otherModel);
}

function refuseOtherUses({ tensors }: DecoderHeader, { one }: Fields): void {
  if (tensors.some(({ name }) => name.startsWith('dec.'))) throw notAModel('an encoder with a decoder', otherModel);
  if (one('attention.causal') === false || tensors.some(({ name }) => name.startsWith('enc.')))
    throw notAModel('an encoder, which reads a whole text at once', otherModel);
  if (Number(one('pooling_type') ?? 0) > 0)
    throw notAModel('a model of embeddings, which makes one vector of a text', otherModel);
}

/** Counts that the engine divides by, or takes memory for, without a check. */
function refuseNonsense({ metadata, tensors }: DecoderHeader, fields: Fields, isRecurrent: boolean): void {
  const { architecture, numbers } = fields;
  const wrong = (key: string, value: unknown): OutriderError =>
    unreadable(`says ${architecture}.${key} ${String(value)}`, otherConversion);
  for (const [key, { type, value }] of metadata) {
    if (!key.startsWith(`${architecture}.`) || (type !== 'float32' && type !== 'float64')) continue;
    if (!Number.isFinite(value)) throw wrong(key.slice(architecture.length + 1), value);
  }
  const atLeast = (key: string, least: number, most: number): void => {
    const values = numbers(key);
    // A missing key has no largest value, and is wrong as well.
    const largest = values.reduce((most, value) => Math.max(most, value), -1);
    const isWrong = values.some((value) => !Number.isSafeInteger(value) || value < 0) || largest < least;
    if (isWrong || largest > most) throw wrong(key, values.length === 0 ? 'not at all' : largest);
  };
  atLeast('context_length', 1, Number.MAX_SAFE_INTEGER);
  atLeast('embedding_length', 1, Number.MAX_SAFE_INTEGER);
  // A layer has tensors of its own.
  atLeast('block_count', 1, tensors.length);
  if (!isRecurrent) atLeast('attention.head_count', 1, Number.MAX_SAFE_INTEGER);
}

/**
 * The length of text for which the positions are scaled counts, where it is more than the file's own: files of scaled models (YaRN) often
 * give the length before the scaling there.
 */
function trainedContextOf({ one }: Fields): number {
  const own = Number(one('context_length'));
  const scaled = Number(one('rope.scaling.factor') ?? 0) * Number(one('rope.scaling.original_context_length') ?? 0);
  return one('rope.scaling.type') === 'none' ? own : Math.max(own, Math.floor(scaled));
}

/** Larger than that, and the engine takes the frequencies for long texts. */
function longFromOf({ tensors }: DecoderHeader, { one }: Fields): number {
  if (!tensors.some(({ name }) => name.startsWith('rope_factors_long'))) return Number.POSITIVE_INFINITY;
  return Number(one('rope.scaling.original_context_length') ?? one('context_length'));
}

/** @throws OutriderError `model-unreadable` where the file holds nothing that writes text, or its counts make no sense */
export function readDecoder(header: DecoderHeader): DecoderFacts {
  refuseParts(header);
  const fields = fieldsOf(header);
  refuseOtherUses(header, fields);
  const isRecurrent = stateKeys.some((key) => fields.numbers(key).some((value) => value > 0));
  refuseNonsense(header, fields, isRecurrent);
  const learned = header.tensors.find(({ name }) => name === 'position_embd.weight')?.shape[1];
  const facts = {
    trainedContext: trainedContextOf(fields),
    positions: learned ?? Number.POSITIVE_INFINITY,
    longFrom: longFromOf(header, fields),
    isRecurrent,
  };
  const most = Math.min(facts.trainedContext, facts.positions);
  if (most >= leastContext) return facts;
  throw unreadable(`was trained for texts of ${most} tokens, and at least ${leastContext} are needed`, otherModel);
}
