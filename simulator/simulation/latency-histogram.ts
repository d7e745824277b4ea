// Quantiles of many positive numbers in little memory: 1,024 bins for each power of two, found by the bits of the number, so no
// logarithm can round differently on another machine. The error is at most 0.05 %.

/** From about a thousandth. */
const lowestExponent = -10;
/** To a million million. */
const highestExponent = 40;
const binsPerPower = 1024;
const exponentBias = 1023;

/** The word with sign, exponent and the first bits of the fraction. */
const upperWord = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
const firstBin = (exponentBias + lowestExponent) * binsPerPower;

export class Histogram {
  readonly #counts = new Float64Array((highestExponent - lowestExponent) * binsPerPower);
  readonly #float = new Float64Array(1);
  readonly #words = new Uint32Array(this.#float.buffer);
  #total = 0;

  add(value: number): void {
    this.#float[0] = value;
    const bin = ((this.#words[upperWord] as number) >>> 10) - firstBin;
    const kept = value <= 0 ? 0 : Math.min(this.#counts.length - 1, Math.max(0, bin));
    this.#counts[kept] = (this.#counts[kept] as number) + 1;
    this.#total++;
  }

  /** The middle of the bin with the value of this rank; NaN when empty. @param share 0 to 1 */
  quantile(share: number): number {
    if (this.#total === 0) return Number.NaN;
    let left = Math.ceil(share * this.#total);
    const found = this.#counts.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return middleOf(found < 0 ? this.#counts.length - 1 : found);
  }
}

function middleOf(bin: number): number {
  const power = Math.floor(bin / binsPerPower) + lowestExponent;
  return 2 ** power * (1 + ((bin % binsPerPower) + 0.5) / binsPerPower);
}
