// The engine of another worker as a language model. It keeps the length of each sequence; what is to be removed goes there with the next
// evaluation.

import type { Candidates } from '../../src/core/decoding/candidates.ts';
import { freeLaw } from '../../src/core/decoding/shape-law.ts';
import { checkShape, edgeFull } from '../../src/models/port/item-rules.ts';
import type {
  EvaluateItem,
  LanguageModel,
  ModelIdentity,
  ModelLimits,
  ModelSequence,
  Tokenizer,
} from '../../src/models/port/model.ts';
import type { CopyOrder, EngineLimits, EvaluateOrder, FromEngine } from './tab-messages.ts';

/** Sends orders to the engine's worker. */
export interface EnginePort {
  send(order: EvaluateOrder | CopyOrder): void;
  close(): void;
}

interface Waiting {
  resolve(rows: Candidates[][]): void;
  reject(error: Error): void;
}

/** Answers of the engine go to `take`, its death to `fail`. */
export class EngineModel implements LanguageModel {
  readonly identity: ModelIdentity;
  readonly tokenizer: Tokenizer;
  readonly limits: ModelLimits;
  readonly #port: EnginePort;
  readonly #waiting = new Map<number, Waiting>();
  readonly #free: number[];
  #lastId = 0;
  #failure: Error | null = null;

  constructor(name: string, tokenizer: Tokenizer, limits: EngineLimits, port: EnginePort) {
    this.identity = { name, fingerprint: '', description: `${name} in this tab` };
    this.tokenizer = tokenizer;
    this.limits = { ...limits, law: freeLaw };
    this.#port = port;
    this.#free = Array.from({ length: limits.maxSequences }, (_, number) => number);
  }

  openSequence(): ModelSequence {
    const number = this.#free.pop();
    if (number === undefined) throw edgeFull(this.limits.maxSequences);
    const copy = (from: number, length: number): void => this.#port.send({ kind: 'copy', from, to: number, length });
    return new EngineSequence(number, copy, () => this.#free.push(number));
  }

  async evaluate(items: readonly EvaluateItem[]): Promise<Candidates[][]> {
    for (const item of items) checkShape(item, this.limits);
    const rows = await this.#ask(
      items.map(({ sequence, tokens, rows }) => {
        const { number, length } = sequence as EngineSequence;
        return { sequence: number, from: length, tokens, rows };
      }),
    );
    for (const { sequence, tokens } of items) (sequence as EngineSequence).length += tokens.length;
    return rows;
  }

  /** An answer of the engine. */
  take(message: Extract<FromEngine, { readonly id: number }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'rows') waiting?.resolve(message.rows);
    else waiting?.reject(new Error(message.message));
  }

  /** The engine is gone. */
  fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    this.fail(new Error('the engine is closed'));
    this.#port.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ask(items: EvaluateOrder['items']): Promise<Candidates[][]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.send({ kind: 'evaluate', id, items });
    });
  }
}

class EngineSequence implements ModelSequence {
  readonly number: number;
  readonly #copy: (from: number, length: number) => void;
  readonly #onRelease: () => void;
  length = 0;

  constructor(number: number, copy: (from: number, length: number) => void, onRelease: () => void) {
    [this.number, this.#copy, this.#onRelease] = [number, copy, onRelease];
  }

  async truncate(length: number): Promise<void> {
    this.length = length;
  }

  async copyFrom(other: ModelSequence, length: number): Promise<void> {
    this.#copy((other as EngineSequence).number, length);
    this.length = length;
  }

  async release(): Promise<void> {
    this.#onRelease();
  }
}
