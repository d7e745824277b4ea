// Sequences of llama.cpp's KV cache. The lowest free number is handed out first, because llama.cpp evaluates sequences together
// only when their numbers are neighbours.

import type { LlamaContext, LlamaContextSequence } from 'node-llama-cpp';
import { invariant } from '../../core/basics/invariant.ts';
import { edgeFull } from '../port/item-rules.ts';
import type { ModelSequence } from '../port/model.ts';
import type { SerialQueue } from '../port/serial-queue.ts';

/** One sequence with its place in the batch order. */
export class LlamaSequence implements ModelSequence {
  readonly inner: LlamaContextSequence;
  readonly number: number;
  readonly #pool: SequencePool;
  released = false;
  readonly copyFrom?: (other: ModelSequence, length: number) => Promise<void>;

  constructor(inner: LlamaContextSequence, number: number, pool: SequencePool) {
    this.inner = inner;
    this.number = number;
    this.#pool = pool;
    if (canCopy(inner)) {
      this.copyFrom = (other, length) => {
        invariant(other instanceof LlamaSequence && pool.owns(other) && other !== this, 'copy of another model');
        return pool.queue.run(() => {
          invariant(!this.released && !other.released, 'copy of a released sequence');
          return copyInto(inner, other.inner, length);
        });
      };
    }
  }

  get length(): number {
    return this.inner.nextTokenIndex;
  }

  truncate(length: number): Promise<void> {
    return this.#pool.queue.run(() => {
      invariant(!this.released, 'truncate of a released sequence');
      return eraseFrom(this.inner, length);
    });
  }

  release(): Promise<void> {
    return this.#pool.queue.run(async () => {
      invariant(!this.released, 'sequence released twice');
      this.released = true;
      await eraseFrom(this.inner, 0);
      this.#pool.takeBack(this.number);
    });
  }
}

export class SequencePool {
  readonly queue: SerialQueue;
  readonly #sequences: readonly LlamaContextSequence[];
  readonly #free: number[];

  constructor(context: LlamaContext, queue: SerialQueue) {
    this.queue = queue;
    this.#sequences = Array.from({ length: context.totalSequences }, () => context.getSequence());
    this.#free = this.#sequences.map((_, number) => number);
  }

  /** @throws OutriderError `edge-full` when every sequence is in use. */
  open(): LlamaSequence {
    const number = this.#free.shift();
    const inner = number === undefined ? undefined : this.#sequences[number];
    if (number === undefined || inner === undefined) {
      throw edgeFull(this.#sequences.length);
    }
    return new LlamaSequence(inner, number, this);
  }

  /** Whether KV cells can be erased one by one, without checkpoints of a state. */
  get canRollBack(): boolean {
    return this.#sequences.every((one) => !one.needsCheckpoints);
  }

  owns(sequence: LlamaSequence): boolean {
    return this.#sequences[sequence.number] === sequence.inner;
  }

  takeBack(number: number): void {
    this.#free.push(number);
    this.#free.sort((a, b) => a - b);
  }
}

/** A method that node-llama-cpp has for its own use, so it may be absent. */
interface CopyingSequence {
  _copyStateFromOtherSequence(other: LlamaContextSequence, upToTokenIndex: number): Promise<boolean>;
}

function canCopy(sequence: object): sequence is CopyingSequence {
  return '_copyStateFromOtherSequence' in sequence;
}

/** Each sequence has a cache of its own, and llama.cpp copies all of it: as long as the context is large, whatever the length. */
async function copyInto(
  sequence: LlamaContextSequence & CopyingSequence,
  other: LlamaContextSequence,
  length: number,
): Promise<void> {
  const held = other.nextTokenIndex;
  invariant(Number.isInteger(length) && length >= 0 && length <= held, `copy of ${length} of ${held} tokens`);
  const isCopied = await sequence._copyStateFromOtherSequence(other, length);
  invariant(isCopied && sequence.nextTokenIndex === length, 'llama.cpp copied other tokens than asked');
}

/** Exact: llama.cpp drops the KV cells, and later rows are bit for bit as if these had never existed. */
export async function eraseFrom(sequence: LlamaContextSequence, length: number): Promise<void> {
  const held = sequence.nextTokenIndex;
  invariant(Number.isInteger(length) && length >= 0 && length <= held, `truncate to ${length} of ${held} tokens`);
  if (length < held) await sequence.eraseContextTokenRanges([{ start: length, end: held }]);
  invariant(sequence.nextTokenIndex === length, 'llama.cpp kept other tokens than asked');
}
