// A text of a sequence whose keys and values another process holds. The ids stay here, so that a worker that was lost can be given them again.

import { invariant } from '../../../core/basics/invariant.ts';
import type { ModelSequence } from '../../port/model.ts';
import type { SerialQueue } from '../../port/serial-queue.ts';

export interface SequenceOwner {
  readonly queue: SerialQueue;
  takeBack(sequence: RemoteSequence): void;
}

export class RemoteSequence implements ModelSequence {
  readonly owner: SequenceOwner;
  readonly number: number;
  released = false;
  ids: number[] = [];
  /** So many of the first ids are known to be what the worker holds first. */
  heldCount = 0;

  constructor(owner: SequenceOwner, number: number) {
    this.owner = owner;
    this.number = number;
  }

  get length(): number {
    return this.ids.length;
  }

  /** The worker receives it with the next ids. */
  truncate(length: number): Promise<void> {
    return this.owner.queue.run(async () => {
      invariant(!this.released, 'truncate of a released sequence');
      this.cut(length);
    });
  }

  cut(length: number): void {
    const held = this.ids.length;
    invariant(Number.isInteger(length) && length >= 0 && length <= held, `truncate to ${length} of ${held} tokens`);
    this.ids.length = length;
    this.heldCount = Math.min(this.heldCount, length);
  }

  release(): Promise<void> {
    return this.owner.queue.run(async () => {
      invariant(!this.released, 'sequence released twice');
      this.released = true;
      this.owner.takeBack(this);
    });
  }
}
