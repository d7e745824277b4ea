import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../core/basics/errors.ts';
import { fromCloseFrame, toCloseFrame } from './websocket-close.ts';

describe('close frames', () => {
  it('carry every code and its detail', () => {
    for (const code of [...errorCodes, 'done' as const]) {
      for (const detail of ['', 'some words, ü']) {
        expect(fromCloseFrame(toCloseFrame(code, detail))).toEqual({ by: 'peer', code, detail });
      }
    }
  });

  it('never have more than 123 bytes, nor half a character', () => {
    for (let length = 0; length < 130; length++) {
      const { reasonText } = toCloseFrame('internal', `${'a'.repeat(length)}€€€€`);
      expect(new TextEncoder().encode(reasonText).length).toBeLessThanOrEqual(123);
      expect(reasonText).toMatch(/^internal a*€{0,4}$/);
    }
    expect(toCloseFrame('internal', 'a'.repeat(500)).reasonText).toHaveLength(123);
  });

  it('use only codes that a browser may send', () => {
    expect(toCloseFrame('done', '').closeCode).toBe(1000);
    expect(toCloseFrame('silent', '').closeCode).toBe(4000);
  });

  it.each([
    [1000, 'bye', 'peer', 'done'],
    [1005, '', 'peer', 'done'],
    [1002, '', 'peer', 'protocol-error'],
    [1009, '', 'peer', 'protocol-error'],
    [4000, 'a-code-of-tomorrow', 'peer', 'internal'],
    [4000, '', 'peer', 'internal'],
    [1001, 'going away', 'network', 'edge-unreachable'],
    [1006, '', 'network', 'edge-unreachable'],
    [1012, 'restart', 'network', 'edge-unreachable'],
  ] as const)('of others are understood: %i "%s"', (closeCode, reasonText, by, code) => {
    expect(fromCloseFrame({ closeCode, reasonText })).toMatchObject({ by, code });
  });
});
