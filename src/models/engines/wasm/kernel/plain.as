// Products of a matrix in 4 or 5 bits with vectors, for every processor with WASM SIMD. A vector is n int16 and then its float32 scale, so that
// the sums of a block are exact. Rows come in fours.

import { iq4Values, largest4, sum4 } from './common';
export * from './common';

/** n: a multiple of 8 */
export function quantise(x: usize, n: i32, out: usize): void {
  const bytes = <usize>n * 4;
  let largest = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) largest = f32x4.max(largest, f32x4.abs(v128.load(x + i)));
  const top = largest4(largest);
  const factor = f32x4.splat(top == 0 ? <f32>0 : <f32>32767 / top);
  for (let i: usize = 0; i < bytes; i += 32) {
    const a = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x + i), factor)));
    const b = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x + i, 16), factor)));
    v128.store(out, i16x8.narrow_i32x4_s(a, b));
    out += 16;
  }
  store<f32>(out, top / 32767);
}

/** The codes of a block with 32 values at x. */
@inline function dot(low: v128, high: v128, x: usize): v128 {
  return i32x4.add(
    i32x4.add(
      i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(low), v128.load(x)),
      i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(low), v128.load(x, 16)),
    ),
    i32x4.add(
      i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(high), v128.load(x, 32)),
      i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(high), v128.load(x, 48)),
    ),
  );
}

@inline function scaled(sum: v128, block: v128, scale: v128): v128 {
  return f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(block), scale));
}

@inline function iq4(sum: v128, codes: usize, scale: usize, values: v128, x: usize): v128 {
  const q = v128.load(codes), mask = i8x16.splat(0x0f);
  const low = i8x16.swizzle(values, v128.and(q, mask));
  const high = i8x16.swizzle(values, v128.and(i16x8.shr_u(q, 4), mask));
  return scaled(sum, dot(low, high, x), v128.load32_splat(scale));
}

@inline function q5(sum: v128, codes: usize, scale: usize, x: usize): v128 {
  return scaled(sum, dot(v128.load(codes), v128.load(codes, 16), x), v128.load32_splat(scale));
}

/** y = W x */
export function timesIq4(codes: usize, scales: usize, rows: i32, blocks: i32, x: usize, y: usize): void {
  const values = iq4Values();
  const row = <usize>blocks * 16, scaleRow = <usize>blocks * 4;
  const factor = load<f32>(x + <usize>blocks * 64);
  for (let r = 0; r < rows; r += 4) {
    let c = codes, s = scales, v = x;
    let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
    for (let b = 0; b < blocks; b++) {
      a0 = iq4(a0, c, s, values, v);
      a1 = iq4(a1, c + row, s + scaleRow, values, v);
      a2 = iq4(a2, c + 2 * row, s + 2 * scaleRow, values, v);
      a3 = iq4(a3, c + 3 * row, s + 3 * scaleRow, values, v);
      c += 16; s += 4; v += 64;
    }
    store<f32>(y, sum4(a0) * factor); store<f32>(y, sum4(a1) * factor, 4);
    store<f32>(y, sum4(a2) * factor, 8); store<f32>(y, sum4(a3) * factor, 12);
    codes += 4 * row; scales += 4 * scaleRow; y += 16;
  }
}

export function timesQ5(codes: usize, scales: usize, rows: i32, blocks: i32, x: usize, y: usize): void {
  const row = <usize>blocks * 32, scaleRow = <usize>blocks * 4;
  const factor = load<f32>(x + <usize>blocks * 64);
  for (let r = 0; r < rows; r += 2) {
    let c = codes, s = scales, v = x;
    let a0 = f32x4.splat(0), a1 = f32x4.splat(0);
    for (let b = 0; b < blocks; b++) {
      a0 = q5(a0, c, s, v);
      a1 = q5(a1, c + row, s + scaleRow, v);
      c += 32; s += 4; v += 64;
    }
    store<f32>(y, sum4(a0) * factor); store<f32>(y, sum4(a1) * factor, 4);
    codes += 2 * row; scales += 2 * scaleRow; y += 8;
  }
}

/** Four vectors, `xStride` bytes apart, with results `yStride` bytes apart: the same bits as one by one. */
export function times4Iq4(
  codes: usize, scales: usize, rows: i32, blocks: i32, x: usize, xStride: usize, y: usize, yStride: usize,
): void {
  const values = iq4Values(), mask = i8x16.splat(0x0f);
  const scaleAt = x + <usize>blocks * 64;
  for (let r = 0; r < rows; r++) {
    let v = x;
    let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
    for (let b = 0; b < blocks; b++) {
      const q = v128.load(codes), scale = v128.load32_splat(scales);
      const low = i8x16.swizzle(values, v128.and(q, mask));
      const high = i8x16.swizzle(values, v128.and(i16x8.shr_u(q, 4), mask));
      a0 = scaled(a0, dot(low, high, v), scale);
      a1 = scaled(a1, dot(low, high, v + xStride), scale);
      a2 = scaled(a2, dot(low, high, v + 2 * xStride), scale);
      a3 = scaled(a3, dot(low, high, v + 3 * xStride), scale);
      codes += 16; scales += 4; v += 64;
    }
    store<f32>(y, sum4(a0) * load<f32>(scaleAt));
    store<f32>(y + yStride, sum4(a1) * load<f32>(scaleAt + xStride));
    store<f32>(y + 2 * yStride, sum4(a2) * load<f32>(scaleAt + 2 * xStride));
    store<f32>(y + 3 * yStride, sum4(a3) * load<f32>(scaleAt + 3 * xStride));
    y += 4;
  }
}
