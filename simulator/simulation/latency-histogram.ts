// Quantiles of many positive numbers in little memory: 1,024 bins for each power of two, found by the bits of the number, so no
// logarithm can round differently on another machine. The error is at most 0.05 %.

/** The range of exponents: from about a thousandth to a million million. */
const [lowestExponent, highestExponent] = [-10, 40];
const binsPerPower = 1024;
const exponentBias = 1023;

export interface Histogram {
  add(value: number): void;
  /** The middle of the bin with the value of this rank; NaN when empty. @param share 0 to 1 */
  quantile(share: number): number;
}

export function createHistogram(): Histogram {
  const counts = new Float64Array((highestExponent - lowestExponent) * binsPerPower);
  const float = new Float64Array(1);
  const words = new Uint32Array(float.buffer);
  // The word with sign, exponent and the first bits of the fraction.
  const upper = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
  const firstBin = (exponentBias + lowestExponent) * binsPerPower;
  let total = 0;
  return {
    add(value) {
      float[0] = value;
      const bin = ((words[upper] as number) >>> 10) - firstBin;
      const kept = value <= 0 ? 0 : Math.min(counts.length - 1, Math.max(0, bin));
      counts[kept] = (counts[kept] as number) + 1;
      total++;
    },
    quantile(share) {
      if (total === 0) return Number.NaN;
      let left = Math.ceil(share * total);
      for (let bin = 0; bin < counts.length; bin++) {
        left -= counts[bin] as number;
        if (left <= 0) return middleOf(bin);
      }
      return middleOf(counts.length - 1);
    },
  };
}

function middleOf(bin: number): number {
  const power = Math.floor(bin / binsPerPower) + lowestExponent;
  return 2 ** power * (1 + ((bin % binsPerPower) + 0.5) / binsPerPower);
}
