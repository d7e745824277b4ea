// What the rows of a step are asked for, as masks of a grammar, is made elsewhere and may be late. A step waits for it a little; then it
// runs without that session, which takes part in the step after its masks have come. No other session waits for them. Being late ends
// nothing.

import type { Clock } from '../../core/basics/clock.ts';
import type { RowAsk } from '../../core/decoding/candidates.ts';
import type { StepTicket } from '../../core/protocol/edge/edge-state.ts';
import type { StepPart } from '../../core/protocol/edge/engine-steps.ts';
import type { EvaluateItem } from '../../models/port/model.ts';
import type { SessionEntry } from './edge-sessions.ts';
import { heldPrefix, type KvSequence } from './kv-sequences.ts';

/** A session's part of the running step, and its item for the engine. */
export interface RunningPart extends StepPart<SessionEntry> {
  readonly kv: KvSequence;
  /** Owner of the sequence when the step was planned: another session may take it during the step. */
  readonly owner: string;
  readonly item: EvaluateItem;
}

export interface LatePartsHost {
  /** What the rows of a step are asked for; null: the session can take no part. It may reject, and its session is refused then. */
  asks(entry: SessionEntry, ticket: StepTicket): Promise<readonly RowAsk[] | undefined | null>;
  refuse(entry: SessionEntry, error: unknown): void;
  /** The session continues without this step. */
  missed(entry: SessionEntry, ticket: StepTicket): void;
  /** A part that was late can run. */
  wake(): void;
}

/** Given once: the parts that can run, of one asked part none or one. */
type Outcome = () => readonly RunningPart[];

interface AskedPart {
  readonly part: RunningPart;
  outcome: Outcome | null;
  isLate: boolean;
}

export class LateParts {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #host: LatePartsHost;
  #late: readonly AskedPart[] = [];

  constructor(clock: Pick<Clock, 'after'>, host: LatePartsHost) {
    this.#clock = clock;
    this.#host = host;
  }

  /** @returns the parts that can run now; the others are kept */
  async ask(parts: readonly RunningPart[], patienceMs: number): Promise<readonly RunningPart[]> {
    const asked = parts.map((part): AskedPart => ({ part, outcome: null, isLate: false }));
    const all = Promise.all(asked.map((one) => this.#ask(one)));
    if (parts.some(({ entry, ticket }) => ticket !== null && entry.state.open.grammar !== undefined))
      await this.#waitWithin(all, patienceMs);
    else await all;
    const late = asked.filter(({ outcome }) => outcome === null);
    for (const one of late) one.isLate = true;
    this.#late = [...this.#late, ...late];
    return asked.flatMap(({ outcome }) => outcome?.() ?? []);
  }

  /** The late parts that can run now. @param mostRows of them together */
  take(mostRows: number): readonly RunningPart[] {
    const taken: RunningPart[] = [];
    const late: AskedPart[] = [];
    let rows = 0;
    for (const one of this.#late) {
      const { part, outcome } = one;
      if (!this.#isStill(part)) continue;
      const fits = taken.length === 0 || rows + part.item.rows <= mostRows;
      if (outcome === null || !fits) late.push(one);
      else {
        const running = outcome();
        taken.push(...running);
        for (const { item } of running) rows += item.rows;
      }
    }
    this.#late = late;
    return taken;
  }

  async #ask(asked: AskedPart): Promise<void> {
    const { part } = asked;
    const { entry, ticket, item } = part;
    let outcome: Outcome;
    try {
      const asks = ticket === null ? undefined : await this.#host.asks(entry, ticket);
      outcome = () => {
        if (asks !== null) return [asks === undefined ? part : { ...part, item: { ...item, asks } }];
        if (ticket !== null) this.#host.missed(entry, ticket);
        return [];
      };
    } catch (error) {
      outcome = () => {
        this.#host.refuse(entry, error);
        return [];
      };
    }
    asked.outcome = outcome;
    if (asked.isLate) this.#host.wake();
  }

  async #waitWithin(all: Promise<unknown>, patienceMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const cancel = this.#clock.after(patienceMs, over.resolve);
    await Promise.race([all, over.promise]);
    cancel();
  }

  /** Where the session has lost its place meanwhile, it plans its step again when it has one. */
  #isStill({ entry, ticket, kv, owner, heldTokens }: RunningPart): boolean {
    if (ticket === null || entry.state.ticket !== ticket) return false;
    const { text } = entry.state;
    if (entry.kv === kv && kv.owner === owner && heldPrefix(kv, text, text.length - 1) === heldTokens) return true;
    this.#host.missed(entry, ticket);
    return false;
  }
}
