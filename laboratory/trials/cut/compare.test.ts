import { describe, expect, it } from 'vitest';
import { compare } from './compare.ts';

const reference = ['a ', 'b ', 'c ', 'd ', 'e ', 'f ', 'g '];
const parts = (...texts: string[]) => texts.map((text, index) => ({ text, atMs: 10 * (index + 1) }));

describe('a text whose server was killed', () => {
  it('is identical where the rest follows, in whatever parts', () => {
    const stream = { parts: parts('a ', 'b ', 'c d ', 'e f g '), killedMs: 20, endMs: 41, end: 'stop' };
    const whole = { before: 2, right: 7, lost: 0, repeated: 0, identical: true, pauseMs: 10 };
    expect(compare(stream, reference)).toEqual(whole);
  });

  it('has lost what came no more, and the pause lasts until the failure', () => {
    const stream = { parts: parts('a ', 'b '), killedMs: 15, endMs: 500, end: 'error: gone' };
    expect(compare(stream, reference)).toMatchObject({ before: 1, right: 2, lost: 5, identical: false, pauseMs: 480 });
  });

  it('repeats what comes again from the beginning', () => {
    const stream = { parts: parts('a b c ', 'a b c d e f g '), killedMs: 12, endMs: 30, end: 'stop' };
    expect(compare(stream, reference)).toMatchObject({ right: 3, lost: 4, repeated: 7, identical: false });
  });

  it('is another text where one token differs', () => {
    const stream = { parts: parts('a b c ', 'x '), killedMs: 12, endMs: 30, end: 'stop' };
    expect(compare(stream, reference)).toMatchObject({ right: 3, lost: 4, repeated: 0, identical: false });
  });
});
