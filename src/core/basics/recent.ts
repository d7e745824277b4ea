// A map that forgets: beyond a number of values, the one that was used longest ago goes.

/** To set a value is to use it; `get` is not. The one that was used last comes last. */
export class Recent<Value> extends Map<string, Value> {
  readonly #most: number;
  readonly #forgotten: (value: Value) => void;

  /** @param forgotten called with what has to go */
  constructor(most: number, forgotten: (value: Value) => void = () => {}) {
    super();
    this.#most = most;
    this.#forgotten = forgotten;
  }

  override set(name: string, value: Value): this {
    this.delete(name);
    super.set(name, value);
    const [oldest] = this.size > this.#most ? this : [];
    if (oldest !== undefined) {
      this.delete(oldest[0]);
      this.#forgotten(oldest[1]);
    }
    return this;
  }

  use(name: string): Value | undefined {
    const value = this.get(name);
    if (value !== undefined) this.set(name, value);
    return value;
  }
}
