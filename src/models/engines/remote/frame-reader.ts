// Cuts a stream of bytes into frames. A length over the limit is refused before its bytes are kept.

import { brokenFrame } from './frames.ts';

const lengthBytes = 4;

export class FrameReader {
  #chunks: Uint8Array[] = [];
  #held = 0;

  /**
   * @param limitOf most bytes of the next frame, without its length
   * @returns the bodies of the frames that end in this chunk, one by one
   * @throws OutriderError `engine-refused` for a longer one
   */
  *read(chunk: Uint8Array, limitOf: () => number): Generator<Uint8Array, void, void> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= lengthBytes) {
      const end = lengthBytes + this.#frameBytes(limitOf());
      if (this.#held < end) return;
      const all = this.#joined();
      this.#chunks = [all.subarray(end)];
      this.#held -= end;
      yield all.subarray(lengthBytes, end);
    }
  }

  #frameBytes(limit: number): number {
    if ((this.#chunks[0] as Uint8Array).length < lengthBytes) this.#chunks = [this.#joined()];
    const first = this.#chunks[0] as Uint8Array;
    const bytes = new DataView(first.buffer, first.byteOffset).getUint32(0, true);
    if (bytes > limit) throw brokenFrame(`a frame of ${bytes} bytes, where ${limit} are the most`);
    return bytes;
  }

  #joined(): Uint8Array {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks);
  }
}
