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

/** The text without the "user:password@" of its addresses, and without the values of query parameters that hold a secret. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, '$1')
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s?]*)(\?[^\s#]*)/gi, (_, address: string, query: string) => {
      return `${address}${query.replace(secretParameter, '$1(hidden)')}`;
    });
}

/** "?api_key=", "&token=", "&X-Signature=" and their values. */
const secretParameter = /([?&][^=&]*(?:key|token|secret|pass|auth|sig|credential)[^=&]*=)[^&]*/gi;
