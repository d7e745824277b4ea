// The event loop's end of a thread that knows grammars: calls in order, each within its time. A call that takes longer, or that breaks the
// thread, ends it, and with it all other calls, which may be made again elsewhere.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';
import type { Grammar } from '../../core/decoding/grammar.ts';
import { slowGrammar } from '../port/grammar-engine.ts';
import { type GrammarOrder, type GrammarReply, type GrammarThreadData, grammarThreadUrl } from './xgrammar-thread.ts';

/** Until the library is loaded, ms. */
const startWithinMs = 20_000;

/** What a thread answers. */
export type Found = Pick<Extract<GrammarReply, { kind: 'done' }>, 'masks' | 'forced'>;

interface Waiting {
  resolve(found: Found): void;
  reject(error: Error): void;
  readonly withinMs: number;
}

/** One thread, and the calls that it has not answered. */
export class GrammarThreadHost {
  readonly started: Promise<void>;
  /** Of the library, bytes. */
  memory = 0;
  matchers = 0;
  isUsable = true;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(workerData: GrammarThreadData) {
    this.#worker = new Worker(fileURLToPath(grammarThreadUrl), { workerData });
    // It keeps no process alive that has nothing else to do.
    this.#worker.unref();
    this.#worker.on('message', (reply: GrammarReply) => this.#answered(reply));
    this.#worker.on('error', (error) => this.#fault(`its thread has failed: ${error.message}`));
    this.#worker.on('exit', () => this.#fault('its thread has ended'));
    // The library loads with the first grammar, and that is not the time of any grammar.
    const trivial: Grammar = { kind: 'ebnf', text: 'root ::= "a"' };
    this.started = this.call({ kind: 'open', matcher: 0, grammar: trivial }, startWithinMs).then(() => {
      this.tell({ kind: 'close', matcher: 0 });
    });
    this.started.catch(() => {});
  }

  tell(order: GrammarOrder): void {
    if (this.isUsable) this.#worker.postMessage(order);
  }

  /** @throws OutriderError `bad-argument`, `internal` */
  call(
    order:
      | Omit<Extract<GrammarOrder, { kind: 'open' }>, 'call'>
      | Omit<Extract<GrammarOrder, { kind: 'masks' | 'next' }>, 'call'>,
    withinMs: number,
  ): Promise<Found> {
    if (!this.isUsable) return Promise.reject(faulty('its thread has ended'));
    const call = ++this.#calls;
    this.#worker.ref();
    return new Promise<Found>((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject, withinMs });
      this.#worker.postMessage({ ...order, call });
      if (this.#waiting.size === 1) this.#watch();
    }).finally(() => {
      if (this.#waiting.size === 0) this.#worker.unref();
    });
  }

  /** The thread answers in order, so the time of a call begins when those before it are answered. */
  #watch(): void {
    clearTimeout(this.#timer);
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [call, { reject, withinMs }] = first;
    const late = (): void => {
      if (!this.#waiting.delete(call)) return;
      reject(refusedGrammar(`it takes longer than ${withinMs / 1000} s`, 'send a simpler one', slowGrammar));
      this.#fault('another grammar takes too long');
    };
    // Where this thread was held up itself, the answer may be here and not be read yet.
    this.#timer = setTimeout(() => setImmediate(() => setImmediate(late)), withinMs);
  }

  async end(): Promise<void> {
    this.#fault('its thread has ended');
    await this.#worker.terminate();
  }

  #answered(reply: GrammarReply): void {
    const waiting = this.#waiting.get(reply.call);
    this.#waiting.delete(reply.call);
    this.#watch();
    if (reply.kind === 'done') {
      this.memory = reply.memory;
      waiting?.resolve(reply);
      return;
    }
    const isMemory = /memory/i.test(reply.cause);
    waiting?.reject(
      refusedGrammar(isMemory ? 'it takes too much memory' : firstLine(reply.cause), 'check it, or send a simpler one'),
    );
    if (reply.isFault) this.#fault('another grammar has broken its thread');
  }

  #fault(cause: string): void {
    if (!this.isUsable) return;
    this.isUsable = false;
    for (const waiting of this.#waiting.values()) waiting.reject(faulty(cause));
    this.#waiting.clear();
    this.#watch();
    void this.#worker.terminate();
  }
}

/** An error of whoever has sent the grammar. */
export function refusedGrammar(cause: string, remedy: string, why?: typeof slowGrammar): OutriderError {
  return badArgument(`the grammar or JSON schema is refused: ${cause}`, remedy, { cause: why });
}

function faulty(cause: string): OutriderError {
  return new OutriderError('internal', `the grammar engine of the edge failed: ${cause}`, 'ask again');
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
