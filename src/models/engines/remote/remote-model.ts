// A language model whose engine runs in another process. It lays calls out under the shape law, as an engine in this process does, and
// keeps the ids of each sequence: where the worker is lost, callers wait, and what it held is evaluated again.

import { OutriderError } from '../../../core/basics/errors.ts';
import { invariant } from '../../../core/basics/invariant.ts';
import type { Candidates } from '../../../core/decoding/candidates.ts';
import { freeLaw, type ShapeLaw } from '../../../core/decoding/shape-law.ts';
import { type CallEngine, evaluateByLaw, longestItem } from '../../exactness/evaluate-by-law.ts';
import { comparedSequences } from '../../exactness/shape-histories.ts';
import type { LawBench } from '../../exactness/shape-law-search.ts';
import { appendTokens } from '../../port/append-tokens.ts';
import { checkShape, edgeFull } from '../../port/item-rules.ts';
import type {
  EvaluateItem,
  Exactness,
  ModelIdentity,
  ModelLimits,
  ModelSequence,
  Tokenizer,
} from '../../port/model.ts';
import { createSerialQueue } from '../../port/serial-queue.ts';
import { noNumbers } from '../llama-candidates.ts';
import { type Hello, hashParts } from './hello.ts';
import { type RemoteConnection, StepFailed, StepGivenUp, WorkerLost } from './remote-connection.ts';
import { RemoteSequence, type SequenceOwner } from './remote-sequence.ts';
import { candidatesOf, frameItem } from './row-asks.ts';

/** Where connections to one worker come from. */
export interface WorkerSource {
  /**
   * Waits until there is a connection whose hello has come; what was started before for it has ended.
   * @throws OutriderError where there will be none
   */
  connect(): Promise<RemoteConnection>;
  /** Ends what was started, and makes {@link connect} reject. */
  close(): Promise<void>;
}

/** What an operator should know of a worker. */
export type EngineEvent =
  /** Sessions wait. */
  | { readonly kind: 'lost'; readonly cause: string }
  /** Where it waits for a worker: what it waits for. */
  | { readonly kind: 'awaited'; readonly cause: string }
  /** A worker that starts says how far it is. */
  | { readonly kind: 'starting'; readonly cause: string }
  /** Sessions continue. */
  | { readonly kind: 'back' }
  /** No session can continue. */
  | { readonly kind: 'ended'; readonly error: OutriderError };

/** A step that loses its worker so often is refused; a worker that breaks the protocol is given fewer attempts. */
const mostLosses = 9;
const faultWeight = 3;

export class RemoteModel implements LawBench, CallEngine, SequenceOwner {
  identity: ModelIdentity = { name: '', fingerprint: '', description: '' };
  tokenizer!: Tokenizer;
  limits: ModelLimits;
  exactness?: Exactness;
  readonly hello: Hello;
  readonly queue: ReturnType<typeof createSerialQueue> = createSerialQueue();
  readonly #source: WorkerSource;
  readonly #note: (event: EngineEvent) => void;
  readonly #sequences = new Set<RemoteSequence>();
  readonly #free: number[];
  #connection: RemoteConnection;
  /** Pending while there is no worker. */
  #reconnecting: Promise<void> = Promise.resolve();
  #isLost = false;
  /** Ends the wait of the present caller. */
  #leave: (why: StepGivenUp) => void = () => undefined;
  #isRefilling = false;
  #waitCount = 0;
  #engineMs = 0;
  #mostSequences = comparedSequences;
  #closing: Promise<void> | undefined;

  /** @param connection of `source`, its hello read */
  constructor(
    source: WorkerSource,
    connection: RemoteConnection,
    hello: Hello,
    note: (event: EngineEvent) => void = () => undefined,
  ) {
    this.#source = source;
    this.#note = note;
    this.#connection = connection;
    this.hello = hello;
    const { contextLength, maxSequences, cachedTokenBytes } = hello.limits;
    const memory = cachedTokenBytes === undefined ? {} : { cachedTokenBytes };
    this.limits = { contextLength, maxSequences, maxItemTokens: this.largestCall, law: freeLaw, ...memory };
    this.#free = Array.from({ length: maxSequences }, (_, number) => number);
    this.#follow(connection);
    this.adopt(freeLaw);
  }

  get largestCall(): number {
    return this.hello.limits.largestCall;
  }

  get isWaiting(): boolean {
    return this.#isLost || this.#isRefilling;
  }

  get waitCount(): number {
    return this.#waitCount;
  }

  /** Time that the worker says its engine took so far, ms. */
  get engineMs(): number {
    return this.#engineMs + this.#connection.engineMs;
  }

  adopt(law: ShapeLaw): void {
    this.limits = { ...this.limits, law, maxItemTokens: longestItem(law, this.largestCall) };
  }

  /** No promise about shapes, so calls may be as large as the worker allows. */
  adoptFast(): void {
    this.#mostSequences = this.limits.maxSequences;
    this.adopt({ ...freeLaw, most: this.largestCall, merges: this.hello.law.merges });
  }

  /** Sets the identity, and lowers the limits to what was asked for. */
  settle(
    identity: ModelIdentity,
    limits: Pick<ModelLimits, 'contextLength' | 'maxSequences'>,
    exactness?: Exactness,
  ): void {
    this.identity = identity;
    if (exactness !== undefined) this.exactness = exactness;
    this.limits = { ...this.limits, ...limits };
    this.#free.splice(limits.maxSequences);
  }

  openSequence(): ModelSequence {
    invariant(this.#closing === undefined, 'openSequence of a closed model');
    const number = this.#free.shift();
    if (number === undefined) throw edgeFull(this.limits.maxSequences);
    const sequence = new RemoteSequence(this, number);
    this.#sequences.add(sequence);
    return sequence;
  }

  takeBack(sequence: RemoteSequence): void {
    this.#sequences.delete(sequence);
    this.#free.unshift(sequence.number);
    this.#connection.release(sequence.number);
  }

  evaluate(items: readonly EvaluateItem[]): Promise<Candidates[][]> {
    invariant(this.#closing === undefined, 'evaluate of a closed model');
    return this.queue.run(async () => {
      const sequences = items.map((item) => this.#check(item));
      invariant(new Set(sequences).size === items.length, 'a sequence occurs twice in a batch');
      return this.#outlasting(sequences, async () => {
        for (const sequence of sequences) await this.#refill(sequence);
        return evaluateByLaw(this, this.limits.law, items, this.#mostSequences);
      });
    });
  }

  /** In as many calls of the worker as its limit demands, never a part of an item. */
  async call(items: readonly EvaluateItem[]): Promise<Candidates[][]> {
    const results: Candidates[][] = [];
    for (let from = 0; from < items.length; ) {
      let to = from;
      for (let left = this.largestCall; to < items.length; to += 1) {
        left -= (items[to] as EvaluateItem).tokens.length;
        if (left < 0 && to > from) break;
      }
      results.push(...(await this.#callOnce(items.slice(from, to))));
      from = to;
    }
    return results;
  }

  async erase(sequence: ModelSequence, length: number): Promise<void> {
    (sequence as RemoteSequence).cut(length);
  }

  giveUp(): void {
    this.#connection.giveUp();
    if (this.#isLost) this.#leave(new StepGivenUp('the wait for the engine was given up'));
  }

  /** The ids that the worker's own tokenizer makes of a text. */
  encode(text: string): Promise<readonly number[]> {
    return this.queue.run(() => this.#outlasting([], () => this.#connection.encode(text)));
  }

  close(): Promise<void> {
    // What waits for a worker would wait without end.
    const ended = this.#isLost ? this.#source.close() : undefined;
    this.#closing ??= this.queue.run(async () => {
      this.#connection.close();
      await (ended ?? this.#source.close());
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(item: EvaluateItem): RemoteSequence {
    const { sequence } = item;
    invariant(sequence instanceof RemoteSequence && sequence.owner === this, 'sequence of another model');
    invariant(!sequence.released, 'evaluate of a released sequence');
    checkShape(item, this.limits);
    return sequence;
  }

  /** Does the work again with each new worker. Where it fails, the sequences hold what they held. */
  async #outlasting<Result>(sequences: readonly RemoteSequence[], work: () => Promise<Result>): Promise<Result> {
    const lengths = sequences.map(({ length }) => length);
    for (let losses = 0; ; ) {
      await this.#untilBack();
      try {
        return await work();
      } catch (error) {
        for (const [index, sequence] of sequences.entries()) sequence.cut(lengths[index] as number);
        if (!(error instanceof WorkerLost)) throw explained(error);
        this.#lose(error);
        losses += error.fault === undefined ? 1 : faultWeight;
        if (losses >= mostLosses) throw error.fault ?? lostInStep(error);
      }
    }
  }

  async #untilBack(): Promise<void> {
    if (!this.#isLost) return this.#reconnecting;
    const left = new Promise<never>((_, reject) => {
      this.#leave = reject;
    });
    await Promise.race([this.#reconnecting, left]);
  }

  /** What the worker does not hold of the text is evaluated again. */
  async #refill(sequence: RemoteSequence): Promise<void> {
    const { ids, heldCount } = sequence;
    if (heldCount === ids.length) return;
    this.#isRefilling = true;
    this.#waitCount += 1;
    sequence.ids = ids.slice(0, heldCount);
    const bench = { limits: this.limits, evaluate: this.#evaluateAlone };
    try {
      await appendTokens(bench, sequence, ids.slice(heldCount));
    } finally {
      sequence.ids = ids;
      this.#isRefilling = false;
    }
  }

  readonly #evaluateAlone = (items: readonly EvaluateItem[]): Promise<Candidates[][]> =>
    evaluateByLaw(this, this.limits.law, items, this.#mostSequences);

  async #callOnce(items: readonly EvaluateItem[]): Promise<Candidates[][]> {
    const connection = this.#connection;
    const sequences = items.map(({ sequence }) => sequence as RemoteSequence);
    const frameItems = items.map((item, index) => {
      const { number, length } = sequences[index] as RemoteSequence;
      return frameItem(item, number, length);
    });
    // Until it has answered, what it holds is not known.
    for (const sequence of sequences) sequence.heldCount = 0;
    const rows = await connection.evaluate(frameItems);
    const left = [...rows];
    const results = items.map(({ rows: wanted, asks }) =>
      left.splice(0, wanted).map((row, index) => {
        const candidates = candidatesOf(row, asks?.[index], this.hello.vocabularySize);
        if (typeof candidates === 'string') throw connection.fault(candidates);
        return candidates;
      }),
    );
    for (const [index, sequence] of sequences.entries()) {
      for (const id of (items[index] as EvaluateItem).tokens) sequence.ids.push(id);
      // A worker that was lost behind its answer holds nothing.
      sequence.heldCount = connection.isLost ? 0 : sequence.ids.length;
    }
    return results;
  }

  #follow(connection: RemoteConnection): void {
    void connection.lost.then((lost) => {
      if (connection === this.#connection) this.#lose(lost);
    });
  }

  /** Once for each connection. */
  #lose(lost: WorkerLost): void {
    if (this.#isLost || !this.#connection.isLost || this.#closing !== undefined) return;
    this.#isLost = true;
    this.#waitCount += 1;
    for (const sequence of this.#sequences) sequence.heldCount = 0;
    this.#note({ kind: 'lost', cause: lost.message });
    this.#reconnecting = this.#reconnect();
    this.#reconnecting.catch(() => undefined);
  }

  async #reconnect(): Promise<void> {
    try {
      const connection = await this.#source.connect();
      demandSame(this.hello, await connection.hello);
      this.#engineMs += this.#connection.engineMs;
      this.#connection = connection;
      this.#isLost = false;
      this.#follow(connection);
      this.#note({ kind: 'back' });
    } catch (error) {
      if (this.#closing === undefined) this.#note({ kind: 'ended', error: error as OutriderError });
      throw error;
    }
  }
}

/** Texts that one engine has begun may continue only with the same. @throws OutriderError `engine-changed` */
function demandSame(before: Hello, after: Hello): void {
  const names = ['contextLength', 'maxSequences', 'largestCall'] as const;
  const isSmaller = names.some((name) => after.limits[name] < before.limits[name]);
  if (hashParts(before, {}) === hashParts(after, {}) && !isSmaller) return;
  const cause = `the engine was lost and came back as another (${after.name}, ${after.engine}; before ${before.name}, ${before.engine})`;
  throw new OutriderError(
    'engine-changed',
    cause,
    'start the edge again, and devices begin their texts with the new engine',
  );
}

function lostInStep({ message }: WorkerLost): OutriderError {
  const cause = `the engine is lost in each attempt at a step: ${message}`;
  return new OutriderError('engine-lost', cause, "read the worker's log");
}

function explained(error: unknown): unknown {
  if (!(error instanceof StepFailed)) return error;
  if (error.code === 'no-numbers') return noNumbers(error.message);
  if (error.code === 'memory-full') {
    const remedy =
      'start the worker with more memory for keys and values, or the edge with fewer --sessions or less --context';
    return new OutriderError('memory-full', `the engine has no memory left for the texts: ${error.message}`, remedy);
  }
  return error;
}
