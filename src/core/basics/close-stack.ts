// Resources that are closed together, the newest first: AsyncDisposableStack, which Node 22 does not have.

/** Use it with `await using`; `move` passes everything on after opening has succeeded. */
export class CloseStack implements AsyncDisposable {
  readonly #held: AsyncDisposable[] = [];

  /** @returns the same resource, now closed with the stack */
  use<Held extends AsyncDisposable>(held: Held): Held {
    this.#held.push(held);
    return held;
  }

  /** Runs `close` when the stack is closed. */
  defer(close: () => Promise<void>): void {
    this.#held.push({ [Symbol.asyncDispose]: close });
  }

  /** Moves everything to the returned stack; this one closes nothing any more. */
  move(): CloseStack {
    const next = new CloseStack();
    next.#held.push(...this.#held.splice(0));
    return next;
  }

  /** Closes all resources, even if one fails; then throws the first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const held of this.#held.splice(0).reverse()) {
      try {
        await held[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
