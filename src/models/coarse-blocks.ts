// Blocks of 32 weights in the formats of llama.cpp: out of Q4_0, Q4_1, Q8_0, F16 and F32, into IQ4_NL. Plain double arithmetic in a
// fixed order, so the bytes are the same on every machine. Layouts: ggml's block structures (ggml-common.h).

/** Weights of one block. */
export const blockValueCount = 32;
/** A float16 scale and 32 four-bit indexes. */
export const coarseBlockBytes = 18;

/** The 16 values of IQ4_NL before scaling; finer near zero, where most weights are. */
const levels = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** Tried for the largest weight of a block: which level it takes. The scale is then fitted by least squares. */
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

const widest = new Float32Array(1);
const widestBits = new Uint32Array(widest.buffer);

/** IEEE 754 binary16 to a number; infinities and NaN do not occur in weights. */
export function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

/** The nearest binary16, ties to even; too small becomes 0, too large the largest. */
export function numberToHalf(value: number): number {
  widest[0] = value;
  const bits = widestBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const size = Math.min(Math.abs(value), 65504);
  if (size < 2 ** -25) return sign;
  const exponent = Math.max(Math.floor(Math.log2(size)), -14);
  const steps = size / 2 ** (exponent - 10);
  const whole = Math.floor(steps);
  const rounded = steps - whole > 0.5 || (steps - whole === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
  // A carry into the next power of two is the right bit pattern as it stands.
  return sign | (((exponent + 14) << 10) + rounded);
}

/** Reads block `block` of a tensor's bytes into `out`, [32]. */
export type BlockReader = (bytes: DataView, block: number, out: Float64Array) => void;

/** By GGUF element type. A type that is not here can't be made coarser. */
export const blockReaders: ReadonlyMap<string, BlockReader> = new Map<string, BlockReader>([
  ['F32', (bytes, block, out) => each(out, (index) => bytes.getFloat32((block * 32 + index) * 4, true))],
  ['F16', (bytes, block, out) => each(out, (index) => halfToNumber(bytes.getUint16((block * 32 + index) * 2, true)))],
  ['Q8_0', readEightBits],
  ['Q4_0', (bytes, block, out) => readFourBits(bytes, block * 18, 2, out, (scale) => -8 * scale)],
  ['Q4_1', (bytes, block, out) => readFourBits(bytes, block * 20, 4, out, (_, least) => least)],
]);

function each(out: Float64Array, value: (index: number) => number): void {
  for (let index = 0; index < blockValueCount; index++) out[index] = value(index);
}

function readEightBits(bytes: DataView, block: number, out: Float64Array): void {
  const start = block * 34;
  const scale = halfToNumber(bytes.getUint16(start, true));
  for (let index = 0; index < blockValueCount; index++) out[index] = scale * bytes.getInt8(start + 2 + index);
}

/** Two weights a byte: the first sixteen in the low halves. */
function readFourBits(
  bytes: DataView,
  start: number,
  headBytes: number,
  out: Float64Array,
  leastOf: (scale: number, stored: number) => number,
): void {
  const scale = halfToNumber(bytes.getUint16(start, true));
  const least = leastOf(scale, headBytes === 4 ? halfToNumber(bytes.getUint16(start + 2, true)) : 0);
  for (let index = 0; index < 16; index++) {
    const pair = bytes.getUint8(start + headBytes + index);
    out[index] = (pair & 15) * scale + least;
    out[index + 16] = (pair >> 4) * scale + least;
  }
}

/** Writes a block of IQ4_NL, {@link coarseBlockBytes} from `start`, for the 32 values. */
export function writeCoarseBlock(values: Float64Array, out: DataView, start: number): void {
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

/** Of the tried ones the scale with the least square error; 0 for a block of zeros. */
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
    for (let index = 0; index < blockValueCount; index++) {
      const value = values[index] ?? 0;
      const level = levels[levelIndex(value * inverse)] ?? 0;
      along += value * level;
      size += level * level;
    }
    // The square error is the block's energy less along^2 / size, once the scale is along / size.
    const gain = (along * along) / size;
    if (gain <= bestGain) continue;
    bestGain = gain;
    best = along / size;
  }
  return best;
}
