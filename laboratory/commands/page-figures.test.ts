import { describe, expect, it } from 'vitest';
import { pagesWithFigures, withFigures } from './page-figures.ts';

const x = {
  summary: { ratio: 0.5433, deep: { count: 17 } },
  rows: [
    { mode: 'ar', ms: 40 },
    { mode: 'psd', ms: 30.26 },
  ],
};
const source = (name: string): unknown => (name === 'bench-x' ? x : undefined);

describe('numbers in pages', () => {
  it.each([
    ['<!--= bench-x summary.ratio 2 -->9<!--/-->', '<!--= bench-x summary.ratio 2 -->0.54<!--/-->'],
    ['<!--= bench-x summary.deep.count 0 --><!--/-->', '<!--= bench-x summary.deep.count 0 -->17<!--/-->'],
    ['<!--= bench-x summary.ratio 1 x200 -->9<!--/-->', '<!--= bench-x summary.ratio 1 x200 -->108.7<!--/-->'],
    ['<!--= bench-x rows[mode=psd].ms 1 -->1<!--/-->', '<!--= bench-x rows[mode=psd].ms 1 -->30.3<!--/-->'],
    ['nothing to fill', 'nothing to fill'],
  ])('are filled: %s', (page, filled) => {
    expect(withFigures(page, source)).toBe(filled);
    expect(withFigures(filled, source)).toBe(filled);
  });

  it.each([
    ['<!--= bench-y summary.ratio 2 -->9<!--/-->', 'no number at bench-y summary.ratio'],
    ['<!--= bench-x summary.none 2 -->9<!--/-->', 'no number at bench-x summary.none'],
    ['<!--= bench-x rows[mode=none].ms 2 -->9<!--/-->', 'no number at'],
  ])('are missed where there are none: %s', (page, cause) => {
    expect(() => withFigures(page, source)).toThrow(cause);
  });
});

it.each(pagesWithFigures())('$page has the numbers of bench/; write them with: npm run results', ({ text, filled }) => {
  expect(text).toBe(filled);
});

it.each(pagesWithFigures())(
  '$page has no line that begins with a number: Markdown would end the paragraph there',
  ({ text }) => {
    expect(text.match(/^ {0,3}<!--= .*$/gm) ?? []).toEqual([]);
  },
);
