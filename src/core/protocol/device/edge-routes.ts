// Which edge a device connects to when it has several: its own list, in the order of its preference. An edge that has failed comes after
// those that have not; failures are forgotten after a while. Turns of a device share what they find. Pure: the time is an argument.

/**
 * How an edge has failed: `lost`: a connection that worked has ended; `unreachable`: an attempt to connect has; `silent`: it keeps its
 * connection and writes nothing; `refused`: it takes no session of this device now; `leaving`: it is going down.
 */
export type EdgeFailure = 'lost' | 'unreachable' | 'silent' | 'refused' | 'leaving';

export interface NextEdge {
  readonly edge: string;
  /** Another edge, which has not failed: no pause is due. */
  readonly isFresh: boolean;
}

interface Record {
  failures: number;
  atMs: number;
}

/** An edge that has failed is as good as before after this time, ms. */
const forgottenAfterMs = 30_000;

export class EdgeRoutes {
  #names: readonly string[];
  readonly #records = new Map<string, Record>();

  /** @param names at least one, all different */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** In the order of preference. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Another list, or another order; what is known of failures of those in it stays. @param names at least one, all different */
  replace(names: readonly string[]): void {
    this.#names = names;
    for (const name of this.#records.keys()) if (!names.includes(name)) this.#records.delete(name);
  }

  get hasSeveral(): boolean {
    return this.names.length > 1;
  }

  /** For a new turn. @param except edges that this turn can't use; where that are all, they are tried again */
  first(nowMs: number, except: ReadonlySet<string> = new Set()): string {
    const free = this.names.filter((name) => !except.has(name));
    const candidates = free.length > 0 ? free : this.names;
    return candidates.reduce((best, name) =>
      this.#failuresOf(name, nowMs) < this.#failuresOf(best, nowMs) ? name : best,
    );
  }

  /**
   * After a failure. A connection that is lost for the first time may come back at once, and its edge still has the session: the
   * same edge is tried once more.
   */
  next(failed: string, how: EdgeFailure, nowMs: number, except: ReadonlySet<string> = new Set()): NextEdge {
    const isFirstLoss = how === 'lost' && this.#failuresOf(failed, nowMs) === 0 && !except.has(failed);
    this.failed(failed, nowMs);
    if (isFirstLoss) return { edge: failed, isFresh: false };
    const edge = this.first(nowMs, except);
    return { edge, isFresh: edge !== failed && this.#failuresOf(edge, nowMs) === 0 };
  }

  /** Another edge than this one that has not failed; undefined: there is none. */
  alternativeTo(edge: string, nowMs: number, except: ReadonlySet<string> = new Set()): string | undefined {
    return this.names.find((name) => name !== edge && !except.has(name) && this.#failuresOf(name, nowMs) === 0);
  }

  /** Whether it has failed of late, and has written no text since. */
  hasFailed(edge: string, nowMs: number): boolean {
    return this.#failuresOf(edge, nowMs) > 0;
  }

  failed(edge: string, nowMs: number): void {
    this.#records.set(edge, { failures: this.#failuresOf(edge, nowMs) + 1, atMs: nowMs });
  }

  /** It has written text. */
  answered(edge: string): void {
    this.#records.delete(edge);
  }

  #failuresOf(edge: string, nowMs: number): number {
    const record = this.#records.get(edge);
    return record === undefined || nowMs - record.atMs >= forgottenAfterMs ? 0 : record.failures;
  }
}
