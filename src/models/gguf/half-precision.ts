// Numbers in IEEE 754 binary16, the type of scales in weight formats. Plain arithmetic, the same on every machine.

const widest = new Float32Array(1);
const widestBits = new Uint32Array(widest.buffer);

/** IEEE 754 binary16 to a number; infinities and NaN do not occur in weights. */
export function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

/** The nearest binary16, ties to even; too small numbers become 0, too large ones the largest number. */
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
  // A carry into the next power of two gives the right bit pattern directly.
  return sign | (((exponent + 14) << 10) + rounded);
}
