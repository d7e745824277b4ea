// How a block stores the scale and the offset of each of its groups: a weight is scale * code + offset. Written scales are rounded,
// so a writer reads them again before it chooses codes. Layouts: ggml's block structures (ggml-common.h).

import { halfToNumber, numberToHalf } from './half-precision.ts';

/** One scale and one offset for each group of a block. */
export interface GroupScales {
  readonly scales: Float64Array;
  readonly offsets: Float64Array;
}

export interface ScaleLayout {
  /** The largest offset. `centre`: there is no free offset, it is -centre * scale. */
  readonly offsets: { readonly centre: number } | { readonly most: number };
  read(bytes: DataView, start: number, into: GroupScales): void;
  write(bytes: DataView, start: number, from: GroupScales): void;
}

/** Two bytes at the start: the scale of the only group. Q4_0, Q5_0. */
export function halfScale(centre: number): ScaleLayout {
  return {
    offsets: { centre },
    read(bytes, start, { scales, offsets }) {
      const scale = halfToNumber(bytes.getUint16(start, true));
      scales[0] = scale;
      offsets[0] = -centre * scale;
    },
    write: (bytes, start, { scales }) => bytes.setUint16(start, numberToHalf(scales[0] ?? 0), true),
  };
}

/** Four bytes at the start: scale and offset of the only group. Q4_1, Q5_1. */
export const halfScaleAndOffset: ScaleLayout = {
  offsets: { most: Number.POSITIVE_INFINITY },
  read(bytes, start, { scales, offsets }) {
    scales[0] = halfToNumber(bytes.getUint16(start, true));
    offsets[0] = halfToNumber(bytes.getUint16(start + 2, true));
  },
  write(bytes, start, { scales, offsets }) {
    bytes.setUint16(start, numberToHalf(scales[0] ?? 0), true);
    bytes.setUint16(start + 2, numberToHalf(offsets[0] ?? 0), true);
  },
};

/**
 * Sixteen bytes at the start: a unit for scales, a unit for offsets, which are subtracted, and eight pairs of 6-bit multiples. Of
 * the pairs 0 to 3 the bytes 4 to 7 hold the scale and 8 to 11 the offset, in their low six bits; the bytes 12 to 15 hold the low
 * four bits of both for the pairs 4 to 7, whose high two bits lie above those of the pair four before. Q4_K, Q5_K.
 */
export const sixBitPairs: ScaleLayout = {
  offsets: { most: 0 },
  read(bytes, start, { scales, offsets }) {
    const scaleUnit = halfToNumber(bytes.getUint16(start, true));
    const offsetUnit = halfToNumber(bytes.getUint16(start + 2, true));
    for (let pair = 0; pair < 4; pair++) {
      const scaleByte = bytes.getUint8(start + 4 + pair);
      const offsetByte = bytes.getUint8(start + 8 + pair);
      const lowByte = bytes.getUint8(start + 12 + pair);
      scales[pair] = scaleUnit * (scaleByte & 63);
      offsets[pair] = -offsetUnit * (offsetByte & 63);
      scales[pair + 4] = scaleUnit * ((lowByte & 15) | ((scaleByte >> 6) << 4));
      offsets[pair + 4] = -offsetUnit * ((lowByte >> 4) | ((offsetByte >> 6) << 4));
    }
  },
  write(bytes, start, { scales, offsets }) {
    const scaleMultiples = multiplesOf(scales, 63, (unit) => bytes.setUint16(start, unit, true));
    const offsetMultiples = multiplesOf(
      offsets.map((offset) => -offset),
      63,
      (unit) => bytes.setUint16(start + 2, unit, true),
    );
    for (let pair = 0; pair < 4; pair++) {
      const [scale, offset] = [scaleMultiples[pair + 4] as number, offsetMultiples[pair + 4] as number];
      bytes.setUint8(start + 4 + pair, (scaleMultiples[pair] as number) | ((scale >> 4) << 6));
      bytes.setUint8(start + 8 + pair, (offsetMultiples[pair] as number) | ((offset >> 4) << 6));
      bytes.setUint8(start + 12 + pair, (scale & 15) | ((offset & 15) << 4));
    }
  },
};

/** Bytes 192 to 209: sixteen signed multiples of a unit, and the unit. Q6_K. */
export const signedBytes: ScaleLayout = {
  offsets: { centre: 32 },
  read(bytes, start, { scales, offsets }) {
    const unit = halfToNumber(bytes.getUint16(start + 208, true));
    for (let group = 0; group < 16; group++) {
      const scale = unit * bytes.getInt8(start + 192 + group);
      scales[group] = scale;
      offsets[group] = -32 * scale;
    }
  },
  write(bytes, start, { scales }) {
    const multiples = multiplesOf(scales, 127, (unit) => bytes.setUint16(start + 208, unit, true));
    for (const [group, multiple] of multiples.entries()) bytes.setInt8(start + 192 + group, multiple);
  },
};

/**
 * Finds the smallest unit of which no value is more than `most` times as much, and passes it to `writeUnit`, in half precision.
 * @returns the nearest multiples
 */
function multiplesOf(values: Float64Array, most: number, writeUnit: (bits: number) => void): Float64Array {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const bits = numberToHalf(largest / most);
  writeUnit(bits);
  const unit = halfToNumber(bits);
  return values.map((value) => (unit === 0 ? 0 : Math.min(Math.max(Math.round(value / unit), -most), most)));
}
