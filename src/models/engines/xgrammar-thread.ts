// A thread that compiles grammars and makes masks with xgrammar (WebAssembly), off the event loop. xgrammar.ts sends it the calls. The work
// of the library is counted, so that whether a grammar takes too much depends on nothing but the grammar and the vocabulary.

import { createRequire } from 'node:module';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { CompiledGrammar, GrammarCompiler, GrammarMatcher } from '@mlc-ai/web-xgrammar';
import { Recent } from '../../core/basics/recent.ts';
import type { Grammar } from '../../core/decoding/grammar.ts';
import { countedModule, leftName } from './counted-wasm.ts';
import { ownCpuMs } from './thread-watch.ts';

type Library = typeof import('@mlc-ai/web-xgrammar');

export interface GrammarThreadData {
  readonly role: 'grammars';
  /** The bytes of all tokens in the order of their ids, and where each ends. */
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly endIds: readonly number[];
  /** Most memory of the library, bytes. */
  readonly mostMemory: number;
  /** Whether it tries grammars, each with the library as it was loaded; otherwise it keeps those that have passed. */
  readonly isTrier: boolean;
  /** Work that trying a grammar may take, and that all tokens of an answer may take to be accepted: calls of functions and turns of loops. */
  readonly compileWork: number;
  /** The same for one mask. */
  readonly maskWork: number;
}

export type GrammarOrder =
  | { readonly kind: 'open'; readonly call: number; readonly matcher: number; readonly grammar: Grammar }
  | {
      /** `next`: only the last mask, with what must follow. */
      readonly kind: 'masks' | 'next';
      readonly call: number;
      readonly matcher: number;
      /** Added to the answer. */
      readonly accept: readonly number[];
      readonly drafts: readonly number[];
    }
  | { readonly kind: 'close'; readonly matcher: number };

/**
 * `isFault`: the thread is of no use any more. `cpuMs`: processor time of the thread since its start. `memory`: of the library, bytes; it
 * never shrinks.
 */
export type GrammarReply = { readonly call: number; readonly cpuMs: number; readonly memory: number } & (
  | { readonly kind: 'done'; readonly masks: readonly Uint32Array[]; readonly forced: string }
  | { readonly kind: 'refused'; readonly cause: string; readonly isFault: boolean }
);

export const grammarThreadUrl: URL = new URL(import.meta.url);

/** The part of WebAssembly that is used here; Node's types leave it to those of browsers. */
interface Counter {
  value: bigint;
}
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WebAssemblyScope {
  readonly Memory: new (...given: never) => Memory;
  readonly RuntimeError: new (...given: never) => Error;
  instantiate(module: Uint8Array, imports: unknown): Promise<{ readonly instance: { readonly exports: object } }>;
}
const wasm = (globalThis as unknown as { readonly WebAssembly: WebAssemblyScope }).WebAssembly;

/** Bytes of a page of WebAssembly's memory. */
const pageBytes = 65_536;
/** Compiled grammars that are kept for the next answer. */
const keptGrammars = 32;
/** Work of what has no limit. */
const noLimit = 2 ** 62;
/** With the work that accepting more tokens may take: what they take depends on the text, not on the parts that it comes in. */
type KeptMatcher = { readonly matcher: GrammarMatcher; acceptWork: number };

class GrammarThread {
  readonly #data: GrammarThreadData;
  readonly #matchers = new Map<number, KeptMatcher>();
  /** Matchers keep what they were made of. */
  readonly #compiled = new Recent<CompiledGrammar>(keptGrammars, (compiled) => compiled.dispose());
  #memory: Memory | null = null;
  /** What is left of the work; the library counts down. */
  #left: Counter = { value: 0n };
  /** The memory of the library before it has compiled anything. */
  #unused: Uint8Array | null = null;
  #forced = '';
  #loaded: Promise<{ readonly library: Library; readonly compiler: GrammarCompiler }> | null = null;

  constructor(data: GrammarThreadData) {
    this.#data = data;
  }

  async answer(order: Exclude<GrammarOrder, { kind: 'close' }>): Promise<GrammarReply> {
    const { call } = order;
    try {
      this.#forced = '';
      const masks = order.kind === 'open' ? await this.#open(order) : await this.#masks(order);
      return { kind: 'done', masks, forced: this.#forced, ...this.#used(call) };
    } catch (error) {
      const { message = '' } = error as Error;
      const said = this.#left.value < 0n ? tooMuchWork : abortMessage.replace(/^\[FATAL\] \S+: /, '');
      abortMessage = '';
      const isFault = error instanceof wasm.RuntimeError || /abort|memory|out of bounds/i.test(message);
      return { kind: 'refused', cause: said || message || String(error), isFault, ...this.#used(call) };
    }
  }

  #used(call: number): Pick<GrammarReply, 'call' | 'cpuMs' | 'memory'> {
    return { call, cpuMs: ownCpuMs(), memory: this.#memory?.buffer.byteLength ?? 0 };
  }

  close(matcher: number): void {
    this.#matchers.get(matcher)?.matcher.dispose();
    this.#matchers.delete(matcher);
  }

  /** @returns the first mask */
  async #open({ matcher: number, grammar }: Extract<GrammarOrder, { kind: 'open' }>): Promise<Uint32Array[]> {
    this.#loaded ??= this.#load();
    const { library, compiler } = await this.#loaded;
    if (this.#data.isTrier) this.#forget();
    this.#allow(this.#data.isTrier ? this.#data.compileWork : noLimit);
    const compiled = await this.#compile(library, compiler, grammar);
    const matcher = await library.GrammarMatcher.createGrammarMatcher(compiled);
    const mask = await maskOf(matcher);
    const isEmpty = mask.every((word) => word === 0);
    if (isEmpty || this.#data.isTrier) matcher.dispose();
    else this.#matchers.set(number, { matcher, acceptWork: this.#data.compileWork });
    if (isEmpty) throw new Error('no text fits it');
    return [mask];
  }

  /** Makes the memory of the library that of one that has compiled nothing: whatever came before, a grammar takes the same work and memory. */
  #forget(): void {
    if (this.#memory === null) return;
    this.#unused ??= new Uint8Array(this.#memory.buffer).slice();
    new Uint8Array(this.#memory.buffer).set(this.#unused);
    this.#compiled.clear();
  }

  async #masks(order: Extract<GrammarOrder, { kind: 'masks' | 'next' }>): Promise<Uint32Array[]> {
    const { kind, matcher: number, accept, drafts } = order;
    const kept = this.#matchers.get(number);
    if (kept === undefined) throw new Error('the grammar is closed');
    const { matcher } = kept;
    this.#allow(kept.acceptWork);
    for (const id of accept) {
      if (matcher.isTerminated() || !matcher.acceptToken(id)) throw new Error('the answer so far does not follow it');
    }
    kept.acceptWork = Number(this.#left.value);
    if (matcher.isTerminated()) return [];
    const isAhead = kind === 'masks';
    const masks = isAhead ? [await this.#mask(matcher)] : [];
    if (masks[0]?.every((word) => word === 0)) throw new Error('nothing can follow the answer so far');
    let ahead = 0;
    while (ahead < drafts.length && !matcher.isTerminated()) {
      // What the mask before it took is no work of a draft.
      this.#allow(this.#data.maskWork);
      if (!matcher.acceptToken(drafts[ahead] as number)) break;
      ahead += 1;
      if (isAhead && !matcher.isTerminated()) masks.push(await this.#mask(matcher));
    }
    if (!isAhead && ahead === drafts.length && !matcher.isTerminated()) {
      masks.push(await this.#mask(matcher));
      this.#forced = matcher.findJumpForwardString();
    }
    this.#allow(this.#data.maskWork);
    if (ahead > 0) matcher.rollBack(ahead);
    return masks;
  }

  #allow(work: number): void {
    this.#left.value = BigInt(work);
  }

  /** Counts each mask alone: how many are asked for at a time depends on when drafts arrive. */
  async #mask(matcher: GrammarMatcher): Promise<Uint32Array> {
    this.#allow(this.#data.maskWork);
    return maskOf(matcher);
  }

  async #compile(library: Library, compiler: GrammarCompiler, grammar: Grammar): Promise<CompiledGrammar> {
    const name = `${grammar.kind} ${grammar.text}`;
    const known = this.#compiled.use(name);
    if (known !== undefined) return known;
    const compiled = await compile(library, compiler, grammar);
    this.#compiled.set(name, compiled);
    return compiled;
  }

  async #load(): Promise<{ readonly library: Library; readonly compiler: GrammarCompiler }> {
    const library = await this.#loadLibrary();
    const { bytes, ends, endIds } = this.#data;
    const tokens = Array.from(ends, (end, id) => bytes.subarray(id === 0 ? 0 : ends[id - 1], end));
    // Its binding takes bytes for a text, and tokens are bytes: many are no whole characters.
    const vocabulary = tokens as unknown as string[];
    const info = await library.TokenizerInfo.createTokenizerInfo(vocabulary, 'raw', false, tokens.length, [...endIds]);
    return { library, compiler: await library.GrammarCompiler.createGrammarCompiler(info, false) };
  }

  /**
   * Counts its work, and makes its memory end where the limit is. The package is a script that was made for browsers: it finds its place by
   * `location`, and leaves a global.
   */
  async #loadLibrary(): Promise<Library> {
    const instantiate = wasm.instantiate.bind(wasm);
    wasm.instantiate = async (module, imports) => {
      const made = await instantiate(countedModule(module), imports);
      this.#limit(made.instance.exports);
      return made;
    };
    const scope = globalThis as { location?: unknown; xgrammar?: Library; FinalizationRegistry?: unknown };
    // What is forgotten must not be freed later.
    if (this.#data.isTrier) delete scope.FinalizationRegistry;
    const path = createRequire(import.meta.url).resolve('@mlc-ai/web-xgrammar');
    scope.location = { href: import.meta.url };
    await import(path);
    if (scope.xgrammar === undefined) throw new Error('the library has not loaded');
    return scope.xgrammar;
  }

  #limit(exports: object): void {
    this.#left = (exports as { readonly [leftName]: Counter })[leftName];
    this.#allow(noLimit);
    for (const one of Object.values(exports) as unknown[]) {
      if (!(one instanceof wasm.Memory)) continue;
      this.#memory = one;
      const grow = one.grow.bind(one);
      one.grow = (pages) => {
        const isWithin = one.buffer.byteLength + pages * pageBytes <= this.#data.mostMemory;
        abortMessage = isWithin ? '' : 'out of memory';
        if (!isWithin) throw new RangeError(abortMessage);
        return grow(pages);
      };
    }
  }
}

/** Blanks: ", " and ": " only, all on one line. */
const layout = { anyWhitespace: false, indent: -1, strictMode: false } as const;

async function compile(library: Library, compiler: GrammarCompiler, { kind, text }: Grammar): Promise<CompiledGrammar> {
  const { anyWhitespace, indent, strictMode } = layout;
  switch (kind) {
    case 'json-schema':
      return compiler.compileJSONSchema(text, anyWhitespace, indent, undefined, strictMode);
    case 'structural-tag':
      return compiler.compileStructuralTag(JSON.stringify(await laidOut(library, JSON.parse(text))));
    case 'ebnf':
      return compiler.compileGrammar(text);
  }
}

/** With each JSON schema of a tag as the rules of the same schema: the library would read it with blanks everywhere. */
async function laidOut(library: Library, part: unknown): Promise<unknown> {
  if (Array.isArray(part)) return Promise.all(part.map((one) => laidOut(library, one)));
  if (typeof part !== 'object' || part === null) return part;
  if ('type' in part && part.type === 'json_schema' && 'json_schema' in part) {
    const { anyWhitespace, indent, strictMode } = layout;
    const schema = JSON.stringify(part.json_schema);
    const rules = await library.Testings._jsonSchemaToEBNF(schema, anyWhitespace, indent, undefined, strictMode);
    return { type: 'grammar', grammar: rules };
  }
  const fields = Object.entries(part).map(async ([name, value]) => [name, await laidOut(library, value)] as const);
  return Object.fromEntries(await Promise.all(fields));
}

async function maskOf(matcher: GrammarMatcher): Promise<Uint32Array> {
  return new Uint32Array(await matcher.getNextTokenBitmask());
}

const tooMuchWork = 'it takes more work than a grammar may';

/** The last message of the library: it writes the reason to standard error, and then aborts. */
let abortMessage = '';

const data = workerData as GrammarThreadData | null;
if (!isMainThread && parentPort !== null && data?.role === 'grammars') {
  const port = parentPort;
  // Its warnings are about the grammars of users, hundreds for one.
  console.log = () => {};
  console.error = (text: unknown) => {
    if (String(text).startsWith('[FATAL]')) abortMessage = String(text);
  };
  const thread = new GrammarThread(data);
  let last: Promise<unknown> = Promise.resolve();
  port.on('message', (order: GrammarOrder) => {
    last = last.then(async () => {
      if (order.kind === 'close') thread.close(order.matcher);
      else port.postMessage(await thread.answer(order));
    });
  });
}
