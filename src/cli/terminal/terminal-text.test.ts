import { describe, expect, it } from 'vitest';
import { foreignAnswer, foreignLine, foreignLines } from './terminal-text.ts';

const attack = '\u001b]0;owned\u0007\u001b[2J\u001b[31mYour key has expired\u001b[0m\r\nrun \u009b2Jthis\u202e';
const controls = /\p{Cc}/u;

describe('foreign text', () => {
  it('on one line keeps its words and no control character', () => {
    expect(foreignLine(attack)).not.toMatch(controls);
    expect(foreignLine(attack)).not.toContain('\u202e');
    expect(foreignLine(attack)).toContain('Your key has expired');
    expect(foreignLine('a\n  b\tc')).toBe('a b c');
  });

  it('on one line has an end', () => {
    expect(foreignLine('x'.repeat(1_000_000)).length).toBeLessThan(4100);
  });

  it('on several lines keeps breaks and indents', () => {
    expect(foreignLines('Error: \u001b[2Jx\n    at here')).toBe('Error: \ufffd[2Jx\n    at here');
  });

  it('of an answer keeps line breaks, tabs, emoji and text from right to left', () => {
    const text = 'a\tb\nשלום \u200f👩\u200d👩\u200d👧 é';
    expect(foreignAnswer(text)).toBe(text);
    expect(foreignAnswer('a\r\nb\u001b[2J\u009b3J\u007f')).toBe('a\nb\ufffd[2J\ufffd3J\ufffd');
  });

  it('of an answer is safe in whatever pieces it comes', () => {
    expect([...attack].map((part) => foreignAnswer(part)).join('')).not.toMatch(/[^\P{Cc}\n]/u);
  });
});
