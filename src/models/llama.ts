// A language model run in this process by llama.cpp (node-llama-cpp's low-level calls). Decides how calls are shaped so that
// the same tokens give the same logits bit for bit; knows nothing of sessions. docs/engines.md has the measurements.

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { CustomBatchingPrioritizationStrategy, LlamaContext, LlamaModel } from 'node-llama-cpp';
import { OutriderError } from '../basics/errors.ts';
import { invariant } from '../basics/invariant.ts';
import type { Candidates } from '../decoding/candidates.ts';
import { freeLaw } from '../decoding/shape-law.ts';
import { hashFile } from './cache.ts';
import { checkShape } from './item-rules.ts';
import { controlledInput, readRows } from './llama-candidates.ts';
import { type LlamaEngine, loadLlamaModel, startLlamaEngine } from './llama-engine.ts';
import { eraseFrom, LlamaSequence, SequencePool } from './llama-sequences.ts';
import { createLlamaTokenizer } from './llama-tokenizer.ts';
import type { EvaluateItem, LanguageModel, ModelIdentity, ModelLimits, ModelSequence, Tokenizer } from './model.ts';
import { createSerialQueue } from './serial-queue.ts';

export interface LlamaOptions {
  readonly path: string;
  /** Name in the manifest; the file's name if absent. */
  readonly name?: string;
  readonly sequences: number;
  /** Tokens that one sequence can hold. */
  readonly contextLength: number;
  /** Same logits for the same tokens whatever the calls were (calls of at most 63 tokens; one thread unless asked). */
  readonly exact: boolean;
  /** Default: 1 if exact, otherwise one less than the machine has. */
  readonly threads?: number;
  /** Default: false. */
  readonly gpu?: boolean;
  /** Hash of the file if it is known; computed otherwise. */
  readonly sha256?: string;
}

/** From 64 rows on llama.cpp's flash attention takes another path, with other rounding. */
const exactItemTokens = 63;
const fastItemTokens = 256;
/** Rows of logits that one call of the engine may hold: 4 bytes x vocabulary each. */
const batchTokens = 256;

/**
 * @throws OutriderError `engine-missing`, `model-unknown`, `model-unreadable`, `bad-argument`
 */
export async function openLlamaModel(options: LlamaOptions): Promise<LanguageModel> {
  const threads = options.threads ?? (options.exact ? 1 : 0);
  checkCounts(options, threads);
  const engine = await startLlamaEngine(options.gpu ?? false);
  const model = await loadLlamaModel(engine, options.path, { vocabularyOnly: false });
  try {
    const [tokenizer, sha256] = await Promise.all([
      createLlamaTokenizer(engine, model, options.path),
      options.sha256 ?? hashFile(options.path),
    ]);
    const usedThreads = threads === 0 ? Math.max(1, engine.llama.cpuMathCores - 1) : threads;
    const context = await createContext(model, options, usedThreads);
    const opened = new LlamaLanguageModel(model, context, tokenizer, options);
    await opened.prepare(engine, sha256, usedThreads);
    return opened;
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

class LlamaLanguageModel implements LanguageModel {
  identity: ModelIdentity = { name: '', fingerprint: '', description: '' };
  readonly tokenizer: Tokenizer;
  readonly limits: ModelLimits;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #options: LlamaOptions;
  readonly #queue = createSerialQueue();
  readonly #pool: SequencePool;
  /** One row alone may be rounded differently from a row among others, so it never goes alone. */
  #padsLoneTokens = false;
  #closing: Promise<void> | undefined;

  constructor(model: LlamaModel, context: LlamaContext, tokenizer: Tokenizer, options: LlamaOptions) {
    this.#model = model;
    this.#context = context;
    this.#options = options;
    this.tokenizer = tokenizer;
    this.limits = {
      contextLength: options.contextLength,
      maxSequences: options.sequences,
      maxItemTokens: options.exact ? exactItemTokens : fastItemTokens,
      law: freeLaw,
    };
    this.#pool = new SequencePool(context, this.#queue);
  }

  async prepare(engine: LlamaEngine, sha256: string, threads: number): Promise<void> {
    const { exact, gpu = false } = this.#options;
    // With several threads a lone row differs only beyond 512 tokens of context, where no quick test would see it.
    if (exact) this.#padsLoneTokens = threads > 1 || gpu || (await this.#differsAlone());
    this.identity = describe(this.#options, { engine, sha256, threads, padsLoneTokens: this.#padsLoneTokens });
  }

  openSequence(): ModelSequence {
    invariant(this.#closing === undefined, 'openSequence of a closed model');
    return this.#pool.open();
  }

  evaluate(items: readonly EvaluateItem[]): Promise<Candidates[][]> {
    invariant(this.#closing === undefined, 'evaluate of a closed model');
    return this.#queue.run(() => {
      const order = items.map((item) => this.#check(item));
      invariant(new Set(order).size === items.length, 'a sequence occurs twice in a batch');
      return this.#padsLoneTokens ? this.#evaluateApart(items, order) : evaluateTogether(items, order);
    });
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

  #check(item: EvaluateItem): LlamaSequence {
    const { sequence } = item;
    invariant(sequence instanceof LlamaSequence && this.#pool.owns(sequence), 'sequence of another model');
    invariant(!sequence.released, 'evaluate of a released sequence');
    // Refused here because the engine itself would drop the start of the text without a word.
    checkShape(item, this.limits);
    return sequence;
  }

  async #evaluateApart(items: readonly EvaluateItem[], order: readonly LlamaSequence[]): Promise<Candidates[][]> {
    const results: Candidates[][] = [];
    for (const [index, { row }] of order.entries()) {
      const { tokens, rows } = items[index] as EvaluateItem;
      const padding = tokens.length === 1 ? tokens : [];
      const outputs = await row.controlledEvaluate([...controlledInput(tokens, rows), ...controlledInput(padding, 0)]);
      await eraseFrom(row, row.nextTokenIndex - padding.length);
      results.push(readRows(outputs, tokens.length, rows));
    }
    return results;
  }

  async #differsAlone(): Promise<boolean> {
    const sequence = this.#pool.open();
    const tokens = [1, 2, 3, 4, 5].map((id) => id % this.tokenizer.vocabularySize);
    const together = await evaluateTogether([{ sequence, tokens, rows: 2 }], [sequence]);
    await sequence.truncate(tokens.length - 1);
    const alone = await evaluateTogether([{ sequence, tokens: tokens.slice(-1), rows: 1 }], [sequence]);
    await sequence.release();
    return JSON.stringify(together[0]?.[1]) !== JSON.stringify(alone[0]?.[0]);
  }
}

/** Started in the order of the sequences' numbers and in one go, the calls become one batch of the engine. */
async function evaluateTogether(
  items: readonly EvaluateItem[],
  order: readonly LlamaSequence[],
): Promise<Candidates[][]> {
  const indexes = order.map((_, index) => index).sort((a, b) => numberAt(order, a) - numberAt(order, b));
  const results: Candidates[][] = [];
  await Promise.all(
    indexes.map(async (index) => {
      const { tokens, rows } = items[index] as EvaluateItem;
      const outputs = await (order[index] as LlamaSequence).row.controlledEvaluate(controlledInput(tokens, rows));
      results[index] = readRows(outputs, tokens.length, rows);
    }),
  );
  return results;
}

function numberAt(order: readonly LlamaSequence[], index: number): number {
  return (order[index] as LlamaSequence).number;
}

/** Items in the order they came, never a part of one: a cut item could leave a row of another shape. */
const wholeItemsInOrder: CustomBatchingPrioritizationStrategy = ({ items, size }) => {
  let left = size;
  const whole = [];
  for (const item of items) {
    if (item.tokens.length > left) break;
    left -= item.tokens.length;
    whole.push({ item, processAmount: item.tokens.length });
  }
  return whole;
};

async function createContext(model: LlamaModel, options: LlamaOptions, threads: number): Promise<LlamaContext> {
  try {
    return await model.createContext({
      sequences: options.sequences,
      // One place for a padding token, one that node-llama-cpp keeps free, and rounding to the engine's blocks.
      contextSize: Math.ceil((options.contextLength + 2) / 256) * 256,
      batchSize: batchTokens,
      flashAttention: true,
      threads,
      batching: { itemPrioritizationStrategy: wholeItemsInOrder },
    });
  } catch (cause) {
    throw new OutriderError(
      'bad-argument',
      `no memory for ${options.sequences} sequences of ${options.contextLength} tokens`,
      'Ask for fewer sequences or a shorter context.',
      { cause },
    );
  }
}

function checkCounts(options: LlamaOptions, threads: number): void {
  const counts: [string, number, number][] = [
    ['sequences', options.sequences, 1],
    ['context length', options.contextLength, 8],
    ['threads', threads, 0],
  ];
  for (const [name, value, least] of counts) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new OutriderError('bad-argument', `${name} is ${value}`, `Give a whole number of at least ${least}.`);
  }
}

interface Recipe {
  readonly engine: LlamaEngine;
  readonly sha256: string;
  readonly threads: number;
  readonly padsLoneTokens: boolean;
}

function describe(options: LlamaOptions, { engine, sha256, threads, padsLoneTokens }: Recipe): ModelIdentity {
  const name = options.name ?? basename(options.path);
  const parts = {
    model: sha256,
    engine: engine.version,
    backend: engine.backend,
    threads,
    flashAttention: true,
    exact: options.exact,
    padsLoneTokens,
  };
  const device = engine.backend.split(',', 1)[0] ?? '';
  const threadText = threads === 1 ? '1 thread' : `${threads} threads`;
  return {
    name,
    fingerprint: createHash('sha256').update(JSON.stringify(parts)).digest('hex'),
    description: `${name}, ${engine.version}, ${device}, ${threadText}, flash attention, ${options.exact ? 'exact' : 'fast'}`,
  };
}
