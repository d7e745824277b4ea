// A draft model in WebAssembly, behind the model port: no package, no thread, no secure context. It blocks its thread while it evaluates, so a
// page runs it in a worker.

import { type Checks, checkOptions, having, optional, text, whole } from '../../../core/basics/check-options.ts';
import { invariant } from '../../../core/basics/invariant.ts';
import { Sha256 } from '../../../core/basics/sha256.ts';
import { encodeUtf8 } from '../../../core/basics/utf8.ts';
import type { Candidates } from '../../../core/decoding/candidates.ts';
import { freeLaw } from '../../../core/decoding/shape-law.ts';
import { readMappedDraft } from '../../gguf/draft-metadata.ts';
import { type ByteSource, byteSource, readGgufHeader } from '../../gguf/gguf.ts';
import { vocabularyOf } from '../../gguf/vocabulary.ts';
import { checkShape, edgeFull } from '../../port/item-rules.ts';
import type {
  EvaluateItem,
  LanguageModel,
  ModelIdentity,
  ModelLimits,
  ModelSequence,
  Tokenizer,
} from '../../port/model.ts';
import { mapVocabulary } from '../mapped-vocabulary.ts';
import { openBpeTokenizer } from './bpe-tokenizer.ts';
import { DraftEngine, type Lane } from './draft-engine.ts';
import { cachedTokenBytes, noNumbers } from './draft-memory.ts';
import { readDraftShape } from './draft-shape.ts';
import { laneCount } from './kernel.ts';
import { answerAsk } from './wasm-candidates.ts';

/** What {@link openWasmModel} opens. */
export interface WasmModelOptions {
  /** A GGUF file: its bytes, or where ranges of it are read, one after the other. Nothing of it is kept. */
  readonly file: ArrayBuffer | Uint8Array | ByteSource;
  /** The bytes of the kernel that `wasmKernelName` names. */
  readonly kernel: ArrayBuffer | Uint8Array;
  /** Texts at a time; a drafter with hedges takes two. */
  readonly sequences: number;
  /** Capacity of one sequence, tokens; at most what the model was trained for. */
  readonly contextLength: number;
  /** For its identity; default: the file's own. */
  readonly name?: string | undefined;
}

const longestItem = 64;
/** Tokens evaluated at the opening; any do. */
const checkedTokens = [0.2, 0.4, 0.6, 0.8];

const openChecks: Checks<WasmModelOptions> = {
  file: having('a file', 'byteLength'),
  kernel: having('the bytes of a kernel', 'byteLength'),
  sequences: whole(1),
  contextLength: whole(8),
  name: optional(text),
};

/**
 * Opens a draft of the SmolLM2 family (weights in IQ4_NL and Q5_0) on a WASM kernel. A draft with a part of its target's vocabulary takes and
 * gives the target's ids. Evaluations block the thread: in a page, call it in a worker.
 * @throws OutriderError `bad-argument`; `engine-missing` without WebAssembly with SIMD, or with another kernel; `model-unreadable` for a
 * file that is damaged or that it can't run; `engine-failed` where weights are no numbers; `memory-full`
 */
export async function openWasmModel(options: WasmModelOptions): Promise<LanguageModel> {
  checkOptions('openWasmModel', options, openChecks);
  const file = byteSource(options.file);
  const code = ArrayBuffer.isView(options.kernel) ? options.kernel : new Uint8Array(options.kernel);
  const header = await readGgufHeader(file);
  const shape = readDraftShape(header);
  const mapped = readMappedDraft(header);
  const tokenizer = openBpeTokenizer(mapped?.tokenizer ?? header.metadata);
  const contextLength = Math.min(options.contextLength, shape.trainedContext);
  const capacity = { sequences: options.sequences, contextLength };
  const engine = await DraftEngine.load(file, header, shape, code, capacity);
  const name = options.name ?? String(header.metadata.get('general.name')?.value ?? 'draft');
  const identity: ModelIdentity = {
    name,
    fingerprint: fingerprintOf(engine, code, vocabularyOf(header).hash),
    description: `${name}, WASM SIMD${engine.isRelaxed ? ', relaxed' : ''}, 1 thread`,
  };
  const model = new WasmModel(engine, identity, tokenizer, capacity);
  return mapped === undefined ? model : mapVocabulary(model, mapped, tokenizer);
}

/** The logits of a few tokens differ where any weight or the rounding does. @throws OutriderError `engine-failed` */
function fingerprintOf(engine: DraftEngine, code: Uint8Array, vocabularyHash: string): string {
  const { vocabularySize } = engine.shape;
  engine.pass(
    checkedTokens.map((place, position) => ({ token: Math.floor(place * vocabularySize), sequence: 0, position })),
  );
  const logits = engine.logits(checkedTokens.length - 1);
  if (!logits.every(Number.isFinite)) throw noNumbers('the logits');
  const hash = new Sha256().update(code);
  hash.update(encodeUtf8(`${vocabularyHash} ${JSON.stringify(engine.shape)}`));
  return hash.update(new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength)).hex();
}

class WasmSequence implements ModelSequence {
  readonly number: number;
  readonly #model: WasmModel;
  length = 0;
  isReleased = false;

  constructor(model: WasmModel, number: number) {
    this.#model = model;
    this.number = number;
  }

  async truncate(length: number): Promise<void> {
    invariant(!this.isReleased, 'truncate of a released sequence');
    const isWithin = Number.isInteger(length) && length >= 0 && length <= this.length;
    invariant(isWithin, `truncate to ${length} of ${this.length} tokens`);
    this.length = length;
  }

  async copyFrom(other: ModelSequence, length: number): Promise<void> {
    invariant(this.#model.owns(other) && other !== this, 'copy of itself');
    invariant(!this.isReleased && !other.isReleased, 'copy of a released sequence');
    invariant(Number.isInteger(length) && length >= 0 && length <= other.length, `copy of ${length} tokens`);
    this.#model.copy(other, this, length);
    this.length = length;
  }

  async release(): Promise<void> {
    invariant(!this.isReleased, 'sequence released twice');
    this.isReleased = true;
    this.#model.takeBack(this);
  }
}

class WasmModel implements LanguageModel {
  readonly identity: ModelIdentity;
  readonly tokenizer: Tokenizer;
  readonly limits: ModelLimits;
  readonly #engine: DraftEngine;
  /** Numbers of sequences that are not in use. */
  readonly #free: number[];
  readonly #open = new Set<WasmSequence>();
  #isClosed = false;

  constructor(
    engine: DraftEngine,
    identity: ModelIdentity,
    tokenizer: Tokenizer,
    { sequences, contextLength }: Pick<WasmModelOptions, 'sequences' | 'contextLength'>,
  ) {
    this.#engine = engine;
    this.identity = identity;
    this.tokenizer = tokenizer;
    this.limits = {
      contextLength,
      maxSequences: sequences,
      maxItemTokens: longestItem,
      cachedTokenBytes: cachedTokenBytes(engine.shape),
      law: freeLaw,
    };
    this.#free = Array.from({ length: sequences }, (_, index) => sequences - 1 - index);
  }

  openSequence(): ModelSequence {
    invariant(!this.#isClosed, 'openSequence of a closed model');
    const number = this.#free.pop();
    if (number === undefined) throw edgeFull(this.limits.maxSequences);
    const sequence = new WasmSequence(this, number);
    this.#open.add(sequence);
    return sequence;
  }

  owns(sequence: ModelSequence): sequence is WasmSequence {
    return this.#open.has(sequence as WasmSequence);
  }

  copy(from: WasmSequence, to: WasmSequence, length: number): void {
    this.#engine.copy(from.number, to.number, length);
  }

  takeBack(sequence: WasmSequence): void {
    this.#open.delete(sequence);
    this.#free.push(sequence.number);
  }

  /** Nothing is awaited, so calls are done in the order they come. */
  async evaluate(items: readonly EvaluateItem[]): Promise<Candidates[][]> {
    invariant(!this.#isClosed, 'evaluate of a closed model');
    for (const item of items) {
      invariant(this.owns(item.sequence), 'sequence of another model, or a released one');
      checkShape(item, this.limits);
      const wrong = item.tokens.find(
        (id) => !Number.isInteger(id) || id < 0 || id >= this.#engine.shape.vocabularySize,
      );
      invariant(wrong === undefined, `no token ${wrong} in the vocabulary`);
    }
    invariant(
      new Set(items.map(({ sequence }) => sequence)).size === items.length,
      'a sequence occurs twice in a batch',
    );
    const results: Candidates[][] = items.map(() => []);
    const lanes = items.flatMap((item, index) => lanesOf(item, results[index] as Candidates[]));
    for (let at = 0; at < lanes.length; at += laneCount) {
      const part = lanes.slice(at, at + laneCount);
      this.#engine.pass(part);
      for (const [lane, { answer }] of part.entries()) answer?.(this.#engine.logits(lane));
    }
    for (const { sequence, tokens } of items) (sequence as WasmSequence).length += tokens.length;
    return results;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface AnsweredLane extends Lane {
  /** Takes the logits after the token; absent where they are not asked for. */
  readonly answer?: (logits: Float32Array) => void;
}

function lanesOf({ sequence, tokens, rows, asks }: EvaluateItem, results: Candidates[]): AnsweredLane[] {
  const { number, length } = sequence as WasmSequence;
  return tokens.map((token, index) => {
    const lane = { token, sequence: number, position: length + index };
    const row = index - (tokens.length - rows);
    if (row < 0) return lane;
    return { ...lane, answer: (logits) => void results.push(answerAsk(logits, asks?.[row])) };
  });
}
