// The event loop's end of a thread that knows grammars: calls in order, each within its processor time. A call that takes more, or that
// breaks the thread, ends it, and with it all other calls, which may be made again elsewhere. How long a call takes by the clock says
// nothing of its grammar: other programs use the processor as well.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { badArgument, OutriderError } from '../../core/basics/errors.ts';
import { retryRemedy } from '../../core/basics/retry-time.ts';
import type { Grammar } from '../../core/decoding/grammar.ts';
import { slowGrammar } from '../port/grammar-engine.ts';
import { type GrammarOrder, type GrammarReply, type GrammarThreadData, grammarThreadUrl } from './xgrammar-thread.ts';

/** What a thread answers. */
export type Found = Pick<Extract<GrammarReply, { kind: 'done' }>, 'masks' | 'forced'>;

/** The part of a {@link Worker} that is used, so that a test can stand in for it. */
export interface GrammarWorker {
  postMessage(order: GrammarOrder): void;
  /** Of the thread since its start, microseconds; answered while it works. */
  cpuUsage(): Promise<{ readonly user: number; readonly system: number }>;
  on(event: 'message', heard: (reply: GrammarReply) => void): unknown;
  on(event: 'error', heard: (error: Error) => void): unknown;
  on(event: 'exit', heard: () => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

/** What a call may take, and who is told of it. */
export interface CallLimits {
  /** Processor time of the thread, ms. */
  readonly cpuMs: number;
  /** Told once of the processor time that it took, ms. */
  readonly spent?: ((cpuMs: number) => void) | undefined;
}

export interface ThreadPatience {
  /** Processor time until the library is loaded, ms. Default 60,000. */
  readonly startCpuMs?: number;
  /** A thread that has to work and uses no processor for so long hangs, ms. Default 30,000. */
  readonly hangMs?: number;
}

/** A thread that hangs uses less than this, which is what looking at it takes, ms. */
const stillCpuMs = 20;
/** Least time between two looks at a thread that works, ms. */
const lookEveryMs = 20;

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

/** One thread, and the calls that it has not answered. */
export class GrammarThreadHost {
  readonly started: Promise<void>;
  /** Of the library, bytes. */
  memory = 0;
  matchers = 0;
  isUsable = true;
  readonly #worker: GrammarWorker;
  readonly #hangMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Processor time of the thread when it answered last, ms. */
  #answeredCpuMs = 0;
  /** What it took to start the thread; whoever breaks it has to answer for the next one. */
  #startCpuMs = 0;
  /** The last time that the thread was seen to have worked, and its processor time then, ms. */
  #moved = { atMs: 0, cpuMs: 0 };

  constructor(worker: GrammarWorker, { startCpuMs = 60_000, hangMs = 30_000 }: ThreadPatience = {}) {
    this.#worker = worker;
    this.#hangMs = hangMs;
    // It keeps no process alive that has nothing else to do.
    worker.unref();
    worker.on('message', (reply: GrammarReply) => this.#answered(reply));
    worker.on('error', (error: Error) => this.#fault(`its thread has failed: ${error.message}`));
    worker.on('exit', () => this.#fault('its thread has ended'));
    // The library loads with the first grammar, and that is not the time of any grammar.
    const trivial: Grammar = { kind: 'ebnf', text: 'root ::= "a"' };
    this.started = this.call({ kind: 'open', matcher: 0, grammar: trivial }, { cpuMs: startCpuMs }).then(() => {
      this.#startCpuMs = this.#answeredCpuMs;
      this.tell({ kind: 'close', matcher: 0 });
    });
    this.started.catch(() => {});
  }

  tell(order: GrammarOrder): void {
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
    await this.#worker.terminate();
  }

  /** The thread answers in order, so a call begins when those before it are answered. */
  #begins(): void {
    clearTimeout(this.#timer);
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#moved = { atMs: performance.now(), cpuMs: this.#answeredCpuMs };
    this.#lookAfter(first[0], first[1].cpuMs);
  }

  /** Processor time passes no faster than time, so nothing can be over before that. */
  #lookAfter(call: number, ms: number): void {
    this.#timer = setTimeout(() => void this.#look(call), Math.max(lookEveryMs, Math.min(ms, this.#hangMs)));
  }

  async #look(call: number): Promise<void> {
    // One that is blocked in the system answers not even this.
    const told = await Promise.race([cpuMsOf(this.#worker), pause(lookEveryMs * 50)]);
    // Where this thread was held up itself, the answer of the call may be here and not be read yet.
    await nextTurn();
    await nextTurn();
    const waiting = this.#waiting.get(call);
    if (waiting === undefined) return;
    const nowMs = performance.now();
    if (told !== null && told >= this.#moved.cpuMs + stillCpuMs) this.#moved = { atMs: nowMs, cpuMs: told };
    const usedMs = told === null ? 0 : told - this.#answeredCpuMs;
    if (usedMs > waiting.cpuMs) {
      const cause = `it takes more than ${waiting.cpuMs / 1000} s of the processor`;
      this.#give(call, usedMs, refusedGrammar(cause, 'send a simpler one', slowGrammar));
      this.#fault('another grammar takes too long');
    } else if (nowMs - this.#moved.atMs > this.#hangMs) {
      this.#give(call, usedMs, busyGrammars('the thread of the grammars hangs', this.#hangMs));
      this.#fault('its thread hangs');
    } else this.#lookAfter(call, waiting.cpuMs - usedMs);
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
    const usedMs = Math.max(0, reply.cpuMs - this.#answeredCpuMs);
    this.#answeredCpuMs = reply.cpuMs;
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
      waiting?.reject(refusedGrammar(cause, 'check it, or send a simpler one', broken > 0 ? slowGrammar : undefined));
      if (reply.isFault) this.#fault('another grammar has broken its thread');
    }
    this.#begins();
  }

  #fault(cause: string): void {
    if (!this.isUsable) return;
    this.isUsable = false;
    for (const waiting of this.#waiting.values()) waiting.reject(faulty(cause));
    this.#waiting.clear();
    clearTimeout(this.#timer);
    void this.#worker.terminate();
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

/** Null: it does not run yet, or no more. */
async function cpuMsOf(worker: GrammarWorker): Promise<number | null> {
  try {
    const { user, system } = await worker.cpuUsage();
    return (user + system) / 1000;
  } catch {
    return null;
  }
}

function pause(ms: number): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), ms).unref();
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
