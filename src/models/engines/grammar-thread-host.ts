// The main thread's side of a thread for grammars: calls in order. A call that breaks the thread ends it and all other calls in it, which
// may be made again in another thread. The thread itself counts the work of a grammar and refuses one that takes too much. That a call uses
// far more processor time than its work takes is no fault of the grammar: the thread is ended, and the edge is too busy.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';
import { retryRemedy } from '../../core/basics/retry-time.ts';
import type { Grammar } from '../../core/decoding/grammar.ts';
import { slowGrammar } from '../port/grammar-engine.ts';
import { type Overrun, ThreadWatch, type WatchedThread } from './thread-watch.ts';
import { type GrammarOrder, type GrammarReply, type GrammarThreadData, grammarThreadUrl } from './xgrammar-thread.ts';

/** What a thread answers. */
export type Found = Pick<Extract<GrammarReply, { kind: 'done' }>, 'masks' | 'forced'>;

/** The part of a {@link Worker} that is used, so that a test can stand in for it. */
export interface GrammarWorker extends WatchedThread {
  postMessage(order: GrammarOrder): void;
  on(event: 'message', listener: (reply: GrammarReply) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export interface ThreadPatience {
  /** Processor time of a call, and until the library is loaded, ms; beyond it something is wrong with the edge. Default 30,000. */
  readonly guardCpuMs?: number;
  /** A thread that has to work and uses no processor for so long hangs, ms. Default 30,000. */
  readonly hangMs?: number;
}

type Order =
  | Omit<Extract<GrammarOrder, { kind: 'open' }>, 'call'>
  | Omit<Extract<GrammarOrder, { kind: 'masks' | 'next' }>, 'call'>;

interface Waiting {
  readonly spent: ((cpuMs: number) => void) | undefined;
  resolve(found: Found): void;
  reject(error: Error): void;
}

export function startGrammarWorker(workerData: GrammarThreadData): GrammarWorker {
  return new Worker(fileURLToPath(grammarThreadUrl), { workerData });
}

/** Time that a thread has to end, ms. */
const endingMs = 1000;

/** One thread, and the calls that it has not answered. */
export class GrammarThreadHost {
  readonly started: Promise<void>;
  /** Memory of the library, bytes; it never shrinks. */
  memory = 0;
  /** The same before anything was compiled. */
  startMemory = 0;
  matchers = 0;
  /** Names of the grammars that it was given so far. */
  readonly grammars: Set<string> = new Set();
  isUsable = true;
  readonly #worker: GrammarWorker;
  readonly #guardCpuMs: number;
  readonly #hangMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #ended: Promise<unknown> | null = null;
  readonly #watch: ThreadWatch;
  /** What it took to start the thread; whoever breaks it has to answer for the next one. */
  #startCpuMs = 0;

  constructor(worker: GrammarWorker, { guardCpuMs = 30_000, hangMs = 30_000 }: ThreadPatience = {}) {
    this.#worker = worker;
    this.#guardCpuMs = guardCpuMs;
    this.#hangMs = hangMs;
    this.#watch = new ThreadWatch(worker, hangMs, (why, usedMs) => this.#overran(why, usedMs));
    // It keeps no process alive that has nothing else to do.
    worker.unref();
    worker.on('message', (reply: GrammarReply) => this.#answered(reply));
    worker.on('error', (error: Error) => this.#fault(`its thread has failed: ${error.message}`));
    worker.on('exit', () => this.#fault('its thread has ended'));
    // The library loads with the first grammar, and that is not the time of any grammar.
    const trivial: Grammar = { kind: 'ebnf', text: 'root ::= "a"' };
    this.started = this.call({ kind: 'open', matcher: 0, grammar: trivial }).then(() => {
      this.#startCpuMs = this.#watch.endedCpuMs;
      this.startMemory = this.memory;
      this.send({ kind: 'close', matcher: 0 });
    });
    this.started.catch(() => {});
  }

  get calls(): number {
    return this.#calls;
  }

  /** Whether ending it costs no session more than a grammar that is compiled again. */
  get isIdle(): boolean {
    return this.isUsable && this.matchers === 0 && this.#waiting.size === 0;
  }

  send(order: GrammarOrder): void {
    if (this.isUsable) this.#worker.postMessage(order);
  }

  /**
   * @param spent called once with the processor time that it took, ms
   * @throws OutriderError `bad-argument`; `edge-full`: the thread hangs, or does not end; `internal`: another call has ended the thread
   */
  call(order: Order, spent?: Waiting['spent']): Promise<Found> {
    if (!this.isUsable) return Promise.reject(faulty('its thread has ended'));
    const call = ++this.#calls;
    this.#worker.ref();
    return new Promise<Found>((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject, spent });
      this.#worker.postMessage({ ...order, call });
      if (this.#waiting.size === 1) this.#begins();
    }).finally(() => {
      if (this.#waiting.size === 0) this.#worker.unref();
    });
  }

  async end(): Promise<void> {
    this.#fault('its thread has ended');
    await this.ended;
  }

  /** Resolves when an unusable thread has ended, or does not end for a second: the system then gives its memory to the next one. */
  get ended(): Promise<unknown> {
    return this.#ended ?? Promise.resolve();
  }

  /** The thread answers in order, so a call begins when those before it are answered. */
  #begins(): void {
    if (this.#waiting.size > 0) this.#watch.begins(this.#guardCpuMs);
  }

  #overran(why: Overrun, usedMs: number): void {
    const has = why === 'work' ? `has used ${this.#guardCpuMs / 1000} s of the processor without an answer` : 'hangs';
    const [call = 0] = this.#waiting.keys();
    this.#taken(call, usedMs + this.#startCpuMs)?.reject(
      busyGrammars(`the thread of the grammars ${has}`, this.#hangMs),
    );
    this.#fault(`its thread ${has}`);
  }

  /** The call that is over. */
  #taken(call: number, usedMs: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    waiting?.spent?.(usedMs);
    return waiting;
  }

  #answered(reply: GrammarReply): void {
    const isFault = reply.kind === 'refused' && reply.isFault;
    const usedMs = this.#watch.ends(reply.cpuMs) + (isFault ? this.#startCpuMs : 0);
    this.memory = reply.memory;
    const waiting = this.#taken(reply.call, usedMs);
    if (reply.kind === 'done') waiting?.resolve(reply);
    else {
      const cause = /memory/i.test(reply.cause) ? 'it takes too much memory' : firstLine(reply.cause);
      waiting?.reject(refusedGrammar(cause, 'check it, or send a simpler one', isFault ? slowGrammar : undefined));
    }
    if (isFault) this.#fault('another grammar has broken its thread');
    this.#begins();
  }

  #fault(cause: string): void {
    if (!this.isUsable) return;
    this.isUsable = false;
    for (const waiting of this.#waiting.values()) waiting.reject(faulty(cause));
    this.#waiting.clear();
    this.#watch.stop();
    const late = new Promise((resolve) => setTimeout(resolve, endingMs).unref());
    this.#ended = Promise.race([this.#worker.terminate(), late]);
  }
}

/** An error of whoever has sent the grammar. */
export function refusedGrammar(cause: string, remedy: string, why?: typeof slowGrammar): OutriderError {
  return badArgument(`the grammar or JSON schema is refused: ${cause}`, remedy, { cause: why });
}

/** The edge has more to do than it can; nothing is wrong with the grammar. */
export function busyGrammars(cause: string, retryMs: number): OutriderError {
  return new OutriderError('edge-full', `no grammar can be followed in time: ${cause}`, retryRemedy(retryMs));
}

function faulty(cause: string): OutriderError {
  return new OutriderError('internal', `the grammar engine of the edge failed: ${cause}`, 'ask again');
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
