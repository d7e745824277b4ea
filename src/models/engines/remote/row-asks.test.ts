import { describe, expect, it } from 'vitest';
import { candidateLimit, type RowAsk } from '../../../core/decoding/candidates.ts';
import type { ModelSequence } from '../../port/model.ts';
import { candidatesOf, frameItem, portAsk } from './row-asks.ts';

const row = { normaliser: Number.NaN, ids: [7, 3, 9, 4], logits: [1, 2, 2, -1] };
const sequence = {} as ModelSequence;

describe('a row of a worker', () => {
  it('is ranked here, ties to the lower id, without what is minus infinity', () => {
    expect(candidatesOf(row, undefined, 10)).toEqual({ ids: [3, 9, 7, 4], logits: [2, 2, 1, -1] });
    const masked = { ...row, logits: [1, Number.NEGATIVE_INFINITY, 2, -1] };
    expect(candidatesOf(masked, undefined, 10)).toEqual({ ids: [9, 7, 4], logits: [2, 1, -1] });
  });

  it('is cut after the bias, and keeps raw logits', () => {
    const ids = Array.from({ length: candidateLimit + 2 }, (_, id) => id);
    const long = { ...row, ids, logits: ids.map((id) => -id) };
    const bias: RowAsk['bias'] = [
      [0, -100],
      [candidateLimit + 1, 100],
    ];
    const found = candidatesOf(long, { bias }, 100);
    expect(found).toMatchObject({ ids: [...ids.slice(1, candidateLimit), candidateLimit + 1] });
    expect(Object(found).logits.at(-1)).toBe(-candidateLimit - 1);
  });

  it('has the normaliser and the logit of an id only where they were asked for', () => {
    const known = { ...row, normaliser: 3.5 };
    expect(candidatesOf(known, { normalises: true, logitOf: 4 }, 10)).toMatchObject({
      logNormaliser: 3.5,
      askedLogit: -1,
    });
    expect(candidatesOf(known, { logitOf: 5 }, 10)).toEqual({ ids: [3, 9, 7, 4], logits: [2, 2, 1, -1] });
  });

  it('that breaks the protocol is none', () => {
    const only = Uint32Array.of(1 << 3);
    expect(candidatesOf(row, { allowed: only }, 10)).toBe('id 7, which the mask excludes');
    expect(candidatesOf(row, undefined, 9)).toBe('id 9 of a vocabulary of 9');
    expect(candidatesOf({ ...row, ids: [7, 3, 7, 4] }, undefined, 10)).toBe('id 7 twice in a row');
    expect(candidatesOf(row, { normalises: true }, 10)).toBe('a normaliser of NaN');
    const empty = { ...row, ids: [], logits: [] };
    expect(candidatesOf(empty, undefined, 10)).toBe('a row without candidates');
    expect(candidatesOf(empty, { allowed: only, normalises: true }, 10)).toEqual({ ids: [], logits: [] });
    for (const logit of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => candidatesOf({ ...row, logits: [logit, 1, 1, 1] }, undefined, 10)).toThrow('no numbers');
  });
});

describe('what is asked of a row', () => {
  it('goes to the worker without its bias, and what it names beside', () => {
    const allowed = Uint32Array.of(255);
    const bias: RowAsk['bias'] = [
      [2, 1],
      [5, -1],
    ];
    const asks = [undefined, { allowed }, { bias, logitOf: 5 }, { normalises: true, logitOf: 6 }];
    const item = frameItem({ sequence, tokens: [1, 2, 3, 4], rows: 4, asks }, 9, 40);
    expect(item).toEqual({
      sequence: 9,
      keep: 40,
      rows: 4,
      ids: [1, 2, 3, 4],
      asks: [
        { row: 1, allowed, beside: undefined, normalises: false },
        { row: 2, allowed: undefined, beside: [2, 5], normalises: false },
        { row: 3, allowed: undefined, beside: [6], normalises: true },
      ],
    });
    expect(item.asks.map(portAsk)[1]).toEqual({ allowed: undefined, beside: [2, 5], normalises: false });
  });
});
