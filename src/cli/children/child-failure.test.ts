import { describe, expect, it } from 'vitest';
import { OutriderError } from '../../core/basics/errors.ts';
import { ChildFailure } from './child-service.ts';

const fallback = new OutriderError('internal', 'it ended with status 1', 'its own message stands above');

describe('the error of an edge that ends', () => {
  it('is passed on with its code, cause and remedy, colours or not', () => {
    const failure = new ChildFailure();
    expect(failure.take('\u001b[31m✗\u001b[39m exact is refused: no law holds')).toBe(true);
    expect(failure.take('  Start the edge with --fast. \u001b[2m[exact-refused]\u001b[22m')).toBe(true);
    expect(failure.or(fallback)).toMatchObject({
      code: 'exact-refused',
      message: 'exact is refused: no law holds',
      remedy: 'Start the edge with --fast.',
    });
  });

  it("is nobody else's: notes are left to whoever reads them", () => {
    const failure = new ChildFailure();
    expect(failure.take('edge smollm2-135m, llama.cpp, exact')).toBe(false);
    expect(failure.take('  a remedy without a cause [exact-refused]')).toBe(false);
    expect(failure.take('✗ a cause')).toBe(true);
    expect(failure.take('  a remedy with an unknown code [no-such-code]')).toBe(false);
    // A fault is for people to report, with its stack.
    expect(failure.take('✗ a fault in outrider: TypeError: no such thing')).toBe(false);
    expect(failure.or(fallback)).toBe(fallback);
  });
});
