// An edge at a border: a member of its own cell, and for a time with a few of its places of a neighbour's, too. It follows each
// controller only for the sessions of that one's own tickets.

import { atHome, decideEveryMs, isLent, type Loan, stepLoan } from '../../allocation/controller/loan.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { EdgeKey, KeyGroup } from '../../core/protocol/edge/edge-key.ts';
import type { Edge } from '../edge/edge.ts';
import type { EdgePortion } from './edge-agent.ts';
import { TicketBook } from './ticket-book.ts';

export interface LoanTerms {
  /** The neighbour. */
  readonly cell: string;
  readonly places: number;
}

export interface EdgeLoansOptions {
  readonly terms: readonly LoanTerms[];
  /** All places of the edge; more than it lends. */
  readonly places: number;
  readonly clock: Clock;
  /** Called when a neighbour gets its places, and when they are taken back. */
  readonly onChange?: (terms: LoanTerms, isLent: boolean) => void;
}

type SessionsOf = Edge['sessionsOf'];

/** Places of one neighbour. */
class Neighbour implements KeyGroup {
  readonly terms: LoanTerms;
  readonly tickets: TicketBook;
  loan: Loan = atHome;
  readonly #clock: Clock;
  readonly #sessionsOf: SessionsOf;

  constructor(terms: LoanTerms, clock: Clock, sessionsOf: SessionsOf) {
    this.terms = terms;
    this.#clock = clock;
    this.#sessionsOf = sessionsOf;
    this.tickets = new TicketBook(clock, { cell: terms.cell, group: this, isOpen: () => this.isOpen });
  }

  get isOpen(): boolean {
    return isLent(this.loan, this.#clock.nowMs());
  }

  get mostPlaces(): number {
    return this.isOpen ? this.terms.places : 0;
  }

  /** For its controller. */
  readonly portion = (): EdgePortion => ({ places: this.terms.places, ...this.#sessions, isOpen: this.isOpen });

  /** Places that are not the owner's now: lent, or still used. */
  get away(): number {
    return this.isOpen ? this.terms.places : this.#sessions.placed;
  }

  get #sessions(): ReturnType<SessionsOf> {
    return this.#sessionsOf(({ group }) => group === this);
  }
}

export class EdgeLoans implements Disposable {
  readonly neighbours: readonly Neighbour[];
  /** Sessions that are no neighbour's: none of them gets a place that is lent. */
  readonly #own: KeyGroup;
  readonly #options: EdgeLoansOptions;
  #edge: Pick<Edge, 'sessionsOf'> | null = null;
  #cancel = (): void => {};

  constructor(options: EdgeLoansOptions) {
    this.#options = options;
    const neighbours = options.terms.map((terms) => new Neighbour(terms, options.clock, this.#sessionsOf));
    this.neighbours = neighbours;
    this.#own = {
      get mostPlaces() {
        return neighbours.reduce((rest, one) => rest - one.away, options.places);
      },
    };
  }

  /** For `keyOf` of an edge: takes tickets of neighbours, and what `keyOf` takes. */
  beside(keyOf: (credentials: string) => EdgeKey | null): (credentials: string) => EdgeKey | null {
    const own = (credentials: string): EdgeKey | null => {
      const key = keyOf(credentials);
      return key === null ? null : { ...key, group: this.#own };
    };
    return this.neighbours.reduceRight((inner, { tickets }) => tickets.beside(inner), own);
  }

  /** Once, when the edge runs. */
  begin(edge: Pick<Edge, 'sessionsOf'>): void {
    this.#edge = edge;
    this.#step();
  }

  /** For the controller of the own cell. */
  readonly portion = (): EdgePortion => ({ places: this.#own.mostPlaces, ...this.#ownSessions, isOpen: true });

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #step(): void {
    const { clock, places, terms, onChange } = this.#options;
    const left = terms.reduce((rest, one) => rest - one.places, places);
    const { placed, waiting } = this.#ownSessions;
    for (const one of this.neighbours) {
      const before = one.loan.untilMs;
      one.loan = stepLoan(one.loan, placed + waiting >= left, clock.nowMs());
      if ((before === null) !== (one.loan.untilMs === null)) onChange?.(one.terms, before === null);
    }
    this.#cancel = clock.after(decideEveryMs, () => this.#step());
  }

  get #ownSessions(): ReturnType<SessionsOf> {
    return this.#sessionsOf(({ group }) => group === this.#own);
  }

  readonly #sessionsOf: SessionsOf = (isOne) => this.#edge?.sessionsOf(isOne) ?? { sessions: 0, placed: 0, waiting: 0 };
}
