import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, doubleOf } from './bits.fixture.ts';
import { exp, log } from './fdlibm.ts';

/** [argument, log] in the bits of binary64. */
const logVectors = [
  ['0000000000000001', 'c0874385446d71c3'],
  ['0010000000000000', 'c086232bdd7abcd2'],
  ['01a56e1fc2f8f359', 'c085963447f87fb5'],
  ['3de0000000000000', 'c036dfb516f20bbf'],
  ['3fb999999999999a', 'c0026bb1bbb55515'],
  ['3fe0000000000000', 'bfe62e42fefa39ef'],
  ['3fe6a09e667f3bcc', 'bfd62e42fefa39f1'],
  ['3fefffffca501acb', 'be7ad7f2b1049b9f'],
  ['3feffffffff00000', 'bde0000000040000'],
  ['3ff0000000000000', '0000000000000000'],
  ['3ff000001ad7f29b', '3e7ad7f2847b6492'],
  ['3ff6a09e667f3bcd', '3fd62e42fefa39f0'],
  ['4000000000000000', '3fe62e42fefa39ef'],
  ['400921fb54442d18', '3ff250d048e7a1bd'],
  ['4024000000000000', '40026bb1bbb55516'],
  ['4036dfb51ec36960', '40090a3aa41602b3'],
  ['4202a05f20000000', '4037069e2aa2aa5b'],
  ['7fefffffffffffff', '40862e42fefa39ef'],
] as const;

/** [argument, exp] in the bits of binary64. */
const expVectors = [
  ['c0874910d52d3051', '0000000000000001'],
  ['c087440000000000', '0000000000000001'],
  ['c086233333333333', '000ff15b469edf89'],
  ['c059100000000000', '36e4acd31e167ebb'],
  ['c036800000000000', '3de740d62bb76e50'],
  ['bff8000000000000', '3fcc8f87724b5c1d'],
  ['bff0000000000000', '3fd78b56362cef38'],
  ['bfe0000000000000', '3fe368b2fc6f960a'],
  ['bfd62e42fefa39ef', '3fe6a09e667f3bcc'],
  ['bf50624dd2f1a9fc', '3feff7cfe56f1a9e'],
  ['be112e0be826d695', '3fefffffff768fa1'],
  ['0000000000000000', '3ff0000000000000'],
  ['3e112e0be826d695', '3ff000000044b830'],
  ['3fd0000000000000', '3ff48b5e3c3e8186'],
  ['3fe0000000000000', '3ffa61298e1e069c'],
  ['3ff0000000000000', '4005bf0a8b14576a'],
  ['3ff4000000000000', '400bec38edb0faf0'],
  ['400921fb54442d18', '403724046eb09339'],
  ['4056000000000000', '47df1056dc7bf22d'],
] as const;

/** V8 up to this version uses fdlibm; later versions take log from another library. */
const v8IsFdlibm = Number(process.versions.v8.split('.')[0]) <= 13;

describe('log', () => {
  it.each(logVectors)('of %s is %s', (argument, expected) => {
    expect(bitsOf(log(doubleOf(argument)))).toBe(expected);
  });

  it('has the usual values at the edges', () => {
    expect(log(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(log(-0)).toBe(Number.NEGATIVE_INFINITY);
    expect(log(-1)).toBeNaN();
    expect(log(Number.NEGATIVE_INFINITY)).toBeNaN();
    expect(log(Number.NaN)).toBeNaN();
    expect(log(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it.runIf(v8IsFdlibm)("has the bits of V8's", () => {
    const argument = fc.oneof(
      fc.double({ min: 0, max: 1 }),
      fc.double({ min: 0.5, max: 2 }),
      fc.double({ min: 0, max: 50 }),
      fc.double({ noNaN: true }),
    );
    fc.assert(
      fc.property(argument, (value) => Object.is(log(value), Math.log(value))),
      { numRuns: 50_000 },
    );
  });
});

describe('exp', () => {
  it.each(expVectors)('of %s is %s', (argument, expected) => {
    expect(bitsOf(exp(doubleOf(argument)))).toBe(expected);
  });

  it('has the usual values at the edges', () => {
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exp(-745.14)).toBe(0);
    expect(exp(709.79)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(709.782712893384)).toBe(Math.exp(709.782712893384));
    expect(exp(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(Number.NaN)).toBeNaN();
  });

  it.runIf(v8IsFdlibm)("has the bits of V8's, but for 1, where V8 corrects fdlibm's last bit", () => {
    const argument = fc.oneof(
      fc.double({ min: -2, max: 2, noNaN: true }),
      fc.double({ min: -60, max: 0, noNaN: true }),
      fc.double({ min: -760, max: 720, noNaN: true }),
      fc.double({ noNaN: true }),
    );
    fc.assert(
      fc.property(argument, (value) => value === 1 || Object.is(exp(value), Math.exp(value))),
      { numRuns: 50_000 },
    );
  });
});
