// A process in virtual time. It can pause; the events of the pause then run afterwards, in order. It can crash, which drops its timers and
// waiting events. Its clock can run at another rate than the queue's.

import type { Clock } from '../../src/core/basics/clock.ts';
import type { Frame } from '../../src/core/protocol/wire/wire.ts';
import type { EventQueue } from './event-queue.ts';
import type { LinkEnd } from './link.ts';

export class VirtualProcess implements Clock {
  readonly #queue: EventQueue;
  readonly #rate: number;
  readonly #inbox: (() => void)[] = [];
  #life = 0;
  #isUp = true;
  #pausedUntilMs = 0;

  /** @param rate of its clock: its own ms for each ms of the queue */
  constructor(queue: EventQueue, rate = 1) {
    this.#queue = queue;
    this.#rate = rate;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  nowMs(): number {
    return this.#queue.nowMs() * this.#rate;
  }

  /** The end of the last pause, by the queue; 0: there was none since the last start. */
  get resumedAtMs(): number {
    return this.#pausedUntilMs;
  }

  /** A timer by its own clock; a crash drops it. */
  after(delayMs: number, action: () => void): () => void {
    const life = this.#life;
    let isCancelled = false;
    const cancel = this.#queue.after(delayMs / this.#rate, () => {
      if (life !== this.#life) return;
      if (!this.#isPaused) action();
      else {
        this.#inbox.push(() => {
          if (!isCancelled) action();
        });
      }
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  /** As `after` by the queue's clock, for an action that is never cancelled. */
  post(delayMs: number, action: () => void): void {
    const life = this.#life;
    this.#queue.post(this.#queue.nowMs() + delayMs, () => this.#run(life, action));
  }

  /** Wraps the end of a link: events wait during a pause, and a crash drops them. */
  listen(end: LinkEnd): LinkEnd {
    return new ProcessEnd(this, this.#life, end);
  }

  /** Whether an event of this life is to happen now. */
  runs(life: number): boolean {
    return life === this.#life && !this.#isPaused;
  }

  #run(life: number, action: () => void): void {
    if (this.runs(life)) action();
    else this.wait(life, action);
  }

  /** For an event that can't happen now. */
  wait(life: number, action: () => void): void {
    if (life === this.#life) this.#inbox.push(action);
  }

  pause(durationMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#queue.nowMs() + durationMs);
    const life = this.#life;
    this.#queue.at(this.#pausedUntilMs, () => {
      if (life !== this.#life) return;
      while (!this.#isPaused) {
        const action = this.#inbox.shift();
        if (action === undefined) return;
        action();
      }
    });
  }

  crash(): void {
    this.#life += 1;
    this.#isUp = false;
    this.#inbox.length = 0;
    this.#pausedUntilMs = 0;
  }

  restart(): void {
    this.#isUp = true;
  }

  /** Whether new events have to wait in the inbox. */
  get #isPaused(): boolean {
    return this.#queue.nowMs() < this.#pausedUntilMs;
  }
}

/** See {@link VirtualProcess.listen}. */
class ProcessEnd implements LinkEnd {
  readonly #process: VirtualProcess;
  readonly #life: number;
  readonly #end: LinkEnd;

  constructor(process: VirtualProcess, life: number, end: LinkEnd) {
    this.#process = process;
    this.#life = life;
    this.#end = end;
  }

  frame(frame: Frame): void {
    if (this.#process.runs(this.#life)) this.#end.frame(frame);
    else this.#process.wait(this.#life, () => this.#end.frame(frame));
  }

  writable(isWritable: boolean): void {
    if (this.#process.runs(this.#life)) this.#end.writable(isWritable);
    else this.#process.wait(this.#life, () => this.#end.writable(isWritable));
  }

  closed(): void {
    if (this.#process.runs(this.#life)) this.#end.closed();
    else this.#process.wait(this.#life, () => this.#end.closed());
  }
}
