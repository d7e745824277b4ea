// Grammars by xgrammar, in two threads: one tries each new grammar within limits of time and memory, the other keeps those that passed and
// makes the masks. What a grammar does to the first thread ends only that thread.

import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { type Grammar, grammarBytesLimit } from '../../core/decoding/grammar.ts';
import type { GrammarEngine, GrammarMatcher } from '../port/grammar-engine.ts';
import type { Tokenizer } from '../port/model.ts';
import { createSerialQueue } from '../port/serial-queue.ts';
import { type Found, GrammarThreadHost, refusedGrammar } from './grammar-thread-host.ts';
import type { GrammarThreadData } from './xgrammar-thread.ts';

/** Limits of grammars. */
export interface GrammarLimits {
  /** To compile one, ms. Default 3,000. */
  readonly compileWithinMs?: number;
  /** Of the library while it compiles one, bytes. Default 256 MiB. */
  readonly mostMemory?: number;
  /** To make the masks of one step of one answer, ms; an answer whose grammar takes longer ends, and others wait until then. Default 400. */
  readonly maskWithinMs?: number;
}

/** Grammars that may wait to be tried. */
const mostWaiting = 16;
/** Texts of grammars that have passed, so that they are not tried again. */
const mostPassed = 64;
/** The thread that keeps grammars has so much more memory than one that tries them. */
const keeperMemoryFactor = 4;

/** Loads nothing before the first grammar is opened. */
export function createGrammarEngine(tokenizer: Tokenizer, grammarLimits: GrammarLimits = {}): GrammarEngine {
  return new XGrammarEngine(tokenizer, {
    compileWithinMs: grammarLimits.compileWithinMs ?? 3000,
    mostMemory: grammarLimits.mostMemory ?? 256 * 1024 * 1024,
    maskWithinMs: grammarLimits.maskWithinMs ?? 400,
  });
}

class XGrammarEngine implements GrammarEngine {
  readonly #tokenizer: Tokenizer;
  readonly #limits: Required<GrammarLimits>;
  readonly #trying = createSerialQueue();
  readonly #passed = new Set<string>();
  #vocabulary: Pick<GrammarThreadData, 'bytes' | 'ends' | 'endIds'> | null = null;
  #trier: GrammarThreadHost | null = null;
  #keeper: GrammarThreadHost | null = null;
  #waiting = 0;
  #matchers = 0;
  #isClosed = false;

  constructor(tokenizer: Tokenizer, limits: Required<GrammarLimits>) {
    this.#tokenizer = tokenizer;
    this.#limits = limits;
  }

  async open(grammar: Grammar): Promise<GrammarMatcher> {
    if (Buffer.byteLength(grammar.text) > grammarBytesLimit)
      throw refusedGrammar(`it has more than ${grammarBytesLimit} bytes`, 'send a smaller one');
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
    return new KeptMatcher(await this.#keep(grammar), () => this.#keep(grammar), this.#limits.maskWithinMs);
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

  /** A place in the thread that keeps grammars. */
  async #keep(grammar: Grammar): Promise<Place> {
    const mostMemory = keeperMemoryFactor * this.#limits.mostMemory;
    this.#keeper = this.#keeper?.isUsable === true ? this.#keeper : this.#start(mostMemory);
    const keeper = this.#keeper;
    await keeper.started;
    if (keeper.memory > mostMemory - this.#limits.mostMemory) {
      // Without a matcher nobody misses it.
      if (keeper.matchers === 0) void keeper.end();
      const cause = 'the grammars in use take all memory for them';
      throw new OutriderError('edge-full', cause, 'try again in a few seconds');
    }
    const matcher = ++this.#matchers;
    await keeper.call({ kind: 'open', matcher, grammar }, this.#limits.compileWithinMs);
    keeper.matchers += 1;
    return { keeper, matcher, told: 0 };
  }

  #start(mostMemory: number): GrammarThreadHost {
    if (this.#isClosed) throw new OutriderError('interrupted', 'the grammars are closed', 'ask again');
    this.#vocabulary ??= vocabularyOf(this.#tokenizer);
    return new GrammarThreadHost({ role: 'grammars', ...this.#vocabulary, mostMemory });
  }
}

/** An answer's matcher in a thread, and how many tokens of the answer that knows. */
interface Place {
  readonly keeper: GrammarThreadHost;
  readonly matcher: number;
  told: number;
}

/** Moves to another thread where another grammar has broken its own. */
class KeptMatcher implements GrammarMatcher {
  #place: Place;
  readonly #again: () => Promise<Place>;
  readonly #withinMs: number;
  #isClosed = false;

  constructor(place: Place, again: () => Promise<Place>, withinMs: number) {
    this.#place = place;
    this.#again = again;
    this.#withinMs = withinMs;
  }

  async masks(...text: Parameters<GrammarMatcher['masks']>): Promise<readonly Uint32Array[]> {
    return (await this.#ask('masks', ...text)).masks;
  }

  async next(...text: Parameters<GrammarMatcher['next']>): ReturnType<GrammarMatcher['next']> {
    const { masks, forced } = await this.#ask('next', ...text);
    const [allowed] = masks;
    return allowed === undefined ? null : { allowed, forced };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leave();
  }

  async #ask(kind: 'masks' | 'next', ...text: Parameters<GrammarMatcher['masks']>): Promise<Found> {
    try {
      return await this.#askOnce(kind, ...text);
    } catch (error) {
      if (!isOutriderError(error) || error.code !== 'internal' || this.#isClosed) throw error;
      this.#place = await this.#again();
      if (this.#isClosed) this.#leave();
      return this.#askOnce(kind, ...text);
    }
  }

  #askOnce(kind: 'masks' | 'next', ...[length, from, drafts]: Parameters<GrammarMatcher['masks']>): Promise<Found> {
    const place = this.#place;
    const accept = from(place.told);
    place.told = length;
    return place.keeper.call({ kind, matcher: place.matcher, accept, drafts }, this.#withinMs);
  }

  #leave(): void {
    const { keeper, matcher } = this.#place;
    keeper.matchers -= 1;
    keeper.tell({ kind: 'close', matcher });
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
