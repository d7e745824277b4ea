// A caller's mistakes are named by field, with what to give instead.

import { describe, expect, it } from 'vitest';
import {
  between,
  type Checks,
  checkOptions,
  having,
  listOf,
  must,
  oneOf,
  optional,
  record,
  secret,
  text,
  whole,
} from './check-options.ts';

interface Options {
  readonly name: string;
  readonly mode?: string;
  readonly count?: number;
  readonly share?: number;
  readonly stops?: readonly string[];
  readonly key?: string;
  readonly model?: object;
  readonly sampling?: { readonly heat: number };
}

const checks: Checks<Options> = {
  name: text,
  mode: optional(oneOf(['stream', 'turn'])),
  count: optional(whole(1, 9)),
  share: optional(between(0, 1)),
  stops: optional(listOf('texts', text)),
  key: optional(secret(8)),
  model: optional(having('a model', 'evaluate')),
  sampling: optional(record<{ readonly heat: number }>({ heat: between(0) })),
};

function complaint(given: unknown): string {
  try {
    checkOptions('call', given as Options, checks);
  } catch (error) {
    const { code, message, remedy } = error as Record<'code' | 'message' | 'remedy', string>;
    return `${code}: ${message}; ${remedy}`;
  }
  return '';
}

class Engine {
  evaluate(): void {}
}

describe('checkOptions', () => {
  it('takes what is allowed, and undefined for what is left out', () => {
    expect(complaint({ name: 'a' })).toBe('');
    expect(complaint({ name: '', mode: 'turn', count: 9, share: 0.5, stops: ['x'], key: 'k' })).toBe('');
    expect(complaint({ name: 'a', mode: undefined, model: new Engine(), sampling: { heat: 1 } })).toBe('');
  });

  it.each<[unknown, string]>([
    [undefined, 'call: its options are missing; Give an object.'],
    ['text', 'call: its options are "text"; Give an object.'],
    [{}, 'call: name is missing; Give a text.'],
    [{ name: null }, 'call: name is null; Give a text.'],
    [{ name: 'a', mode: 'steam' }, 'call: mode is "steam"; Give one of "stream", "turn".'],
    [{ name: 'a', mode: 'xyzzyx' }, 'call: mode is "xyzzyx"; Give one of "stream", "turn".'],
    [{ name: 'a', count: -1 }, 'call: count is -1; Give a whole number from 1 to 9.'],
    [{ name: 'a', count: '5' }, 'call: count is "5"; Give a whole number from 1 to 9.'],
    [{ name: 'a', share: Number.NaN }, 'call: share is NaN; Give a number from 0 to 1.'],
    [{ name: 'a', stops: 'x' }, 'call: stops is "x"; Give a list of texts.'],
    [{ name: 'a', stops: ['x', 1n] }, 'call: stops[1] is 1n; Give a text.'],
    [{ name: 'a', model: [] }, 'call: model is a list; Give a model: an object with evaluate.'],
    [{ name: 'a', sampling: { heat: -1 } }, 'call: sampling.heat is -1; Give a number of at least 0.'],
    [{ name: 'a', sampling: { haet: 1 } }, 'call: sampling has no option "haet"; There are: heat.'],
    [{ name: 'x'.repeat(50), count: () => 1 }, 'call: count is a function; Give a whole number from 1 to 9.'],
  ])('refuses %o', (given, said) => {
    expect(complaint(given)).toBe(`bad-argument: ${said}`);
  });

  it('lists all options where one is unknown', () => {
    expect(complaint({ name: 'a', xyzzyx: 1 })).toContain('There are: name, mode, count,');
  });

  it('shows a long text cut, on one line, and a secret not at all', () => {
    expect(complaint({ name: 'a', mode: `${'x'.repeat(45)}\n` })).toContain(`mode is "${'x'.repeat(40)}...";`);
    const [whole, longer] = [40, 41].map((length) => complaint({ name: 'a', mode: 'x'.repeat(length) }));
    expect(whole).toContain(`mode is "${'x'.repeat(40)}";`);
    expect(longer).toContain(`mode is "${'x'.repeat(40)}...";`);
    expect(complaint({ name: 'a', key: 12_345_678 })).toContain('key is a number;');
    expect(complaint({ name: 'a', key: 'ééééé' })).toContain('key has 10 bytes; Give at most 8.');
  });

  it('says what a check of its own says', () => {
    const even = must('Give an even number.', (value) => Number(value) % 2 === 0);
    expect(() => even('a', 3)).toThrow('a is 3');
  });
});
