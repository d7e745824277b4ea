// SHA-256 in plain code: the platform's own one in a browser is asynchronous, and absent on a page from http:// on a LAN address.
// Source: FIPS 180-4.

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const roundConstants: Uint32Array = (() => {
  const constants = new Uint32Array(64);
  for (let candidate = 2, count = 0; count < 64; candidate++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) isPrime = false;
    if (isPrime) constants[count++] = (Math.cbrt(candidate) % 1) * 2 ** 32;
  }
  return constants;
})();

const blockBytes = 64;

/** A digest over bytes that come in parts. */
export class Sha256 {
  readonly #state: Uint32Array = Uint32Array.of(
    ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
  );
  readonly #block = new Uint8Array(blockBytes);
  readonly #words = new Int32Array(64);
  #filled = 0;
  #byteCount = 0;

  update(bytes: Uint8Array): this {
    this.#byteCount += bytes.length;
    let from = 0;
    if (this.#filled > 0) {
      from = Math.min(blockBytes - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, from), this.#filled);
      this.#filled += from;
      if (this.#filled < blockBytes) return this;
      this.#addBlocks(this.#block, 0, blockBytes);
    }
    const end = from + Math.floor((bytes.length - from) / blockBytes) * blockBytes;
    this.#addBlocks(bytes, from, end);
    this.#block.set(bytes.subarray(end));
    this.#filled = bytes.length - end;
    return this;
  }

  /** 64 hexadecimal digits. The digest takes no bytes afterwards. */
  hex(): string {
    const bitCount = BigInt(this.#byteCount) * 8n;
    const padding = new Uint8Array((this.#filled < 56 ? 56 : 120) - this.#filled + 8);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bitCount);
    this.update(padding);
    return [...this.#state].map((word) => word.toString(16).padStart(8, '0')).join('');
  }

  #addBlocks(bytes: Uint8Array, from: number, end: number): void {
    const words = this.#words;
    for (let at = from; at < end; at += blockBytes) {
      for (let index = 0, byte = at; index < 16; index++, byte += 4) {
        const high = ((bytes[byte] as number) << 24) | ((bytes[byte + 1] as number) << 16);
        words[index] = high | ((bytes[byte + 2] as number) << 8) | (bytes[byte + 3] as number);
      }
      for (let index = 16; index < 64; index++) {
        const early = words[index - 15] as number;
        const late = words[index - 2] as number;
        const one = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
        const other = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
        words[index] = ((words[index - 16] as number) + one + (words[index - 7] as number) + other) | 0;
      }
      mix(this.#state, words);
    }
  }
}

function rotate(word: number, count: number): number {
  return (word >>> count) | (word << (32 - count));
}

/** One block. The names are those of the standard. */
function mix(state: Uint32Array, words: Int32Array): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let index = 0; index < 64; index++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const upper = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const lower = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const first = (h + upper + choice + (roundConstants[index] as number) + (words[index] as number)) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + lower + majority) | 0;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
  state[5] = (state[5] as number) + f;
  state[6] = (state[6] as number) + g;
  state[7] = (state[7] as number) + h;
}
