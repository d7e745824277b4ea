"""Natural logarithm and exponential, bit for bit those of fdlibm 5.3 (e_log.c, e_exp.c), which docs/internals/token-choice.md demands. Python's own
are the platform's, whose last bit may differ. Translated from fdlibm:

====================================================
Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.

Developed at SunSoft, a Sun Microsystems, Inc. business.
Permission to use, copy, modify, and distribute this
software is freely granted, provided that this notice
is preserved.
====================================================
"""

import struct

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
INVERSE_LN2 = 1.44269504088896338700e00
TWO_54 = 1.80143985094819840000e16
TWO_MINUS_1000 = 9.33263618503218878990e-302
OVERFLOW = 7.09782712893383973096e02
UNDERFLOW = -7.45133219101941108420e02

LG1 = 6.666666666666735130e-01
LG2 = 3.999999999940941908e-01
LG3 = 2.857142874366239149e-01
LG4 = 2.222219843214978396e-01
LG5 = 1.818357216161805012e-01
LG6 = 1.531383769920937332e-01
LG7 = 1.479819860511658591e-01

P1 = 1.66666666666666019037e-01
P2 = -2.77777777770155933842e-03
P3 = 6.61375632143793436117e-05
P4 = -1.65339022054652515390e-06
P5 = 4.13813679705723846039e-08


def words_of(x: float) -> tuple[int, int]:
    """The high 32 bits, signed, and the low 32 bits, unsigned."""
    low, high = struct.unpack("<Ii", struct.pack("<d", x))
    return high, low


def with_high_word(x: float, high: int) -> float:
    return struct.unpack("<d", struct.pack("<d", x)[:4] + struct.pack("<I", high & 0xFFFFFFFF))[0]


def log(x: float) -> float:
    high, low = words_of(x)
    exponent = 0
    if high < 0x00100000:
        if ((high & 0x7FFFFFFF) | low) == 0:
            return float("-inf")
        if high < 0:
            return float("nan")
        exponent -= 54
        x *= TWO_54
        high, _ = words_of(x)
    if high >= 0x7FF00000:
        return x + x
    exponent += (high >> 20) - 1023
    high &= 0x000FFFFF
    bit = (high + 0x95F64) & 0x100000
    x = with_high_word(x, high | (bit ^ 0x3FF00000))
    exponent += bit >> 20
    k = float(exponent)
    f = x - 1.0
    if (0x000FFFFF & (2 + high)) < 3:
        if f == 0.0:
            return 0.0 if exponent == 0 else k * LN2_HIGH + k * LN2_LOW
        rest = f * f * (0.5 - 0.33333333333333333 * f)
        return f - rest if exponent == 0 else k * LN2_HIGH - ((rest - k * LN2_LOW) - f)
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (LG2 + w * (LG4 + w * LG6))
    odd = z * (LG1 + w * (LG3 + w * (LG5 + w * LG7)))
    rest = odd + even
    if ((high - 0x6147A) | (0x6B851 - high)) > 0:
        half_square = 0.5 * f * f
        if exponent == 0:
            return f - (half_square - s * (half_square + rest))
        return k * LN2_HIGH - ((half_square - (s * (half_square + rest) + k * LN2_LOW)) - f)
    if exponent == 0:
        return f - s * (f - rest)
    return k * LN2_HIGH - ((s * (f - rest) - k * LN2_LOW) - f)


def exp(x: float) -> float:
    signed_high, low = words_of(x)
    is_negative = signed_high < 0
    high = signed_high & 0x7FFFFFFF
    if high >= 0x40862E42:
        if high >= 0x7FF00000:
            if ((high & 0xFFFFF) | low) != 0:
                return x + x
            return 0.0 if is_negative else x
        if x > OVERFLOW:
            return float("inf")
        if x < UNDERFLOW:
            return 0.0
    k = 0
    above = below = 0.0
    if high > 0x3FD62E42:
        if high < 0x3FF0A2B2:
            k = -1 if is_negative else 1
            above, below = x - k * LN2_HIGH, k * LN2_LOW
        else:
            k = int(INVERSE_LN2 * x + (-0.5 if is_negative else 0.5))
            above, below = x - k * LN2_HIGH, k * LN2_LOW
        x = above - below
    elif high < 0x3E300000:
        return 1.0 + x
    t = x * x
    c = x - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))))
    if k == 0:
        return 1.0 - ((x * c) / (c - 2.0) - x)
    y = 1.0 - ((below - (x * c) / (2.0 - c)) - above)
    if k >= -1021:
        return with_high_word(y, words_of(y)[0] + (k << 20))
    return with_high_word(y, words_of(y)[0] + ((k + 1000) << 20)) * TWO_MINUS_1000
