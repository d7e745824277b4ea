// Grammars of an edge's sessions: opened once per text, asked for masks before each step. A session whose grammar is not there yet takes
// part in no step; its prompt is read meanwhile.

import type { Clock } from '../../core/basics/clock.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { retryRemedy } from '../../core/basics/retry-time.ts';
import type { RowAsk } from '../../core/decoding/candidates.ts';
import type { Grammar } from '../../core/decoding/grammar.ts';
import type { EdgeKey } from '../../core/protocol/edge/edge-key.ts';
import type { EdgeState, StepTicket } from '../../core/protocol/edge/edge-state.ts';
import { GrammarBudgets } from '../../core/protocol/edge/grammar-budgets.ts';
import type { GrammarEngine, GrammarMatcher } from '../../models/port/grammar-engine.ts';
import { createSerialQueue, type SerialQueue } from '../../models/port/serial-queue.ts';

/** The grammar of one text of a session; another `open` begins another one. */
export interface SessionGrammar {
  readonly incarnation: number;
  readonly generation: number;
  /** Null: it is being opened. */
  matcher: GrammarMatcher | null;
  isLeft: boolean;
}

/** A session that may have one. */
interface GrammarEntry {
  readonly state: EdgeState;
  readonly key: Pick<EdgeKey, 'id'>;
  grammar: SessionGrammar | null;
}

/** Callbacks for them; neither may throw. */
export interface GrammarHost<Entry> {
  /** The session can't continue. */
  refused(entry: Entry, error: unknown): void;
  /** A session may take part in steps now. */
  ready(): void;
}

/** Grammars of a key that may be compiled or wait for it. */
const mostOpenings = 4;

export class EdgeGrammars<Entry extends GrammarEntry> {
  readonly #budgets = new GrammarBudgets();
  /** By the id of the key. The engine is given one of a key after the other, so that the keys take turns there. */
  readonly #openings = new Map<string, { readonly queue: SerialQueue; count: number }>();
  readonly #engine: GrammarEngine | undefined;
  readonly #host: GrammarHost<Entry>;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(engine: GrammarEngine | undefined, clock: Pick<Clock, 'nowMs'>, host: GrammarHost<Entry>) {
    this.#engine = engine;
    this.#clock = clock;
    this.#host = host;
  }

  /** Whether the session needs no grammar, or has it. Opens it where not. */
  isReady(entry: Entry): boolean {
    const { grammar } = entry.state.open;
    if (grammar === undefined) return true;
    const { incarnation, generation } = entry.state;
    const known = entry.grammar;
    if (known?.incarnation === incarnation && known.generation === generation) return known.matcher !== null;
    this.leave(entry);
    const opening: SessionGrammar = { incarnation, generation, matcher: null, isLeft: false };
    entry.grammar = opening;
    void this.#open(entry, opening);
    return false;
  }

  leave(entry: Entry): void {
    const { grammar } = entry;
    entry.grammar = null;
    if (grammar === null) return;
    grammar.isLeft = true;
    grammar.matcher?.close();
  }

  /**
   * What the rows of a step are asked for; undefined: nothing; null: the session has lost its place, and takes part in no step.
   * @throws OutriderError where the grammar can't be followed
   */
  async asks(entry: Entry, ticket: StepTicket): Promise<readonly RowAsk[] | undefined | null> {
    // The session was opened again: this step counts for nothing, and another text has nothing to do with its failure.
    const isStale = (): boolean => entry.state.ticket !== ticket;
    if (isStale()) return null;
    try {
      return await this.#asks(entry, ticket.drafts);
    } catch (error) {
      if (isStale()) return null;
      throw error;
    }
  }

  async #asks(entry: Entry, drafts: readonly number[]): Promise<readonly RowAsk[] | undefined | null> {
    const { open, text } = entry.state;
    const { sampling, grammar, topLogprobs } = open;
    const bias = sampling.logitBias.length === 0 ? undefined : sampling.logitBias;
    const normalises = topLogprobs !== undefined;
    if (grammar === undefined && bias === undefined && !normalises) return undefined;
    const start = open.prompt.length;
    const from = (index: number): readonly number[] => text.slice(start + index);
    const masks = grammar === undefined ? undefined : await masksOf(entry.grammar, [text.length - start, from, drafts]);
    if (masks === null) return null;
    return Array.from({ length: drafts.length + 1 }, (_, row) => ({ allowed: masks?.[row], bias, normalises }));
  }

  /** Within the bounds of the session's key. */
  async #openFor({ key }: Entry, grammar: Grammar): Promise<GrammarMatcher> {
    const engine = this.#engine;
    if (engine === undefined) throw withoutGrammars;
    const spent = (cpuMs: number): void => this.#budgets.spend(key.id, cpuMs, this.#clock.nowMs());
    if (engine.isSlow?.(grammar) === true) this.#budgets.demand(key.id, this.#clock.nowMs());
    if (engine.isKnown?.(grammar) === true) return engine.open(grammar, spent);
    this.#budgets.demand(key.id, this.#clock.nowMs());
    const openings = this.#openings.get(key.id) ?? { queue: createSerialQueue(), count: 0 };
    if (openings.count >= mostOpenings)
      throw new OutriderError('rate-limited', `${mostOpenings} grammars of this key wait already`, retryRemedy(2000));
    this.#openings.set(key.id, openings);
    openings.count += 1;
    const end = (): void => {
      openings.count -= 1;
      if (openings.count === 0) this.#openings.delete(key.id);
    };
    return openings.queue.run(() => engine.open(grammar, spent)).finally(end);
  }

  async #open(entry: Entry, opening: SessionGrammar): Promise<void> {
    const { grammar } = entry.state.open;
    try {
      if (grammar === undefined) return;
      opening.matcher = await this.#openFor(entry, grammar);
      if (opening.isLeft) opening.matcher.close();
      else this.#host.ready();
    } catch (error) {
      if (!opening.isLeft) this.#host.refused(entry, error);
    }
  }
}

/** Null: the session has lost its place since the step was planned, and its matcher with it. */
async function masksOf(
  known: SessionGrammar | null,
  text: Parameters<GrammarMatcher['masks']>,
): Promise<readonly Uint32Array[] | null> {
  if (known === null || known.matcher === null) return null;
  try {
    return await known.matcher.masks(...text);
  } catch (error) {
    if (known.isLeft) return null;
    throw error;
  }
}

const withoutGrammars = new OutriderError(
  'bad-argument',
  'this edge has no grammars, so it cannot follow a JSON schema or tools',
  'ask another edge, or leave them out',
);
