/** Holds work up while it is closed. It begins open. */
export class Gate {
  #opened = Promise.withResolvers<void>();
  #reached = Promise.withResolvers<void>();
  #isClosed = false;

  /** While the gate is closed, resolves when it is opened. */
  async pass(): Promise<void> {
    if (!this.#isClosed) return;
    this.#reached.resolve();
    await this.#opened.promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#opened = Promise.withResolvers();
    this.#reached = Promise.withResolvers();
  }

  open(): void {
    this.#isClosed = false;
    this.#opened.resolve();
  }

  /** Resolves when somebody waits at the closed gate. */
  reached(): Promise<void> {
    return this.#reached.promise;
  }
}
