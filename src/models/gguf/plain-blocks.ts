// Blocks in which every weight has bytes of its own: F32, F16 and Q8_0. Source: block_q8_0 in ggml-common.h.

import { halfToNumber, numberToHalf } from './half-precision.ts';
import type { BlockFormat } from './scaled-blocks.ts';

/** A half precision scale and 32 signed bytes; -128 is not used, as in llama.cpp. */
export const byteBlocks: BlockFormat = {
  valueCount: 32,
  read(bytes, start, values) {
    const scale = halfToNumber(bytes.getUint16(start, true));
    for (let index = 0; index < 32; index++) values[index] = scale * bytes.getInt8(start + 2 + index);
  },
  write(values, bytes, start) {
    let peak = 0;
    for (const value of values) peak = Math.max(peak, Math.abs(value));
    const bits = numberToHalf(peak / 127);
    const scale = halfToNumber(bits);
    const inverse = scale === 0 ? 0 : 1 / scale;
    bytes.setUint16(start, bits, true);
    for (let index = 0; index < 32; index++) {
      const code = Math.round((values[index] ?? 0) * inverse);
      bytes.setInt8(start + 2 + index, Math.min(Math.max(code, -127), 127));
    }
  },
};

/** Numbers one by one, taken 32 at a time. */
function plainBlocks(
  numberBytes: number,
  read: (bytes: DataView, at: number) => number,
  write: (bytes: DataView, at: number, value: number) => void,
): BlockFormat {
  return {
    valueCount: 32,
    read(bytes, start, values) {
      for (let index = 0; index < 32; index++) values[index] = read(bytes, start + index * numberBytes);
    },
    write(values, bytes, start) {
      for (let index = 0; index < 32; index++) write(bytes, start + index * numberBytes, values[index] ?? 0);
    },
  };
}

export const singleBlocks: BlockFormat = plainBlocks(
  4,
  (bytes, at) => bytes.getFloat32(at, true),
  (bytes, at, value) => bytes.setFloat32(at, value, true),
);
export const halfBlocks: BlockFormat = plainBlocks(
  2,
  (bytes, at) => halfToNumber(bytes.getUint16(at, true)),
  (bytes, at, value) => bytes.setUint16(at, numberToHalf(value), true),
);
