// Grammars by xgrammar, in two threads: one tries each new grammar within limits of time and memory, the other keeps those that passed and
// makes the masks. What a grammar does to the first thread ends only that thread.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { badArgument, OutriderError } from '../basics/errors.ts';
import { type Grammar, grammarBytesLimit } from '../decoding/grammar.ts';
import type { GrammarEngine, GrammarMatcher } from '../models/grammar-engine.ts';
import type { Tokenizer } from '../models/model.ts';
import { createSerialQueue } from '../models/serial-queue.ts';
import { type GrammarOrder, type GrammarReply, type GrammarThreadData, grammarThreadUrl } from './xgrammar-thread.ts';

/** Limits of grammars. */
export interface GrammarLimits {
  /** To compile one, ms. Default 3,000. */
  readonly compileWithinMs?: number;
  /** Of the library while it compiles one, bytes. Default 256 MiB. */
  readonly mostMemory?: number;
  /** To make the masks of a step, ms; then the thread has a fault, and all answers that follow a grammar end. Default 5,000. */
  readonly maskWithinMs?: number;
}

/** Grammars that may wait to be tried. */
const mostWaiting = 16;
/** Texts of grammars that have passed, so that they are not tried again. */
const mostPassed = 64;
/** The thread that keeps grammars has so much more memory than one that tries them. */
const keeperMemoryFactor = 4;
const startWithinMs = 20_000;

/** Loads nothing before the first grammar is opened. */
export function createGrammarEngine(tokenizer: Tokenizer, grammarLimits: GrammarLimits = {}): GrammarEngine {
  return new XGrammarEngine(tokenizer, {
    compileWithinMs: grammarLimits.compileWithinMs ?? 3000,
    mostMemory: grammarLimits.mostMemory ?? 256 * 1024 * 1024,
    maskWithinMs: grammarLimits.maskWithinMs ?? 5000,
  });
}

class XGrammarEngine implements GrammarEngine {
  readonly #tokenizer: Tokenizer;
  readonly #limits: Required<GrammarLimits>;
  readonly #trying = createSerialQueue();
  readonly #passed = new Set<string>();
  #vocabulary: Pick<GrammarThreadData, 'bytes' | 'ends' | 'endIds'> | null = null;
  #trier: Thread | null = null;
  #keeper: Thread | null = null;
  #waiting = 0;
  #matchers = 0;
  #isClosed = false;

  constructor(tokenizer: Tokenizer, limits: Required<GrammarLimits>) {
    this.#tokenizer = tokenizer;
    this.#limits = limits;
  }

  async open(grammar: Grammar): Promise<GrammarMatcher> {
    if (Buffer.byteLength(grammar.text) > grammarBytesLimit)
      throw refused(`it has more than ${grammarBytesLimit} bytes`, 'send a smaller one');
    const name = `${grammar.kind} ${grammar.text}`;
    if (!this.#passed.has(name)) {
      if (this.#waiting >= mostWaiting)
        throw new OutriderError('edge-full', 'too many grammars wait to be compiled', 'try again in a few seconds');
      this.#waiting += 1;
      await this.#trying
        .run(() => this.#try(grammar))
        .finally(() => {
          this.#waiting -= 1;
        });
      this.#passed.delete(name);
      this.#passed.add(name);
      const [oldest] = this.#passed;
      if (oldest !== undefined && this.#passed.size > mostPassed) this.#passed.delete(oldest);
    }
    return this.#keep(grammar);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#trier?.end(), this.#keeper?.end()]);
  }

  async #try(grammar: Grammar): Promise<void> {
    this.#trier = this.#trier?.isUsable === true ? this.#trier : this.#start(this.#limits.mostMemory);
    const trier = this.#trier;
    await trier.started;
    const matcher = ++this.#matchers;
    await trier.call({ kind: 'open', matcher, grammar }, this.#limits.compileWithinMs);
    trier.tell({ kind: 'close', matcher });
    // What is left of one must not lessen the memory of the next.
    if (trier.memory > this.#limits.mostMemory / 2) void trier.end();
  }

  async #keep(grammar: Grammar): Promise<GrammarMatcher> {
    const mostMemory = keeperMemoryFactor * this.#limits.mostMemory;
    this.#keeper = this.#keeper?.isUsable === true ? this.#keeper : this.#start(mostMemory);
    const keeper = this.#keeper;
    await keeper.started;
    if (keeper.memory > mostMemory - this.#limits.mostMemory) {
      // Without a matcher nobody misses it.
      if (keeper.matchers === 0) void keeper.end();
      throw new OutriderError(
        'edge-full',
        'the grammars in use take all memory for them',
        'try again in a few seconds',
      );
    }
    const matcher = ++this.#matchers;
    await keeper.call({ kind: 'open', matcher, grammar }, this.#limits.compileWithinMs + this.#limits.maskWithinMs);
    keeper.matchers += 1;
    let told = 0;
    let isClosed = false;
    return {
      masks: async (answerLength, answerFrom, drafts) => {
        const accept = answerFrom(told);
        told = answerLength;
        const { masks } = await keeper.call({ kind: 'masks', matcher, accept, drafts }, this.#limits.maskWithinMs);
        return masks;
      },
      next: async (answerLength, answerFrom, drafts) => {
        const accept = answerFrom(told);
        told = answerLength;
        const order = { kind: 'next', matcher, accept, drafts } as const;
        const { masks, forced } = await keeper.call(order, this.#limits.maskWithinMs);
        const [allowed] = masks;
        return allowed === undefined ? null : { allowed, forced };
      },
      close() {
        if (isClosed) return;
        isClosed = true;
        keeper.matchers -= 1;
        keeper.tell({ kind: 'close', matcher });
      },
    };
  }

  #start(mostMemory: number): Thread {
    if (this.#isClosed) throw new OutriderError('interrupted', 'the grammars are closed', 'ask again');
    this.#vocabulary ??= vocabularyOf(this.#tokenizer);
    return new Thread({ role: 'grammars', ...this.#vocabulary, mostMemory });
  }
}

type Found = Pick<Extract<GrammarReply, { kind: 'done' }>, 'masks' | 'forced'>;

interface Waiting {
  resolve(found: Found): void;
  reject(error: Error): void;
}

/** One thread, and the calls that it has not answered. */
class Thread {
  readonly started: Promise<void>;
  /** Of the library, bytes. */
  memory = 0;
  matchers = 0;
  isUsable = true;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

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
      const timer = setTimeout(() => {
        const cause = `it takes longer than ${withinMs / 1000} s`;
        this.#waiting.get(call)?.reject(refused(cause, 'send a simpler one'));
        this.#waiting.delete(call);
        this.#fault('another grammar takes too long');
      }, withinMs);
      const over = (): void => clearTimeout(timer);
      this.#waiting.set(call, {
        resolve: (found) => {
          over();
          resolve(found);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      });
      this.#worker.postMessage({ ...order, call });
    }).finally(() => {
      if (this.#waiting.size === 0) this.#worker.unref();
    });
  }

  async end(): Promise<void> {
    this.#fault('its thread has ended');
    await this.#worker.terminate();
  }

  #answered(reply: GrammarReply): void {
    const waiting = this.#waiting.get(reply.call);
    this.#waiting.delete(reply.call);
    if (reply.kind === 'done') {
      this.memory = reply.memory;
      waiting?.resolve(reply);
      return;
    }
    const isMemory = /memory/i.test(reply.cause);
    waiting?.reject(
      refused(isMemory ? 'it takes too much memory' : firstLine(reply.cause), 'check it, or send a simpler one'),
    );
    if (reply.isFault) this.#fault('another grammar has broken its thread');
  }

  #fault(cause: string): void {
    if (!this.isUsable) return;
    this.isUsable = false;
    for (const waiting of this.#waiting.values()) waiting.reject(faulty(cause));
    this.#waiting.clear();
    void this.#worker.terminate();
  }
}

function vocabularyOf({
  vocabularySize,
  bytes,
  endIds,
}: Tokenizer): Pick<GrammarThreadData, 'bytes' | 'ends' | 'endIds'> {
  const parts = Array.from({ length: vocabularySize }, (_, id) => bytes(id));
  const ends = new Uint32Array(vocabularySize);
  let length = 0;
  for (const [id, part] of parts.entries()) {
    length += part.length;
    ends[id] = length;
  }
  const all = new Uint8Array(length);
  for (const [id, part] of parts.entries()) all.set(part, (ends[id] as number) - part.length);
  return { bytes: all, ends, endIds: [...endIds] };
}

function refused(cause: string, remedy: string): OutriderError {
  return badArgument(`the grammar or JSON schema is refused: ${cause}`, remedy);
}

function faulty(cause: string): OutriderError {
  return new OutriderError('internal', `the grammar engine of the edge failed: ${cause}`, 'ask again');
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
