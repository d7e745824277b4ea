// Events of a stream in one array of bytes: as an array of its own, a short event would take several times its bytes.

/** Room for further events, as a part of those that are there. */
const spare = 0.25;

/** A list of byte strings that grows at its end, and of which the oldest can be given up. */
export class KeptEvents {
  /** It begins with the byte `#base` of all events together. */
  #bytes = new Uint8Array();
  #base = 0;
  #firstByte = 0;
  /** For each event, the bytes up to its end of all events together. */
  readonly #ends: number[] = [];

  get count(): number {
    return this.#ends.length;
  }

  /** Bytes of the events that were given up. */
  get firstByte(): number {
    return this.#firstByte;
  }

  /** Bytes of all events, also of those that were given up. */
  get endByte(): number {
    return this.#ends.at(-1) ?? this.#firstByte;
  }

  /** A copy: a part would hold the whole array as long as its reader does. Undefined: there is none with this index. */
  at(index: number): Uint8Array | undefined {
    const end = this.#ends[index];
    return end === undefined ? undefined : this.#bytes.slice(this.startOf(index) - this.#base, end - this.#base);
  }

  /** @returns index of the event with this byte, and the bytes before it in that event; the end of all is in the event to come */
  find(byte: number): { readonly index: number; readonly skip: number } {
    let from = 0;
    let to = this.count;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#ends[middle] as number) <= byte) from = middle + 1;
      else to = middle;
    }
    return { index: from, skip: byte - this.startOf(from) };
  }

  add(event: Uint8Array): void {
    const { endByte } = this;
    if (endByte - this.#base + event.length > this.#bytes.length) this.#move(endByte - this.#firstByte + event.length);
    this.#bytes.set(event, endByte - this.#base);
    this.#ends.push(endByte + event.length);
  }

  /** Gives up the oldest. */
  drop(count: number): void {
    const given = this.#ends.splice(0, count);
    this.#firstByte = given.at(-1) ?? this.#firstByte;
    const kept = this.endByte - this.#firstByte;
    if (kept * 2 < this.#bytes.length) this.#move(kept);
  }

  /** Bytes of all events before this one. */
  startOf(index: number): number {
    return this.#ends[index - 1] ?? this.#firstByte;
  }

  /** Into a new array with room for so many bytes, and some more. */
  #move(bytes: number): void {
    const kept = this.#bytes.subarray(this.#firstByte - this.#base, this.endByte - this.#base);
    this.#bytes = new Uint8Array(Math.ceil(bytes * (1 + spare)));
    this.#bytes.set(kept);
    this.#base = this.#firstByte;
  }
}
