import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidates } from './candidates.ts';
import { createEnding, type EndReason, type EndRule } from './ending.ts';
import { verifyDrafts } from './verify.ts';

const endId = 9;

/** @returns the accepted drafts, the committed tokens, how the text has ended, and the rows that were read */
function verify(
  targets: readonly number[],
  drafts: readonly number[],
  change: Partial<EndRule> = {},
): readonly [accepted: number, tokens: readonly number[], end: EndReason | null, read: number] {
  const rule: EndRule = { endIds: new Set([endId]), stopStrings: [], maxAnswerTokens: 100, ...change };
  // Token n is the letter a + n.
  const ending = createEnding(rule, (id) => Uint8Array.of(97 + id));
  const rows: Candidates[] = targets.map((id) => ({ ids: [id], logits: [0] }));
  let read = 0;
  const choose = (row: Candidates, index: number): number => {
    expect(index).toBe(read++);
    return row.ids[0] ?? -1;
  };
  const { accepted, tokens, end, endState } = verifyDrafts({ rows, drafts, choose, ending, endState: ending.start });
  expect(endState.tokenCount).toBe(tokens.length);
  return [accepted, tokens, end?.reason ?? null, read];
}

describe('verifyDrafts', () => {
  it('commits one token without drafts', () => {
    expect(verify([4], [])).toEqual([0, [4], null, 1]);
  });

  it('commits all drafts and the bonus token', () => {
    expect(verify([1, 2, 3], [1, 2])).toEqual([2, [1, 2, 3], null, 3]);
  });

  it("commits the target's token at the first mismatch, and reads no further rows", () => {
    expect(verify([1, 2, 3, 4], [1, 5, 3])).toEqual([1, [1, 2], null, 2]);
    expect(verify([1, 2], [5])).toEqual([0, [1], null, 1]);
  });

  it('commits nothing after an end token, drafted or not', () => {
    expect(verify([1, endId, 3], [1, endId])).toEqual([2, [1, endId], 'end-token', 2]);
    expect(verify([1, endId, 3], [1, 2])).toEqual([1, [1, endId], 'end-token', 2]);
    expect(verify([1, endId], [1])).toEqual([1, [1, endId], 'end-token', 2]);
  });

  it('commits nothing after a stop string that ends in a draft', () => {
    expect(verify([1, 2, 3, 4], [1, 2, 3], { stopStrings: ['bc'] })).toEqual([2, [1, 2], 'stop-string', 2]);
  });

  it('commits no more than the maximum length', () => {
    expect(verify([1, 2, 3], [1, 2], { maxAnswerTokens: 2 })).toEqual([2, [1, 2], 'length', 2]);
    expect(verify([1, 2, 3], [1, 2], { maxAnswerTokens: 3 })).toEqual([2, [1, 2, 3], 'length', 3]);
  });

  it('refuses a number of rows that does not fit the drafts', () => {
    expect(() => verify([1, 2], [1, 2])).toThrow('need one row more');
    expect(() => verify([], [])).toThrow('need one row more');
  });

  it('writes the same text in steps with any drafts as without drafts', () => {
    const tokens = fc.array(fc.nat(8), { minLength: 60, maxLength: 60 });
    const steps = fc.array(fc.array(fc.nat(8), { maxLength: 6 }), { minLength: 40, maxLength: 40 });
    const stops = fc.array(fc.constantFrom('ab', 'bca', 'h', 'aa'), { maxLength: 2 });
    fc.assert(
      fc.property(
        tokens,
        steps,
        stops,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(100),
        (text, wrongDrafts, stopStrings, maxAnswerTokens, luck) => {
          const rule: EndRule = { endIds: new Set([8]), stopStrings, maxAnswerTokens };
          const ending = createEnding(rule, (id) => Uint8Array.of(97 + id));
          const write = (draftsAt: (position: number, step: number) => readonly number[]): number[] => {
            const committed: number[] = [];
            let endState = ending.start;
            for (let step = 0; ; step++) {
              const drafts = draftsAt(committed.length, step);
              const rows = [...drafts, 0].map((_, index) => ({
                ids: [text[committed.length + index] ?? 0],
                logits: [0],
              }));
              const verification = verifyDrafts({ rows, drafts, choose: (row) => row.ids[0] ?? -1, ending, endState });
              committed.push(...verification.tokens);
              endState = verification.endState;
              if (verification.end !== null) return committed;
            }
          };
          const alone = write(() => []);
          const drafted = write((position, step) =>
            (wrongDrafts[step] ?? []).map((wrong, index) =>
              (step + index) % 100 < luck ? (text[position + index] ?? 0) : wrong,
            ),
          );
          expect(drafted).toEqual(alone);
        },
      ),
      { numRuns: 300 },
    );
  });
});
