// The text that the reader sees of the committed tokens: without end tokens and stop strings. It holds back bytes that may become a
// stop string, and the first bytes of an unfinished character. The protocol itself holds nothing back.

import { utf8Decoder } from '../basics/utf8.ts';
import { type EndRule, stopMatchers } from './ending.ts';
import { type ByteMatcher, scanBytes } from './ending-bytes.ts';

/** Turns the committed tokens of one answer into text, in order, each once. */
export class TextAssembler {
  readonly #matchers: readonly ByteMatcher[];
  readonly #endIds: ReadonlySet<number>;
  readonly #bytesOf: (id: number) => Uint8Array;
  readonly #decoder = utf8Decoder();
  #matchedBytes: readonly number[];
  /** Bytes that match the start of a stop string. */
  #held: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(rule: EndRule, bytesOf: (id: number) => Uint8Array) {
    this.#matchers = stopMatchers(rule);
    this.#matchedBytes = this.#matchers.map(() => 0);
    this.#endIds = rule.endIds;
    this.#bytesOf = bytesOf;
  }

  /** The text that is certain after these tokens, often the empty string. Nothing comes after an end token or a stop string. */
  push(ids: Iterable<number>): string {
    let text = '';
    for (const id of ids) {
      if (this.#ended) break;
      text += this.#endIds.has(id) ? this.flush() : this.#pushBytes(this.#bytesOf(id));
    }
    return text;
  }

  /**
   * Releases the text that is held back, because nothing will follow (maximum length, abort, an end token). An unfinished character
   * becomes U+FFFD.
   */
  flush(): string {
    if (this.#ended) return '';
    this.#ended = true;
    const text = this.#decoder.decode(this.#held);
    this.#held = new Uint8Array(0);
    return text;
  }

  #pushBytes(bytes: Uint8Array): string {
    const scan = scanBytes(this.#matchers, this.#matchedBytes, bytes);
    this.#matchedBytes = scan.matchedBytes;
    const pending = joined(this.#held, bytes);
    if (scan.foundAt !== null) {
      this.#held = pending.subarray(0, this.#held.length + scan.foundAt);
      return this.flush();
    }
    const heldLength = Math.max(0, ...scan.matchedBytes);
    const released = pending.length - heldLength;
    this.#held = pending.slice(released);
    return this.#decoder.decode(pending.subarray(0, released), { stream: true });
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
