// Grammars by xgrammar, in threads: one tries each new grammar within limits of counted work and of memory, one keeps those that passed and
// makes the masks, and one, started when needed, does that for grammars whose masks take long. A grammar that breaks a thread ends only it.

import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { defined } from '../../core/basics/defined.ts';
import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { Recent } from '../../core/basics/recent.ts';
import { type Grammar, grammarBytesLimit } from '../../core/decoding/grammar.ts';
import { type GrammarEngine, type GrammarMatcher, slowGrammar } from '../port/grammar-engine.ts';
import type { Tokenizer } from '../port/model.ts';
import { createSerialQueue } from '../port/serial-queue.ts';
import {
  busyGrammars,
  type Found,
  GrammarThreadHost,
  type GrammarWorker,
  refusedGrammar,
  startGrammarWorker,
  type ThreadPatience,
} from './grammar-thread-host.ts';
import type { GrammarThreadData } from './xgrammar-thread.ts';

/**
 * What compiling and masking a grammar may cost. Work is counted in calls of functions and turns of loops of the library: a grammar and a
 * vocabulary take the same on each machine, and the verdict on a grammar is the same. A core of 2020 does about 300 million in a second.
 */
export interface GrammarLimits {
  /**
   * Work to compile one; a grammar that takes more is refused, and later refused without compiling. As much may be taken by all tokens of
   * an answer when they are added to it. Default 600,000,000.
   */
  readonly compileWork?: number;
  /** Memory of the library while it compiles one, bytes. Default 256 MiB. */
  readonly mostMemory?: number;
  /** Work to make the mask of one position of an answer; an answer whose grammar takes more ends. Default 150,000,000. */
  readonly maskWork?: number;
  /** Until a grammar is open, those before it included, ms; then the edge is too busy. It is compiled all the same. Default 30,000. */
  readonly openWithinMs?: number;
}

/** For tests: what stands in for the threads. */
export interface GrammarThreads extends ThreadPatience {
  start?(data: GrammarThreadData): GrammarWorker;
}

const mostWaiting = 16;
/** Grammars that have been tried, by their digests. */
const mostKnown = 512;
/** A thread that keeps grammars has so much more memory than one that tries them. */
const keeperMemoryFactor = 4;
/**
 * A thread without a call between two checks is replaced when its memory has grown by so many bytes, or after so many grammars, which have
 * used all of what it had: WebAssembly memory never shrinks.
 */
const idleGrowthBytes = 8 * 1024 * 1024;
const idleGrammars = 20;
const memoryCheckMs = 15_000;
/** Masks of a step that take more processor time than this are made in a thread of their own kind, ms. */
const slowMasksCpuMs = 100;
/** A thread that is sent more tokens than this at once has lost its place: that takes long, whatever the grammar. */
const tokensAtOnce = 1000;
/** Threads in which an answer's masks are tried: other grammars may break several, one after the other. */
const mostThreads = 4;
/** Until another attempt may find the edge less busy, ms. */
const retryMs = 5000;
/** Tokens of the vocabulary that are read without a pause. */
const vocabularySlice = 2048;

/** What is known of a grammar that has been tried. */
interface Known {
  /** For what it takes; null: it has passed. */
  readonly refusal: OutriderError | null;
  /** Whether its masks take long, in any answer. */
  isSlow: boolean;
}

type Role = 'trier' | 'keeper' | 'slowKeeper';
type Spent = ((cpuMs: number) => void) | undefined;
type Vocabulary = Pick<GrammarThreadData, 'bytes' | 'ends' | 'endIds'>;

/** Loads nothing before it is warmed, or the first grammar is opened. */
export function createGrammarEngine(
  tokenizer: Tokenizer,
  limits: GrammarLimits = {},
  threads: GrammarThreads = {},
): GrammarEngine {
  return new XGrammarEngine(tokenizer, { ...defaultLimits, ...defined(limits) }, threads);
}

const defaultLimits: Required<GrammarLimits> = {
  compileWork: 600_000_000,
  mostMemory: 256 * 1024 * 1024,
  maskWork: 150_000_000,
  openWithinMs: 30_000,
};

class XGrammarEngine implements GrammarEngine {
  readonly #tokenizer: Tokenizer;
  readonly #limits: Required<GrammarLimits>;
  readonly #threads: GrammarThreads;
  readonly #trying = createSerialQueue();
  readonly #known = new Recent<Known>(mostKnown);
  readonly #hosts = new Map<Role, GrammarThreadHost>();
  readonly #callsSeen = new Map<Role, number>();
  readonly #memoryTimer: NodeJS.Timeout;
  #vocabulary: Promise<Vocabulary> | null = null;
  #waiting = 0;
  #matchers = 0;
  #isClosed = false;

  constructor(tokenizer: Tokenizer, limits: Required<GrammarLimits>, threads: GrammarThreads) {
    this.#tokenizer = tokenizer;
    this.#limits = limits;
    this.#threads = threads;
    this.#memoryTimer = setInterval(() => this.#replaceIdleThreads(), memoryCheckMs).unref();
  }

  async warm(): Promise<void> {
    await Promise.all([this.#host('trier'), this.#host('keeper')]);
  }

  isKnown(grammar: Grammar): boolean {
    return this.#known.has(nameOf(grammar));
  }

  isSlow(grammar: Grammar): boolean {
    return this.#known.get(nameOf(grammar))?.isSlow === true;
  }

  async open(grammar: Grammar, spent?: (cpuMs: number) => void): Promise<GrammarMatcher> {
    if (Buffer.byteLength(grammar.text) > grammarBytesLimit)
      throw refusedGrammar(`it has more than ${grammarBytesLimit} bytes`, 'send a smaller one');
    const opening = this.#open(grammar, spent);
    const late = Promise.withResolvers<never>();
    const isLate = (): void => {
      late.reject(busyGrammars('the edge has too much to do to compile it', retryMs));
      void opening.then(
        (matcher) => matcher.close(),
        () => {},
      );
    };
    const timer = setTimeout(isLate, this.#limits.openWithinMs).unref();
    try {
      return await Promise.race([opening, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#memoryTimer);
    await Promise.all([...this.#hosts.values()].map((host) => host.end()));
  }

  async #open(grammar: Grammar, spent: Spent): Promise<GrammarMatcher> {
    const name = nameOf(grammar);
    let known = this.#known.use(name);
    if (known === undefined) {
      if (this.#waiting >= mostWaiting) throw busyGrammars('too many others wait to be compiled', retryMs);
      this.#waiting += 1;
      // Another answer may have brought the same one meanwhile.
      const job = async (): Promise<Known> => this.#known.use(name) ?? (await this.#try(grammar, name, spent));
      known = await this.#trying.run(job).finally(() => {
        this.#waiting -= 1;
      });
    }
    const { refusal } = known;
    if (refusal !== null) throw refusal;
    const keep = (): Promise<Place> => this.#keep(grammar, known.isSlow ? 'slowKeeper' : 'keeper', spent);
    return new KeptMatcher(await keep(), keep, known, spent);
  }

  async #try(grammar: Grammar, name: string, spent: Spent): Promise<Known> {
    const known = { refusal: null, isSlow: false };
    const trier = await this.#host('trier');
    trier.grammars.add(name);
    try {
      await trier.call({ kind: 'open', matcher: ++this.#matchers, grammar }, spent);
      this.#known.set(name, known);
      return known;
    } catch (error) {
      if (isOutriderError(error) && error.cause === slowGrammar)
        this.#known.set(name, { refusal: error, isSlow: false });
      throw error;
    } finally {
      // Memory that one has taken must not lessen that of the next.
      if (trier.memory > trier.startMemory) void trier.end();
    }
  }

  /** A place in a thread that keeps grammars. */
  async #keep(grammar: Grammar, role: Role, spent: Spent): Promise<Place> {
    const keeper = await this.#host(role);
    if (keeper.memory > this.#memoryOf(role) - this.#limits.mostMemory) {
      // Without a matcher it is not needed.
      if (keeper.matchers === 0) void keeper.end();
      throw busyGrammars('the grammars in use take all memory for them', retryMs);
    }
    const matcher = ++this.#matchers;
    keeper.grammars.add(nameOf(grammar));
    await keeper.call({ kind: 'open', matcher, grammar }, spent);
    keeper.matchers += 1;
    return { keeper, matcher, sentTokens: 0, isSlow: role === 'slowKeeper' };
  }

  #replaceIdleThreads(): void {
    for (const [role, host] of this.#hosts) {
      const hasWorked = host.calls !== this.#callsSeen.get(role);
      this.#callsSeen.set(role, host.calls);
      if (hasWorked || !host.isIdle) continue;
      if (role === 'slowKeeper') void host.end();
      else if (host.memory >= host.startMemory + idleGrowthBytes || host.grammars.size >= idleGrammars)
        void this.#renew(role, host);
    }
  }

  /** The next grammar should find it loaded. */
  async #renew(role: Role, host: GrammarThreadHost): Promise<void> {
    await host.end();
    await this.#host(role).catch(() => {});
  }

  #memoryOf(role: Role): number {
    return (role === 'trier' ? 1 : keeperMemoryFactor) * this.#limits.mostMemory;
  }

  async #host(role: Role): Promise<GrammarThreadHost> {
    this.#vocabulary ??= vocabularyOf(this.#tokenizer);
    const vocabulary = await this.#vocabulary;
    if (this.#isClosed) throw closed();
    let host = this.#hosts.get(role);
    if (host?.isUsable === false) {
      await host.ended;
      if (this.#isClosed) throw closed();
      host = this.#hosts.get(role);
    }
    if (host?.isUsable !== true) {
      const { start = startGrammarWorker } = this.#threads;
      host = new GrammarThreadHost(
        start({
          role: 'grammars',
          ...vocabulary,
          ...this.#limits,
          isTrier: role === 'trier',
          mostMemory: this.#memoryOf(role),
        }),
        this.#threads,
      );
      this.#hosts.set(role, host);
    }
    await host.started;
    return host;
  }
}

/** An answer's matcher in a thread, and how many tokens of the answer it has accepted. */
interface Place {
  readonly keeper: GrammarThreadHost;
  readonly matcher: number;
  readonly isSlow: boolean;
  sentTokens: number;
}

/** Moves to another thread where another grammar has broken its own, or where its masks would hold others up. */
class KeptMatcher implements GrammarMatcher {
  #place: Place;
  readonly #again: () => Promise<Place>;
  readonly #known: Known;
  readonly #spent: Spent;
  #isClosed = false;

  constructor(place: Place, again: () => Promise<Place>, known: Known, spent: Spent) {
    this.#place = place;
    this.#again = again;
    this.#known = known;
    this.#spent = spent;
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
    for (let threads = 1; ; threads += 1) {
      try {
        if (threads > 1 || (this.#known.isSlow && !this.#place.isSlow)) await this.#move();
        return await this.#askOnce(kind, ...text);
      } catch (error) {
        const isBroken = isOutriderError(error) && error.code === 'internal';
        if (!isBroken || this.#isClosed || threads === mostThreads) throw error;
      }
    }
  }

  async #move(): Promise<void> {
    const place = await this.#again();
    if (!this.#isClosed) this.#leave();
    this.#place = place;
    if (this.#isClosed) this.#leave();
  }

  #askOnce(kind: 'masks' | 'next', ...[length, from, drafts]: Parameters<GrammarMatcher['masks']>): Promise<Found> {
    const place = this.#place;
    const accept = from(place.sentTokens);
    place.sentTokens = length;
    const spent = (cpuMs: number): void => {
      this.#spent?.(cpuMs);
      if (accept.length < tokensAtOnce && cpuMs > slowMasksCpuMs) this.#known.isSlow = true;
    };
    return place.keeper.call({ kind, matcher: place.matcher, accept, drafts }, spent);
  }

  #leave(): void {
    const { keeper, matcher } = this.#place;
    keeper.matchers -= 1;
    keeper.send({ kind: 'close', matcher });
  }
}

function closed(): OutriderError {
  return new OutriderError('interrupted', 'the grammars are closed', 'ask again');
}

function nameOf({ kind, text }: Grammar): string {
  return createHash('sha256').update(`${kind} ${text}`).digest('base64');
}

/** Others have the event loop between slices: a large vocabulary takes hundreds of milliseconds. */
async function vocabularyOf({ vocabularySize, bytes, endIds }: Tokenizer): Promise<Vocabulary> {
  const parts: Uint8Array[] = [];
  const ends = new Uint32Array(vocabularySize);
  let length = 0;
  for (let id = 0; id < vocabularySize; id += 1) {
    if (id % vocabularySlice === 0) await nextTurn();
    const part = bytes(id);
    parts.push(part);
    length += part.length;
    ends[id] = length;
  }
  return { bytes: Buffer.concat(parts), ends, endIds: [...endIds] };
}
