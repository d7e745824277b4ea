// One loaded model with its context: evaluates items in calls under the present law. llama.ts finds the law.

import type {
  ControlledEvaluateInputItem,
  CustomBatchingPrioritizationStrategy,
  LlamaContext,
  LlamaModel,
  Token,
} from 'node-llama-cpp';
import { badArgument } from '../../core/basics/errors.ts';
import { invariant } from '../../core/basics/invariant.ts';
import type { Candidates } from '../../core/decoding/candidates.ts';
import { freeLaw, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import { type CallEngine, evaluateByLaw, longestItem } from '../exactness/evaluate-by-law.ts';
import { comparedSequences } from '../exactness/shape-histories.ts';
import { checkShape } from '../port/item-rules.ts';
import type {
  EvaluateItem,
  Exactness,
  LanguageModel,
  ModelIdentity,
  ModelLimits,
  ModelSequence,
  Tokenizer,
} from '../port/model.ts';
import { createSerialQueue } from '../port/serial-queue.ts';
import { askForWeight, controlledInput, noNumbers, readRows, type Vocabulary } from './llama-candidates.ts';
import { eraseFrom, LlamaSequence, SequencePool } from './llama-sequences.ts';

/** Limit of rows with logits in one call of the engine: 4 bytes x vocabulary each. */
export const batchTokens = 256;
/** Where the tokens stand in the vocabulary after which the logits are compared. */
const probedPlaces = [0.2, 0.4, 0.6, 0.8];
const largestPadding = 15;
/** In each sequence: padding, and one place that node-llama-cpp keeps free. */
const spareTokens = 64;
/** The engine allocates its memory in blocks. */
const blockTokens = 256;

export interface LlamaContextOptions {
  readonly sequences: number;
  /** Capacity of one sequence in tokens. */
  readonly contextLength: number;
  readonly threads: number;
}

export class LlamaLanguageModel implements LanguageModel, CallEngine {
  identity: ModelIdentity = { name: '', fingerprint: '', description: '' };
  readonly tokenizer: Tokenizer;
  limits: ModelLimits;
  exactness?: Exactness;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #queue = createSerialQueue();
  readonly #pool: SequencePool;
  readonly largestCall: number = batchTokens;
  /** Limit of sequences in one call. */
  #mostSequences = comparedSequences;
  readonly #vocabulary: Vocabulary;
  #closing: Promise<void> | undefined;

  get gpuLayers(): number {
    return this.#model.gpuLayers;
  }

  /** Context of one sequence as the engine has it, tokens; more than is asked for. */
  get contextSize(): number {
    return this.#context.contextSize;
  }

  /** @param mostTokens of a sequence, padding included: the model's own limit */
  constructor(
    model: LlamaModel,
    context: LlamaContext,
    tokenizer: Tokenizer,
    mostTokens: number = Number.POSITIVE_INFINITY,
  ) {
    this.#model = model;
    this.#context = context;
    this.tokenizer = tokenizer;
    this.#vocabulary = { size: tokenizer.vocabularySize, tokenizer: model.tokenizer };
    // The full capacity of the context until the owner settles on less: the search for a law needs room.
    const contextLength = Math.min(context.contextSize - spareTokens, mostTokens - largestPadding);
    const maxSequences = context.totalSequences;
    this.limits = { contextLength, maxSequences, maxItemTokens: batchTokens, law: freeLaw };
    this.#pool = new SequencePool(context, this.#queue);
  }

  /** Follows this law from now on. */
  adopt(law: ShapeLaw): void {
    this.limits = { ...this.limits, law, maxItemTokens: longestItem(law, batchTokens) };
  }

  /** No promise about shapes, so calls may be as long as the engine allows. */
  adoptFast(): void {
    this.#mostSequences = this.limits.maxSequences;
    this.adopt({ ...freeLaw, most: batchTokens });
  }

  noteMemory(cachedTokenBytes: number): void {
    this.limits = { ...this.limits, cachedTokenBytes };
  }

  /** Sets the identity, and the memory of a sequence. */
  settle(identity: ModelIdentity, contextLength: number, exactness?: Exactness): void {
    this.identity = identity;
    if (exactness !== undefined) this.exactness = exactness;
    this.limits = { ...this.limits, contextLength };
  }

  /** Whether evaluated tokens can be removed again exactly. Recurrent layers keep a state and no cells. */
  get canRollBack(): boolean {
    return this.#pool.canRollBack;
  }

  openSequence(): ModelSequence {
    invariant(this.#closing === undefined, 'openSequence of a closed model');
    return this.#pool.open();
  }

  evaluate(items: readonly EvaluateItem[]): Promise<Candidates[][]> {
    invariant(this.#closing === undefined, 'evaluate of a closed model');
    return this.#queue.run(() => {
      for (const item of items) this.#check(item);
      invariant(
        new Set(items.map(({ sequence }) => sequence)).size === items.length,
        'a sequence occurs twice in a batch',
      );
      return evaluateByLaw(this, this.limits.law, items, this.#mostSequences);
    });
  }

  /** Started in the order of the sequences' numbers and without a pause, the parts become one batch of the engine. */
  async call(items: readonly EvaluateItem[]): Promise<Candidates[][]> {
    const order = items.map((_, index) => index).sort((one, other) => numberAt(items, one) - numberAt(items, other));
    const results: Candidates[][] = [];
    // Waits for all: a call that is still running would continue to write into memory that its owner takes for empty.
    const ended = await Promise.allSettled(
      order.map(async (index) => {
        const item = items[index] as EvaluateItem;
        const { inner } = item.sequence as LlamaSequence;
        results[index] = readRows(await inner.controlledEvaluate(controlledInput(item, this.#vocabulary)), item);
      }),
    );
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return results;
  }

  /** After some text, over the whole vocabulary. @throws OutriderError `engine-failed` */
  async demandNumbers(): Promise<void> {
    const sequence = this.#pool.open();
    try {
      // Of the whole vocabulary; what they mean does not matter.
      const tokens = probedPlaces.map((place) => Math.floor(place * this.tokenizer.vocabularySize) as Token);
      const last = tokens.length - 1;
      const input = tokens.map(
        (token, index): ControlledEvaluateInputItem => (index < last ? token : [token, askForWeight]),
      );
      const weight = (await sequence.inner.controlledEvaluate(input))[last]?.next.totalLogitWeight;
      if (!Number.isFinite(weight)) throw noNumbers('not every logit is finite');
    } finally {
      await sequence.release();
    }
  }

  erase(sequence: ModelSequence, length: number): Promise<void> {
    return eraseFrom((sequence as LlamaSequence).inner, length);
  }

  close(): Promise<void> {
    this.#closing ??= this.#queue.run(async () => {
      await this.#context.dispose();
      await this.#model.dispose();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(item: EvaluateItem): void {
    const { sequence } = item;
    invariant(sequence instanceof LlamaSequence && this.#pool.owns(sequence), 'sequence of another model');
    invariant(!sequence.released, 'evaluate of a released sequence');
    // Refused here, because the engine itself would drop the start of the text silently.
    checkShape(item, this.limits);
  }
}

function numberAt(items: readonly EvaluateItem[], index: number): number {
  return ((items[index] as EvaluateItem).sequence as LlamaSequence).number;
}

/**
 * Items in the order of their calls, never a part of one: a cut item could leave a row of another shape. (An item that no call can
 * hold comes from the library itself, when it re-evaluates a text, and is cut: otherwise it would never be evaluated.)
 */
const wholeItemsInOrder: CustomBatchingPrioritizationStrategy = ({ items, size }) => {
  let left = size;
  const whole = [];
  for (const item of items) {
    if (item.tokens.length > left) break;
    left -= item.tokens.length;
    whole.push({ item, processAmount: item.tokens.length });
  }
  const [first] = items;
  return whole.length === 0 && first !== undefined ? [{ item: first, processAmount: size }] : whole;
};

/** @throws OutriderError `bad-argument` where memory is not sufficient */
export async function createLlamaContext(
  model: LlamaModel,
  { sequences, contextLength, threads }: LlamaContextOptions,
): Promise<LlamaContext> {
  try {
    return await model.createContext({
      sequences,
      contextSize: Math.ceil((contextLength + spareTokens) / blockTokens) * blockTokens,
      batchSize: batchTokens,
      flashAttention: true,
      // All cells of sliding windows are kept, so a text can be rolled back by any length.
      swaFullCache: true,
      // The library would lower the number while another context of the process works, and the rounding depends on the number of threads.
      threads: { ideal: threads, min: threads },
      batching: { itemPrioritizationStrategy: wholeItemsInOrder },
    });
  } catch (cause) {
    throw badArgument(
      `no memory for ${sequences} sequences of ${contextLength} tokens`,
      'Ask for fewer sequences or a shorter context.',
      { cause },
    );
  }
}
