// Texts that must never be shown, and parts of addresses that must not. A secret is wrapped where it enters the program, and stays so
// until it is used: whatever prints, logs or serialises an object on the way finds nothing in it.

/** A text that only the caller of {@link Secret.reveal} sees: JSON leaves it out, a template gets "(hidden)". */
export class Secret {
  /** A private field: not even `util.inspect` shows it. */
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. Keep it no longer than it is needed. */
  reveal(): string {
    return this.#text;
  }

  toJSON(): undefined {
    return undefined;
  }

  toString(): string {
    return '(hidden)';
  }
}

/** The text with every "user:password@" of an address taken out. */
export function withoutUserinfo(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, '$1');
}
