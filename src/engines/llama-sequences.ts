// Rows of llama.cpp's key-value memory. The lowest free number is handed out first, because llama.cpp evaluates sequences
// together only when their numbers are neighbours.

import type { LlamaContext, LlamaContextSequence } from 'node-llama-cpp';
import { invariant } from '../basics/invariant.ts';
import { edgeFull } from '../models/item-rules.ts';
import type { ModelSequence } from '../models/model.ts';
import type { SerialQueue } from '../models/serial-queue.ts';

/** One row with its place in the batch order. */
export class LlamaSequence implements ModelSequence {
  readonly row: LlamaContextSequence;
  readonly number: number;
  readonly #pool: SequencePool;
  #released = false;

  constructor(row: LlamaContextSequence, number: number, pool: SequencePool) {
    this.row = row;
    this.number = number;
    this.#pool = pool;
  }

  get length(): number {
    return this.row.nextTokenIndex;
  }

  get released(): boolean {
    return this.#released;
  }

  truncate(length: number): Promise<void> {
    return this.#pool.queue.run(() => {
      invariant(!this.#released, 'truncate of a released sequence');
      return eraseFrom(this.row, length);
    });
  }

  release(): Promise<void> {
    return this.#pool.queue.run(async () => {
      invariant(!this.#released, 'sequence released twice');
      this.#released = true;
      await eraseFrom(this.row, 0);
      this.#pool.takeBack(this.number);
    });
  }
}

export class SequencePool {
  readonly queue: SerialQueue;
  readonly #rows: readonly LlamaContextSequence[];
  readonly #free: number[];

  constructor(context: LlamaContext, queue: SerialQueue) {
    this.queue = queue;
    this.#rows = Array.from({ length: context.totalSequences }, () => context.getSequence());
    this.#free = this.#rows.map((_, number) => number);
  }

  /** @throws OutriderError `edge-full` when every row is taken. */
  open(): LlamaSequence {
    const number = this.#free.shift();
    const row = number === undefined ? undefined : this.#rows[number];
    if (number === undefined || row === undefined) {
      throw edgeFull(this.#rows.length);
    }
    return new LlamaSequence(row, number, this);
  }

  /** Whether cells can be erased one by one, without checkpoints of a state. */
  get canRollBack(): boolean {
    return this.#rows.every((row) => !row.needsCheckpoints);
  }

  owns(sequence: LlamaSequence): boolean {
    return this.#rows[sequence.number] === sequence.row;
  }

  takeBack(number: number): void {
    this.#free.push(number);
    this.#free.sort((a, b) => a - b);
  }
}

/** Exact: llama.cpp drops the cells, and later rows come out bit for bit as if these had never been. */
export async function eraseFrom(row: LlamaContextSequence, length: number): Promise<void> {
  const held = row.nextTokenIndex;
  invariant(Number.isInteger(length) && length >= 0 && length <= held, `truncate to ${length} of ${held} tokens`);
  if (length < held) await row.eraseContextTokenRanges([{ start: length, end: held }]);
  invariant(row.nextTokenIndex === length, 'llama.cpp kept other tokens than asked');
}
