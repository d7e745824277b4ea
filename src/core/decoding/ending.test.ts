import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEnding, type EndReason, type EndRule } from './ending.ts';

const endId = 99;
const encoder = new TextEncoder();

/** Token i has the bytes of `texts[i]`; the end token has bytes too, which must not matter. */
function bytesOfTexts(texts: readonly (string | Uint8Array)[]): (id: number) => Uint8Array {
  return (id) => {
    const text = id === endId ? 'END' : (texts[id] ?? '');
    return typeof text === 'string' ? encoder.encode(text) : text;
  };
}

function rule(stopStrings: readonly string[], maxAnswerTokens = 1000): EndRule {
  return { endIds: new Set([endId]), stopStrings, maxAnswerTokens };
}

/** Pushes tokens until the end; returns their number and the reason. */
function run(
  endRule: EndRule,
  texts: readonly (string | Uint8Array)[],
  ids: readonly number[],
): [number, EndReason | null] {
  const ending = createEnding(endRule, bytesOfTexts(texts));
  let state = ending.start;
  for (const [index, id] of ids.entries()) {
    const step = ending.push(state, id);
    state = step.state;
    expect(state.tokenCount).toBe(index + 1);
    if (step.end !== null) return [index + 1, step.end.reason];
  }
  return [ids.length, null];
}

function inOrder(texts: readonly unknown[]): number[] {
  return texts.map((_, index) => index);
}

function ends(stopStrings: readonly string[], texts: readonly (string | Uint8Array)[]): [number, EndReason | null] {
  return run(rule(stopStrings), texts, inOrder(texts));
}

describe('the end of a text', () => {
  it('is an end token, also as the last allowed one', () => {
    expect(run(rule([]), ['a'], [0, 0, endId, 0])).toEqual([3, 'end-token']);
    expect(run(rule([], 3), ['a'], [0, 0, endId])).toEqual([3, 'end-token']);
  });

  it('is the maximum length', () => {
    expect(run(rule([], 2), ['a'], [0, 0, 0])).toEqual([2, 'length']);
    expect(run(rule(['zz'], 1), ['a'], [0])).toEqual([1, 'length']);
  });

  it('is a stop string: in one token, in the middle of one, or across several', () => {
    expect(ends(['stop'], ['a', 'stop', 'b'])).toEqual([2, 'stop-string']);
    expect(ends(['stop'], ['a', 'nonstopping', 'b'])).toEqual([2, 'stop-string']);
    expect(ends(['stop'], ['as', 't', '', 'op', 'b'])).toEqual([4, 'stop-string']);
    expect(ends(['\n\nUser:'], ['a\n', '\n', '\nUs', 'er', ': '])).toEqual([5, 'stop-string']);
  });

  it('is a stop string rather than the length when one token causes both', () => {
    expect(run(rule(['b'], 2), ['a', 'b'], [0, 1])).toEqual([2, 'stop-string']);
  });

  it('is not a stop string that an end token spells', () => {
    expect(run(rule(['END']), ['a'], [0, endId])).toEqual([2, 'end-token']);
  });

  it('sees a stop string that overlaps its own beginning', () => {
    expect(ends(['aab'], ['a', 'a', 'a', 'b'])).toEqual([4, 'stop-string']);
    expect(ends(['abab!'], ['ab', 'ab', 'ab', '!'])).toEqual([4, 'stop-string']);
  });

  it('sees stop strings of several bytes a character, split anywhere', () => {
    const euro = encoder.encode('€');
    expect(ends(['€!'], [euro.subarray(0, 1), euro.subarray(1), '!'])).toEqual([3, 'stop-string']);
    // The first byte of a euro sign before a whole one.
    expect(ends(['€'], [euro.subarray(0, 1), euro])).toEqual([2, 'stop-string']);
  });

  it('does not depend on the cut into tokens, and is where the text first contains a stop string', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 30 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(letters, stops, (text, stopStrings) => {
        const bytes = Array.from(encoder.encode(text), (byte) => Uint8Array.of(byte));
        const endsAt = stopStrings
          .map((stop) => (text.includes(stop) ? text.indexOf(stop) + stop.length : Number.POSITIVE_INFINITY))
          .map((characters) => encoder.encode(text.slice(0, characters)).length);
        const found = stopStrings.some((stop) => text.includes(stop));
        const expected = found ? [Math.min(...endsAt), 'stop-string'] : [bytes.length, null];
        expect(ends(stopStrings, bytes)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('is where the text first contains a stop string that repeats its own beginning, however long', () => {
    const stops = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 12 });
    const parts = fc.array(fc.tuple(fc.nat(6), fc.nat(12)), { maxLength: 6 });
    fc.assert(
      fc.property(stops, parts, (stop, cuts) => {
        // Of parts of the stop string: what matches at the end of one is often the beginning of a longer match.
        const text = cuts.map(([from, to]) => stop.slice(from, to)).join('');
        const at = text.indexOf(stop);
        expect(ends([stop], [...text])).toEqual(at < 0 ? [text.length, null] : [at + stop.length, 'stop-string']);
      }),
      { numRuns: 3000 },
    );
    // Each part of the beginning that is also an end, one after the other.
    expect(ends(['aabaabaaa'], [...'aabaabaabaaa'])).toEqual([12, 'stop-string']);
    expect(ends(['aabaaab'], [...'aabaabaaab'])).toEqual([10, 'stop-string']);
    expect(ends(['aaabb'], [...'aaabaabb'])).toEqual([8, null]);
  });

  it('is a function of the state alone: old states stay valid', () => {
    const ending = createEnding(rule(['ab']), bytesOfTexts(['a', 'b', 'c']));
    const afterA = ending.push(ending.start, 0).state;
    expect(ending.push(afterA, 2).end).toBeNull();
    expect(ending.push(afterA, 1).end).toEqual({ reason: 'stop-string' });
    expect(ending.push(ending.start, 1).end).toBeNull();
    expect(structuredClone(afterA)).toEqual(afterA);
  });

  it('accepts nothing after the maximum length', () => {
    const ending = createEnding(rule([], 1), bytesOfTexts(['a']));
    const { state } = ending.push(ending.start, 0);
    expect(() => ending.push(state, 0)).toThrow('maximum length');
  });
});

describe('an end rule', () => {
  it.each<[string, Partial<EndRule>]>([
    ['empty', { stopStrings: ['a', ''] }],
    ['5 stop strings', { stopStrings: ['a', 'b', 'c', 'd', 'e'] }],
    ['66 bytes', { stopStrings: ['é'.repeat(33)] }],
    ['-1 tokens', { maxAnswerTokens: -1 }],
    ['1.5 tokens', { maxAnswerTokens: 1.5 }],
    ['NaN tokens', { maxAnswerTokens: Number.NaN }],
    ['the maximum length', { maxAnswerTokens: 2 ** 31 }],
  ])('is refused: %s', (cause, change) => {
    const refusal = { code: 'bad-argument', message: expect.stringContaining(cause) };
    expect(() => createEnding({ ...rule([]), ...change }, bytesOfTexts([]))).toThrow(expect.objectContaining(refusal));
  });

  it('may have four stop strings of 64 bytes, and 2^31 - 1 tokens', () => {
    const longest = 'é'.repeat(32);
    expect(ends([longest, 'b', 'c', 'd'], ['é'.repeat(31), 'é'])).toEqual([2, 'stop-string']);
    expect(run(rule([], 2 ** 31 - 1), ['a'], [0])).toEqual([1, null]);
  });
});

it('reads the bytes of tokens only where there is a stop string', () => {
  const noBytes = (): never => {
    throw new Error('read');
  };
  const push = (stopStrings: readonly string[]): unknown => {
    const ending = createEnding(rule(stopStrings), noBytes);
    return ending.push(ending.start, 1);
  };
  expect(() => push([])).not.toThrow();
  expect(() => push(['x'])).toThrow('read');
});
