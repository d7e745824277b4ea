// What both kernels share, in AssemblyScript: vectors of float32, attention, and the weights as they lie in memory. Arguments are addresses;
// nothing is allocated. Weights are in blocks of 32 values along a row: codes first, for all rows, and then a float32 scale for each block.

/** 1: of the relaxed build. */
export function isRelaxed(): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? 1 : 0;
}

/** a * b + c; in the relaxed build rounded once where the processor can. */
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

@inline export function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

@inline export function largest4(v: v128): f32 {
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

/** The values of the 16 codes of IQ4_NL. */
@inline export function iq4Values(): v128 {
  return i8x16(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
}

/** out = x / rms(x) * gain. n: a multiple of 4 */
export function normalise(x: usize, gain: usize, n: i32, epsilon: f32, out: usize): void {
  const bytes = <usize>n * 4;
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(x + i);
    squares = f32x4.add(squares, f32x4.mul(v, v));
  }
  const factor = f32x4.splat(<f32>1 / sqrt<f32>(sum4(squares) / <f32>n + epsilon));
  for (let i: usize = 0; i < bytes; i += 16)
    v128.store(out + i, f32x4.mul(f32x4.mul(v128.load(x + i), factor), v128.load(gain + i)));
}

/** x += y */
export function add(x: usize, y: usize, n: i32): void {
  for (let i: usize = 0; i < <usize>n * 4; i += 16) v128.store(x + i, f32x4.add(v128.load(x + i), v128.load(y + i)));
}

/** Rotates the pairs (2i, 2i + 1) of each head. angles: `dim` floats cos, cos, ..., then `dim` floats -sin, sin, ... */
export function rotate(x: usize, heads: i32, dim: i32, angles: usize): void {
  const bytes = <usize>dim * 4;
  for (let head = 0; head < heads; head++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      const v = v128.load(x + i);
      const swapped = v128.shuffle<f32>(v, v, 1, 0, 3, 2);
      const turned = f32x4.mul(swapped, v128.load(angles + bytes + i));
      v128.store(x + i, f32x4.add(f32x4.mul(v, v128.load(angles + i)), turned));
    }
    x += bytes;
  }
}

/** e^x by a polynomial of degree 5 for 2^f, |f| <= 1/2; 1e-7 of the value off. */
@inline function exp4(x: v128): v128 {
  const z = f32x4.mul(f32x4.max(f32x4.min(x, f32x4.splat(88)), f32x4.splat(-87)), f32x4.splat(1.44269504088896341));
  const whole = f32x4.nearest(z);
  const f = f32x4.sub(z, whole);
  let p = f32x4.splat(0.0013333558);
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.0096181291));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.0555041087));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.2402265069));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.6931471806));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1));
  return i32x4.add(p, i32x4.shl(i32x4.trunc_sat_f32x4_s(whole), 23));
}

/** gate = silu(gate) * up */
export function gateWith(gate: usize, up: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (let i: usize = 0; i < <usize>n * 4; i += 16) {
    const v = v128.load(gate + i);
    v128.store(gate + i, f32x4.mul(f32x4.div(v, f32x4.add(one, exp4(f32x4.neg(v)))), v128.load(up + i)));
  }
}

/**
 * Attention of `group` query heads, one after the other at q, over `count` positions of one head of keys and values, which are `stride`
 * bytes apart. dim: a multiple of 32. scores: room for count + 3 floats
 */
export function attend(
  q: usize, k: usize, v: usize, stride: usize, group: i32, count: i32, dim: i32, scale: f32, scores: usize, out: usize,
): void {
  const bytes = <usize>dim * 4;
  for (let head = 0; head < group; head++) {
    weigh(q, k, stride, count, bytes, scale, scores);
    for (let part: usize = 0; part < bytes; part += 128) mixValues(v + part, stride, count, scores, out + part);
    q += bytes;
    out += bytes;
  }
}

/** scores: e^(q . k - largest) / their sum */
@inline function weigh(q: usize, k: usize, stride: usize, count: i32, bytes: usize, scale: f32, scores: usize): void {
  let top: f32 = -Infinity;
  for (let j = 0; j < count; j++) {
    let a = f32x4.splat(0), b = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 32) {
      a = madd(v128.load(q + i), v128.load(k + i), a);
      b = madd(v128.load(q + i, 16), v128.load(k + i, 16), b);
    }
    const score = sum4(f32x4.add(a, b)) * scale;
    store<f32>(scores + (<usize>j << 2), score);
    top = max(top, score);
    k += stride;
  }
  for (let j = count; j & 3; j++) store<f32>(scores + (<usize>j << 2), -Infinity);
  const tops = f32x4.splat(top);
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < <usize>count * 4; i += 16) {
    const e = exp4(f32x4.sub(v128.load(scores + i), tops));
    sum = f32x4.add(sum, e);
    v128.store(scores + i, e);
  }
  const inverse = f32x4.splat(<f32>1 / sum4(sum));
  for (let i: usize = 0; i < <usize>count * 4; i += 16) v128.store(scores + i, f32x4.mul(v128.load(scores + i), inverse));
}

/** The sum of 32 values of each position by its score. */
@inline function mixValues(v: usize, stride: usize, count: i32, scores: usize, out: usize): void {
  let o0 = f32x4.splat(0), o1 = f32x4.splat(0), o2 = f32x4.splat(0), o3 = f32x4.splat(0);
  let o4 = f32x4.splat(0), o5 = f32x4.splat(0), o6 = f32x4.splat(0), o7 = f32x4.splat(0);
  for (let j = 0; j < count; j++) {
    const p = v128.load32_splat(scores + (<usize>j << 2));
    o0 = madd(p, v128.load(v), o0);
    o1 = madd(p, v128.load(v, 16), o1);
    o2 = madd(p, v128.load(v, 32), o2);
    o3 = madd(p, v128.load(v, 48), o3);
    o4 = madd(p, v128.load(v, 64), o4);
    o5 = madd(p, v128.load(v, 80), o5);
    o6 = madd(p, v128.load(v, 96), o6);
    o7 = madd(p, v128.load(v, 112), o7);
    v += stride;
  }
  v128.store(out, o0); v128.store(out, o1, 16); v128.store(out, o2, 32); v128.store(out, o3, 48);
  v128.store(out, o4, 64); v128.store(out, o5, 80); v128.store(out, o6, 96); v128.store(out, o7, 112);
}

/** float16 at an address. What is infinite or no number there comes out as 65,536 or more. */
@inline function half(at: usize): f32 {
  const bits = <u32>load<u16>(at);
  const size = reinterpret<f32>((bits & 0x7fff) << 13) * reinterpret<f32>(0x77800000);
  return bits & 0x8000 ? -size : size;
}

/** IQ4_NL, 18 bytes a block: the codes stay as they are. Returns the largest scale. */
export function unpackIq4(from: usize, blocks: i32, codes: usize, scales: usize): f32 {
  let top: f32 = 0;
  for (let b = 0; b < blocks; b++) {
    const scale = half(from);
    top = max(top, abs(scale));
    store<f32>(scales, scale);
    v128.store(codes, v128.load(from, 2));
    from += 18; codes += 16; scales += 4;
  }
  return top;
}

/** The relaxed build takes codes from 0 to 31, the other one from -16 to 15. */
@inline function q5Zero(): v128 {
  return i8x16.splat(ASC_FEATURE_RELAXED_SIMD ? 16 : 0);
}

/** Q5_0, 22 bytes a block: a byte for each code. Returns the largest scale. */
export function unpackQ5(from: usize, blocks: i32, codes: usize, scales: usize): f32 {
  let top: f32 = 0;
  const less = ASC_FEATURE_RELAXED_SIMD ? 0 : 16;
  for (let b = 0; b < blocks; b++) {
    const scale = half(from);
    top = max(top, abs(scale));
    store<f32>(scales, scale);
    const high = load<u32>(from, 2);
    for (let j: usize = 0; j < 16; j++) {
      const q = <u32>load<u8>(from + 6 + j);
      store<u8>(codes + j, <u8>((q & 15) | (((high >> <u32>j) & 1) << 4)) - <u8>less);
      store<u8>(codes + j + 16, <u8>((q >> 4) | (((high >> (<u32>j + 16)) & 1) << 4)) - <u8>less);
    }
    from += 22; codes += 32; scales += 4;
  }
  return top;
}

@inline function spread(codes: v128, scale: v128, out: usize): void {
  const low = i16x8.extend_low_i8x16_s(codes), high = i16x8.extend_high_i8x16_s(codes);
  v128.store(out, f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low))));
  v128.store(out, f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low))), 16);
  v128.store(out, f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high))), 32);
  v128.store(out, f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high))), 48);
}

/** One row as floats. */
export function rowIq4(codes: usize, scales: usize, row: i32, blocks: i32, out: usize): void {
  const values = iq4Values();
  codes += <usize>row * <usize>blocks * 16;
  scales += <usize>row * <usize>blocks * 4;
  for (let b = 0; b < blocks; b++) {
    const q = v128.load(codes), scale = v128.load32_splat(scales);
    spread(i8x16.swizzle(values, v128.and(q, i8x16.splat(0x0f))), scale, out);
    spread(i8x16.swizzle(values, i8x16.shr_u(q, 4)), scale, out + 64);
    codes += 16; scales += 4; out += 128;
  }
}

export function rowQ5(codes: usize, scales: usize, row: i32, blocks: i32, out: usize): void {
  codes += <usize>row * <usize>blocks * 32;
  scales += <usize>row * <usize>blocks * 4;
  for (let b = 0; b < blocks; b++) {
    const scale = v128.load32_splat(scales);
    spread(i8x16.sub(v128.load(codes), q5Zero()), scale, out);
    spread(i8x16.sub(v128.load(codes, 16), q5Zero()), scale, out + 64);
    codes += 32; scales += 4; out += 128;
  }
}
