// The main thread's side of a thread for grammars: calls in order, each with a limit of processor time. A call that takes more, or that
// breaks the thread, ends the thread and all other calls in it, which may be made again in another thread. The limit is not in wall-clock
// time, because other programs use the processor as well.

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

/** What a call may take, and the callback for it. */
export interface CallLimits {
  /** Processor time of the thread, ms. */
  readonly cpuMs: number;
  /** Called once with the processor time that it took, ms. */
  readonly spent?: ((cpuMs: number) => void) | undefined;
}

export interface ThreadPatience {
  /** Processor time until the library is loaded, ms. Default 60,000. */
  readonly startCpuMs?: number;
  /** A thread that has to work and uses no processor for so long hangs, ms. Default 30,000. */
  readonly hangMs?: number;
}

type Order =
  | Omit<Extract<GrammarOrder, { kind: 'open' }>, 'call'>
  | Omit<Extract<GrammarOrder, { kind: 'masks' | 'next' }>, 'call'>;

interface Waiting extends CallLimits {
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
  readonly #hangMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #ended: Promise<unknown> | null = null;
  readonly #watch: ThreadWatch;
  /** What it took to start the thread; whoever breaks it has to answer for the next one. */
  #startCpuMs = 0;

  constructor(worker: GrammarWorker, { startCpuMs = 60_000, hangMs = 30_000 }: ThreadPatience = {}) {
    this.#worker = worker;
    this.#hangMs = hangMs;
    this.#watch = new ThreadWatch(worker, hangMs, (why, usedMs) => this.#overran(why, usedMs));
    // It keeps no process alive that has nothing else to do.
    worker.unref();
    worker.on('message', (reply: GrammarReply) => this.#answered(reply));
    worker.on('error', (error: Error) => this.#fault(`its thread has failed: ${error.message}`));
    worker.on('exit', () => this.#fault('its thread has ended'));
    // The library loads with the first grammar, and that is not the time of any grammar.
    const trivial: Grammar = { kind: 'ebnf', text: 'root ::= "a"' };
    this.started = this.call({ kind: 'open', matcher: 0, grammar: trivial }, { cpuMs: startCpuMs }).then(() => {
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

  /** @throws OutriderError `bad-argument`; `edge-full`: the thread hangs; `internal`: another call has ended the thread */
  call(order: Order, limits: CallLimits): Promise<Found> {
    if (!this.isUsable) return Promise.reject(faulty('its thread has ended'));
    const call = ++this.#calls;
    this.#worker.ref();
    return new Promise<Found>((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject, ...limits });
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
    const [first] = this.#waiting.values();
    if (first !== undefined) this.#watch.begins(first.cpuMs);
  }

  #overran(why: Overrun, usedMs: number): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [call, { cpuMs }] = first;
    if (why === 'work') {
      const cause = `it takes more than ${cpuMs / 1000} s of the processor`;
      this.#give(call, usedMs, refusedGrammar(cause, 'send a simpler one', slowGrammar));
      this.#fault('another grammar takes too long');
    } else {
      this.#give(call, usedMs, busyGrammars('the thread of the grammars hangs', this.#hangMs));
      this.#fault('its thread hangs');
    }
  }

  /** The call has broken the thread. */
  #give(call: number, usedMs: number, error: OutriderError): void {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    waiting?.spent?.(usedMs + this.#startCpuMs);
    waiting?.reject(error);
  }

  #answered(reply: GrammarReply): void {
    const waiting = this.#waiting.get(reply.call);
    const usedMs = this.#watch.ends(reply.cpuMs);
    if (reply.kind === 'done') {
      this.#waiting.delete(reply.call);
      this.memory = reply.memory;
      waiting?.spent?.(usedMs);
      waiting?.resolve(reply);
    } else {
      const isMemory = /memory/i.test(reply.cause);
      const cause = isMemory ? 'it takes too much memory' : firstLine(reply.cause);
      const broken = reply.isFault ? this.#startCpuMs : 0;
      this.#waiting.delete(reply.call);
      waiting?.spent?.(usedMs + broken);
      waiting?.reject(
        refusedGrammar(cause, 'check it, or send a simpler one', reply.isFault ? slowGrammar : undefined),
      );
      if (reply.isFault) this.#fault('another grammar has broken its thread');
    }
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
