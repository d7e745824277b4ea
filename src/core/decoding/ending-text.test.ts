import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEnding } from './ending.ts';
import { TextAssembler } from './ending-text.ts';

const endId = 1000;
const encoder = new TextEncoder();

type Token = string | readonly number[];

function bytesOfTokens(tokens: readonly Token[]): (id: number) => Uint8Array {
  return (id) => {
    const token = tokens[id] ?? '<end>';
    return typeof token === 'string' ? encoder.encode(token) : Uint8Array.from(token);
  };
}

/** The pieces of text for the reader, one for each token, and the text of the flush. */
function pieces(stopStrings: readonly string[], tokens: readonly Token[], end?: 'end-token'): string[] {
  const rule = { endIds: new Set([endId]), stopStrings, maxAnswerTokens: 1000 };
  const assembler = new TextAssembler(rule, bytesOfTokens(tokens));
  const ids = tokens.map((_, index) => index);
  if (end !== undefined) ids.push(endId);
  return [...ids.map((id) => assembler.push([id])), assembler.flush()];
}

describe('TextAssembler', () => {
  it('passes text on at once where no stop string is possible', () => {
    expect(pieces([], ['Hel', 'lo', ' world'])).toEqual(['Hel', 'lo', ' world', '']);
  });

  it('holds back a possible stop string, and no more', () => {
    expect(pieces(['\nUser:'], ['Hi', '!\nUs', 'ual', '\n'])).toEqual(['Hi', '!', '\nUsual', '', '\n']);
  });

  it('never shows a stop string, and nothing after it', () => {
    expect(pieces(['STOP'], ['one S', 'TO', 'P two', ' three'])).toEqual(['one ', '', '', '', '']);
    expect(pieces(['STOP'], ['one STOP two', ' three'])).toEqual(['one ', '', '']);
  });

  it('cuts at the first complete stop string, and there at the longest', () => {
    expect(pieces(['cd', 'abcd'], ['xab', 'cd'])).toEqual(['x', '', '']);
    expect(pieces(['abcd', 'bc'], ['xabcd'])).toEqual(['xa', '']);
  });

  it('releases the text that it holds back when the text ends in another way', () => {
    expect(pieces(['STOP'], ['one STO'], 'end-token')).toEqual(['one ', 'STO', '']);
    expect(pieces(['STOP'], ['one STO'])).toEqual(['one ', 'STO']);
  });

  it('does not show an end token, whatever its bytes', () => {
    expect(pieces([], ['a'], 'end-token').join('')).toBe('a');
  });

  it('waits for the rest of a character', () => {
    expect(pieces([], [[0xf0, 0x9f], [0x90], [0xb4, 0x21]])).toEqual(['', '', '🐴!', '']);
  });

  it('replaces an unfinished character, and bytes that are not UTF-8', () => {
    expect(pieces([], ['a', [0xe2, 0x82]])).toEqual(['a', '', '\ufffd']);
    expect(pieces([], [[0xff], 'a'])).toEqual(['\ufffd', 'a', '']);
    expect(pieces(['€'], [[0xe2, 0x82], 'a'])).toEqual(['', '\ufffda', '']);
  });

  it('keeps a byte order mark, which is text like any other', () => {
    expect(pieces([], ['\ufeffa'])).toEqual(['\ufeffa', '']);
  });

  it.each([
    ['of any letters', ['a', 'b', 'é', '🐴'], 3],
    ['that repeat their own beginning', ['a', 'b'], 12],
  ] as const)(
    'shows the text before the first end, for any cut into tokens and frames, with stop strings %s',
    (...given) => {
      const [, letters, longest] = given;
      const unit = fc.constantFrom(...letters);
      const stops = fc.array(fc.string({ unit, minLength: 1, maxLength: longest }), { maxLength: 4 });
      fc.assert(
        fc.property(
          fc.string({ unit, maxLength: 24 }),
          stops,
          fc.array(fc.nat(4), { maxLength: 40 }),
          (text, stopStrings, cuts) => {
            const tokens = cutBytes(encoder.encode(text), cuts);
            const rule = { endIds: new Set([endId]), stopStrings, maxAnswerTokens: 1000 };
            const ending = createEnding(rule, bytesOfTokens(tokens));
            let state = ending.start;
            let ended = false;
            const committed: number[] = [];
            for (const id of tokens.keys()) {
              if (ended) break;
              committed.push(id);
              const step = ending.push(state, id);
              state = step.state;
              ended = step.end !== null;
            }
            const assembler = new TextAssembler(rule, bytesOfTokens(tokens));
            const half = committed.length >> 1;
            const shown =
              assembler.push(committed.slice(0, half)) + assembler.push(committed.slice(half)) + assembler.flush();
            const stopped = stopStrings.some((stop) => text.includes(stop));
            expect(ended).toBe(stopped);
            expect(shown).toBe(stopped ? textBeforeStop(text, stopStrings) : text);
          },
        ),
        { numRuns: 1000 },
      );
    },
  );
});

/** The text before the stop string that ends first; the longest of those that end there. */
function textBeforeStop(text: string, stopStrings: readonly string[]): string {
  for (let end = 1; ; end++) {
    const matching = stopStrings.filter((stop) => text.slice(0, end).endsWith(stop));
    if (matching.length > 0) return text.slice(0, end - Math.max(...matching.map((stop) => stop.length)));
  }
}

function cutBytes(bytes: Uint8Array, cuts: readonly number[]): number[][] {
  const tokens: number[][] = [];
  let from = 0;
  for (let index = 0; from < bytes.length; index++) {
    const length = cuts[index % Math.max(1, cuts.length)] ?? 1;
    // An empty cut is a token without bytes; after the last cut each token has at least one byte.
    const to = index >= cuts.length ? from + Math.max(1, length) : from + length;
    tokens.push([...bytes.subarray(from, to)]);
    from = to;
  }
  return tokens;
}
