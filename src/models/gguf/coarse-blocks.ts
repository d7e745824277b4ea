// Blocks of IQ4_NL: a half precision scale and 32 four-bit indexes into a table of levels. Plain double arithmetic in a fixed order,
// so the bytes are the same on every machine. Source: block_iq4_nl and kvalues_iq4nl in ggml-common.h.

import { halfToNumber, numberToHalf } from './half-precision.ts';
import type { BlockFormat } from './scaled-blocks.ts';

/** The 16 values of IQ4_NL before scaling; finer near zero, where most weights are. */
const levels = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** Candidate levels for the largest weight of a block. The scale is then fitted by least squares. */
const peakLevels = [-127, -121.92, -116.84, -111.76, -133.35, 113, 108.48];

/** Index of the nearest level for each whole number from -140 to 140. */
const nearestLevel: Uint8Array = Uint8Array.from({ length: 281 }, (_, place) => {
  const value = place - 140;
  let best = 0;
  for (const [index, level] of levels.entries()) {
    if (Math.abs(level - value) < Math.abs((levels[best] ?? 0) - value)) best = index;
  }
  return best;
});

/** 32 weights in 18 bytes. */
export const coarseBlocks: BlockFormat = { valueCount: 32, read: readCoarseBlock, write: writeCoarseBlock };

function readCoarseBlock(bytes: DataView, start: number, values: Float64Array): void {
  const scale = halfToNumber(bytes.getUint16(start, true));
  for (let index = 0; index < 16; index++) {
    const pair = bytes.getUint8(start + 2 + index);
    values[index] = scale * (levels[pair & 15] ?? 0);
    values[index + 16] = scale * (levels[pair >> 4] ?? 0);
  }
}

function writeCoarseBlock(values: Float64Array, out: DataView, start: number): void {
  const scale = halfToNumber(numberToHalf(bestScale(values)));
  out.setUint16(start, numberToHalf(scale), true);
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let index = 0; index < 16; index++) {
    const low = levelIndex((values[index] ?? 0) * inverse);
    out.setUint8(start + 2 + index, low | (levelIndex((values[index + 16] ?? 0) * inverse) << 4));
  }
}

function levelIndex(value: number): number {
  return nearestLevel[Math.min(Math.max(Math.round(value), -140), 140) + 140] ?? 0;
}

/** The candidate scale with the least square error; 0 for a block of zeros. */
function bestScale(values: Float64Array): number {
  let peak = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(peak)) peak = value;
  if (peak === 0) return 0;
  let best = 0;
  let bestGain = -1;
  for (const peakLevel of peakLevels) {
    const inverse = peakLevel / peak;
    let along = 0;
    let size = 0;
    for (let index = 0; index < 32; index++) {
      const value = values[index] ?? 0;
      const level = levels[levelIndex(value * inverse)] ?? 0;
      along += value * level;
      size += level * level;
    }
    // The square error is the block's energy less along^2 / size, with the scale along / size.
    const gain = (along * along) / size;
    if (gain <= bestGain) continue;
    bestGain = gain;
    best = along / size;
  }
  return best;
}
