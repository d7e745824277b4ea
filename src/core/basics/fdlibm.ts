// Natural logarithm and exponential that give the same 64 bits on every machine. JavaScript leaves the last bit of Math.log
// and Math.exp to the engine (V8 itself has changed it), but the noise of a choice must not depend on that.
// Translated to TypeScript from fdlibm 5.3, e_log.c and e_exp.c:
//
// ====================================================
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//
// Developed at SunSoft, a Sun Microsystems, Inc. business.
// Permission to use, copy, modify, and distribute this
// software is freely granted, provided that this notice
// is preserved.
// ====================================================

const double: Float64Array = new Float64Array(1);
const words: Int32Array = new Int32Array(double.buffer);
double[0] = 1;
const high: 0 | 1 = words[1] === 0x3ff00000 ? 1 : 0;

const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;
const inverseLn2: number = Math.LOG2E;
const two54: number = 2 ** 54;

const logCoefficient1 = 0.6666666666666735;
const logCoefficient2 = 0.3999999999940942;
const logCoefficient3 = 0.2857142874366239;
const logCoefficient4 = 0.22222198432149784;
const logCoefficient5 = 0.1818357216161805;
const logCoefficient6 = 0.15313837699209373;
const logCoefficient7 = 0.14798198605116586;

/** Natural logarithm, error below one unit in the last place; bit for bit fdlibm's. */
export function log(argument: number): number {
  double[0] = argument;
  let highWord = words[high] as number;
  let exponent = 0;
  if (highWord < 0x00100000) {
    if (argument === 0) return Number.NEGATIVE_INFINITY;
    if (highWord < 0) return Number.NaN;
    // Subnormal: scaled up first.
    exponent = -54;
    double[0] = argument * two54;
    highWord = words[high] as number;
  }
  if (highWord >= 0x7ff00000) return argument + argument;
  exponent += (highWord >> 20) - 1023;
  highWord &= 0xfffff;
  const carry = (highWord + 0x95f64) & 0x100000;
  words[high] = highWord | (carry ^ 0x3ff00000);
  exponent += carry >> 20;
  return logOfReduced((double[0] as number) - 1, exponent, highWord);
}

/** log(1 + fraction) + exponent * ln 2 for sqrt(2)/2 <= 1 + fraction < sqrt(2). */
function logOfReduced(fraction: number, exponent: number, mantissaHigh: number): number {
  if ((0xfffff & (2 + mantissaHigh)) < 3) {
    // |fraction| < 2^-20: two terms of the series are sufficient.
    if (fraction === 0) return exponent === 0 ? 0 : exponent * ln2High + exponent * ln2Low;
    const square = fraction * fraction * (0.5 - 0.3333333333333333 * fraction);
    if (exponent === 0) return fraction - square;
    return exponent * ln2High - (square - exponent * ln2Low - fraction);
  }
  const ratio = fraction / (2 + fraction);
  const ratio2 = ratio * ratio;
  const ratio4 = ratio2 * ratio2;
  const even = ratio4 * (logCoefficient2 + ratio4 * (logCoefficient4 + ratio4 * logCoefficient6));
  const odd =
    ratio2 * (logCoefficient1 + ratio4 * (logCoefficient3 + ratio4 * (logCoefficient5 + ratio4 * logCoefficient7)));
  const remainder = odd + even;
  if (((mantissaHigh - 0x6147a) | (0x6b851 - mantissaHigh)) > 0) {
    const halfSquare = 0.5 * fraction * fraction;
    if (exponent === 0) return fraction - (halfSquare - ratio * (halfSquare + remainder));
    return exponent * ln2High - (halfSquare - (ratio * (halfSquare + remainder) + exponent * ln2Low) - fraction);
  }
  if (exponent === 0) return fraction - ratio * (fraction - remainder);
  return exponent * ln2High - (ratio * (fraction - remainder) - exponent * ln2Low - fraction);
}

const overflowThreshold = 709.782712893384;
const underflowThreshold = -745.1332191019411;
const twoMinus1000: number = 2 ** -1000;
const twoMinus28: number = 2 ** -28;

const expCoefficient1 = 0.16666666666666602;
const expCoefficient2 = -0.0027777777777015593;
const expCoefficient3 = 6.613756321437934e-5;
const expCoefficient4 = -1.6533902205465252e-6;
const expCoefficient5 = 4.1381367970572385e-8;

/** e to the power of `argument`, error below one unit in the last place; bit for bit fdlibm's. */
export function exp(argument: number): number {
  if (Number.isNaN(argument)) return argument;
  if (argument > overflowThreshold) return Number.POSITIVE_INFINITY;
  if (argument < underflowThreshold) return 0;
  double[0] = argument;
  const highWord = (words[high] as number) & 0x7fffffff;
  const negative = argument < 0;
  let exponent = 0;
  let upper = argument;
  let lower = 0;
  if (highWord > 0x3fd62e42) {
    // |argument| > 0.5 ln 2; below 1.5 ln 2 the exponent is one.
    if (highWord < 0x3ff0a2b2) exponent = negative ? -1 : 1;
    else exponent = (inverseLn2 * argument + (negative ? -0.5 : 0.5)) | 0;
    upper = argument - exponent * ln2High;
    lower = exponent * ln2Low;
  } else if (Math.abs(argument) < twoMinus28) return 1 + argument;
  const reduced = exponent === 0 ? argument : upper - lower;
  const square = reduced * reduced;
  const correction =
    reduced -
    square *
      (expCoefficient1 +
        square *
          (expCoefficient2 + square * (expCoefficient3 + square * (expCoefficient4 + square * expCoefficient5))));
  if (exponent === 0) return 1 - ((reduced * correction) / (correction - 2) - reduced);
  return scaleByPowerOfTwo(1 - (lower - (reduced * correction) / (2 - correction) - upper), exponent);
}

/** value * 2^exponent for 0.5 < value < 2, through the exponent field. */
function scaleByPowerOfTwo(value: number, exponent: number): number {
  const subnormal = exponent < -1021;
  double[0] = value;
  words[high] = (words[high] as number) + ((subnormal ? exponent + 1000 : exponent) << 20);
  return subnormal ? (double[0] as number) * twoMinus1000 : (double[0] as number);
}
