// Values over a pipe between two processes: the length of each in four bytes, then its bytes as V8 writes them. Nothing longer than the
// reader allows is kept.

import { deserialize, serialize } from 'node:v8';

const headBytes = 4;

/** The bytes of a value, in two parts, so that a large one is not copied again. */
export function valueBytes(value: unknown): readonly [head: Buffer, body: Buffer] {
  const body = serialize(value);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(body.length);
  return [head, body];
}

export class ValueReader {
  readonly #mostBytes: () => number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** @param mostBytes of one value, when its length is read */
  constructor(mostBytes: () => number = () => Infinity) {
    this.#mostBytes = mostBytes;
  }

  /** Yields the values that a chunk completes. @throws Error a value is too long, or none of V8's */
  *take(chunk: Buffer): Generator<unknown> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= headBytes) {
      if ((this.#chunks[0] as Buffer).length < headBytes) this.#join();
      const length = (this.#chunks[0] as Buffer).readUInt32LE();
      const mostBytes = this.#mostBytes();
      if (length > mostBytes) throw new Error(`a message has ${length} bytes. Allowed: ${mostBytes}`);
      const end = headBytes + length;
      if (this.#bytes < end) return;
      const all = this.#join();
      this.#chunks = [all.subarray(end)];
      this.#bytes -= end;
      yield deserialize(all.subarray(headBytes, end));
    }
  }

  #join(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
