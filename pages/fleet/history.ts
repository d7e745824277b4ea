// Some fields of a row over time, for charts: a point a second, and no more than an hour of them.

type Row = Readonly<Record<string, unknown>>;

const mostPoints = 3600;

export class History {
  readonly #fields: readonly string[];
  readonly #times: number[] = [];
  readonly #values: (number | null)[][];

  constructor(fields: readonly string[]) {
    this.#fields = fields;
    this.#values = fields.map(() => []);
  }

  /** @param row undefined: it is not there at this time */
  add(second: number, row: Row | undefined): void {
    const last = this.#times.at(-1);
    if (last !== undefined && second <= last) return;
    // A gap is shown as one.
    if (last !== undefined && second - last > 5) this.#push(last + 1, undefined);
    this.#push(second, row);
  }

  #push(second: number, row: Row | undefined): void {
    this.#times.push(second);
    for (const [at, field] of this.#fields.entries())
      this.#values[at]?.push((row?.[field] as number | undefined) ?? null);
    if (this.#times.length <= mostPoints) return;
    this.#times.shift();
    for (const values of this.#values) values.shift();
  }

  /** Times, then the values of these fields. */
  columns(fields: readonly string[]): [number[], ...(number | null)[][]] {
    return [this.#times, ...fields.map((field) => this.#values[this.#fields.indexOf(field)] ?? [])];
  }

  clear(): void {
    this.#times.length = 0;
    for (const values of this.#values) values.length = 0;
  }
}
