// The scan against JSON.parse, on values at random and on texts that are cut anywhere.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BodyScan, scanBody, unscanned } from './body-scan.ts';

const scanOf = (text: string, cuts: readonly number[] = []): BodyScan => {
  const bytes = new TextEncoder().encode(text);
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((one, other) => one - other);
  return places.reduce(
    (scan, place, index) => scanBody(scan, bytes.subarray(places[index - 1] ?? 0, place)),
    unscanned,
  );
};

/** Depth, and brackets with separators, of what the text says. */
function measure(value: unknown): { readonly depth: number; readonly values: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, values: 0 };
  const parts = Object.values(value).map(measure);
  const colons = Array.isArray(value) ? 0 : parts.length;
  const own = 1 + colons + Math.max(0, parts.length - 1);
  return {
    depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
    values: parts.reduce((sum, { values }) => sum + values, own),
  };
}

describe('the scan of a body', () => {
  it('counts what JSON.parse would make, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.array(fc.nat()), fc.boolean(), (json, cuts, isSpaced) => {
        const text = isSpaced ? JSON.stringify(JSON.parse(json), null, 2) : json;
        const scan = scanOf(text, cuts);
        const { depth, values } = measure(JSON.parse(text));
        // A name that is given twice is there once when it is parsed.
        if (JSON.stringify(JSON.parse(text)) === text) expect(scan.values).toBe(values);
        expect(scan.values).toBeGreaterThanOrEqual(values);
        expect(scan).toMatchObject({ deepest: depth, depth: 0, isInString: false, isEscaped: false });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['{"a": "[[[{{{,,,:::"}', 1, 2],
    [String.raw`{"a\"": "\\", "[": "\\\"["}`, 1, 4],
    [String.raw`["\u005b\u0022", "☃[", "🂡{"]`, 1, 3],
    ['[[[', 3, 3],
    [']]]]', 0, 0],
  ])('takes nothing in a string for a bracket: %s', (text, deepest, values) => {
    for (let cut = 0; cut <= text.length + 4; cut += 1) expect(scanOf(text, [cut])).toMatchObject({ deepest, values });
  });

  it('keeps no more than a few numbers of a million brackets', () => {
    expect(scanOf('['.repeat(1e6))).toEqual({ ...unscanned, depth: 1e6, deepest: 1e6, values: 1e6 });
  });
});
