// The same products with relaxed SIMD: int8 times 7 bits. A vector is n int8; then, for each block of 32, its float32 scale; then -64 times its
// sum, and -16 times its sum, as int32: what the codes' zero adds. IQ4_NL's values are halved and rounded to fit into 7 bits. Rows come in fours.

import { largest4, madd, sum4 } from './common';
export * from './common';

/** (value of IQ4_NL / 2), rounded, + 64 */
@inline function halvedValues(): v128 {
  return i8x16(0, 12, 22, 31, 39, 46, 53, 59, 64, 70, 76, 83, 90, 98, 108, 120);
}

/** n: a multiple of 32 */
export function quantise(x: usize, n: i32, out: usize): void {
  const blocks = <usize>n >> 5;
  let at = out + <usize>n;
  for (let b: usize = 0; b < blocks; b++) {
    let largest = f32x4.splat(0);
    for (let i: usize = 0; i < 128; i += 16) largest = f32x4.max(largest, f32x4.abs(v128.load(x + i)));
    const top = largest4(largest);
    const factor = f32x4.splat(top == 0 ? <f32>0 : <f32>127 / top);
    let sums = i32x4.splat(0);
    for (let i: usize = 0; i < 2; i++) {
      const p = whole(x, factor), q = whole(x + 16, factor), r = whole(x + 32, factor), s = whole(x + 48, factor);
      sums = i32x4.add(sums, i32x4.add(i32x4.add(p, q), i32x4.add(r, s)));
      v128.store(out, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(p, q), i16x8.narrow_i32x4_s(r, s)));
      x += 64; out += 16;
    }
    const sum =
      i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
    store<f32>(at, top / 127);
    store<i32>(at + blocks * 4, -64 * sum);
    store<i32>(at + blocks * 8, -16 * sum);
    at += 4;
  }
}

@inline function whole(x: usize, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x), factor)));
}

/** The codes of a block with 32 values at x, and what their zero adds. */
@inline function dot(low: v128, high: v128, x: usize, zero: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(
    v128.load(x, 16), high, i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(x), low, zero),
  );
}

@inline function iq4(sum: v128, codes: usize, scale: usize, values: v128, x: usize, factor: v128, zero: v128): v128 {
  const q = v128.load(codes), mask = i8x16.splat(0x0f);
  const low = i8x16.relaxed_swizzle(values, v128.and(q, mask));
  const high = i8x16.relaxed_swizzle(values, v128.and(i16x8.shr_u(q, 4), mask));
  return madd(f32x4.convert_i32x4_s(dot(low, high, x, zero)), f32x4.mul(factor, v128.load32_splat(scale)), sum);
}

@inline function q5(sum: v128, codes: usize, scale: usize, x: usize, factor: v128, zero: v128): v128 {
  const block = dot(v128.load(codes), v128.load(codes, 16), x, zero);
  return madd(f32x4.convert_i32x4_s(block), f32x4.mul(factor, v128.load32_splat(scale)), sum);
}

/** y = W x */
export function timesIq4(codes: usize, scales: usize, rows: i32, blocks: i32, x: usize, y: usize): void {
  const values = halvedValues();
  const row = <usize>blocks * 16, scaleRow = <usize>blocks * 4;
  for (let r = 0; r < rows; r += 4) {
    let c = codes, s = scales, v = x, f = x + <usize>blocks * 32;
    let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
    for (let b = 0; b < blocks; b++) {
      const factor = v128.load32_splat(f), zero = v128.load32_zero(f + scaleRow);
      a0 = iq4(a0, c, s, values, v, factor, zero);
      a1 = iq4(a1, c + row, s + scaleRow, values, v, factor, zero);
      a2 = iq4(a2, c + 2 * row, s + 2 * scaleRow, values, v, factor, zero);
      a3 = iq4(a3, c + 3 * row, s + 3 * scaleRow, values, v, factor, zero);
      c += 16; s += 4; v += 32; f += 4;
    }
    store<f32>(y, sum4(a0) * 2); store<f32>(y, sum4(a1) * 2, 4); store<f32>(y, sum4(a2) * 2, 8); store<f32>(y, sum4(a3) * 2, 12);
    codes += 4 * row; scales += 4 * scaleRow; y += 16;
  }
}

export function timesQ5(codes: usize, scales: usize, rows: i32, blocks: i32, x: usize, y: usize): void {
  const row = <usize>blocks * 32, scaleRow = <usize>blocks * 4;
  for (let r = 0; r < rows; r += 2) {
    let c = codes, s = scales, v = x, f = x + row;
    let a0 = f32x4.splat(0), a1 = f32x4.splat(0);
    for (let b = 0; b < blocks; b++) {
      const factor = v128.load32_splat(f), zero = v128.load32_zero(f + 2 * scaleRow);
      a0 = q5(a0, c, s, v, factor, zero);
      a1 = q5(a1, c + row, s + scaleRow, v, factor, zero);
      c += 32; s += 4; v += 32; f += 4;
    }
    store<f32>(y, sum4(a0)); store<f32>(y, sum4(a1), 4);
    codes += 2 * row; scales += 2 * scaleRow; y += 8;
  }
}

/** Four vectors, `xStride` bytes apart, with results `yStride` bytes apart: the same bits as one by one. */
export function times4Iq4(
  codes: usize, scales: usize, rows: i32, blocks: i32, x: usize, xStride: usize, y: usize, yStride: usize,
): void {
  const values = halvedValues(), mask = i8x16.splat(0x0f);
  const scaleRow = <usize>blocks * 4;
  for (let r = 0; r < rows; r++) {
    let v = x, f = x + <usize>blocks * 32;
    let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
    for (let b = 0; b < blocks; b++) {
      const q = v128.load(codes), scale = v128.load32_splat(scales);
      const low = i8x16.relaxed_swizzle(values, v128.and(q, mask));
      const high = i8x16.relaxed_swizzle(values, v128.and(i16x8.shr_u(q, 4), mask));
      a0 = one(a0, low, high, scale, v, f, scaleRow);
      a1 = one(a1, low, high, scale, v + xStride, f + xStride, scaleRow);
      a2 = one(a2, low, high, scale, v + 2 * xStride, f + 2 * xStride, scaleRow);
      a3 = one(a3, low, high, scale, v + 3 * xStride, f + 3 * xStride, scaleRow);
      codes += 16; scales += 4; v += 32; f += 4;
    }
    store<f32>(y, sum4(a0) * 2); store<f32>(y + yStride, sum4(a1) * 2);
    store<f32>(y + 2 * yStride, sum4(a2) * 2); store<f32>(y + 3 * yStride, sum4(a3) * 2);
    y += 4;
  }
}

@inline function one(sum: v128, low: v128, high: v128, scale: v128, x: usize, f: usize, scaleRow: usize): v128 {
  const block = dot(low, high, x, v128.load32_zero(f + scaleRow));
  return madd(f32x4.convert_i32x4_s(block), f32x4.mul(v128.load32_splat(f), scale), sum);
}
