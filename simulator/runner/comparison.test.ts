import { expect, it } from 'vitest';
import { formatTable } from '../../src/cli/terminal/terminal-table.ts';
import type { Quantity } from '../simulation/quantity.ts';
import { type ComparedFigure, comparisonLine } from './comparison.ts';

const figure = (mean: number, vsFirst: number | null = 1, low = vsFirst, high = vsFirst): ComparedFigure => {
  return { mean, vsFirst, vsFirstLow: low, vsFirstHigh: high };
};

it('says in words, with one unit for a line, what is better than in the baseline', () => {
  const line = (
    words: string,
    unit: Quantity['unit'],
    better: Quantity['better'],
    ...own: (ComparedFigure | null)[]
  ) => {
    const quantity = better === undefined ? { words, unit } : { words, unit, better };
    const names = ['near', 'best', 'far'];
    return comparisonLine(quantity, new Map(names.map((name, at) => [name, own[at] ?? undefined])));
  };
  const lines = [
    line('time for a token', 'ms', 'less', figure(20), figure(10, 0.5), figure(20.05, 1.0025)),
    line('a long time', 'ms', 'less', figure(20_000), figure(9000, 0.45), figure(40_000, 2)),
    line('a penalty', 'ms', 'less', figure(7_916_000), figure(60_000, 0.0076), null),
    line('speed', 'tokens/s', 'more', figure(1000), figure(1200, 1.2, 1.1, 1.3), figure(900, 0.9, 0.8, 1.1)),
    line('not served', 'share', 'less', figure(0), figure(0, null), figure(0.25, null)),
    line('neither', 'count', undefined, figure(4), figure(2, 0.5), figure(8, 2)),
    line('only here', 'count', 'more', null, figure(2, null), null),
  ];
  expect(`\n${formatTable(lines, Object.keys(lines[0] ?? {}))}\n`).toBe(`
figure            unit      near (baseline)   best  best is                          far  far is
----------------  --------  ---------------  -----  ------------------------------  ----  -------------------------------
time for a token  ms                     20     10  better, 0.5 times               20.1  the same
a long time       s                      20      9  better, 0.45 times                40  worse, 2 times
a penalty         min                   132      1  better, 0.0076 times               -  -
speed             tokens/s            1,000  1,200  better, 1.2 (1.1 to 1.3) times   900  unclear, 0.9 (0.8 to 1.1) times
not served        %                       0      0  the same                          25  worse
neither                                   4      2  0.5 times                          8  2 times
only here                                 -      2  -                                  -  -
`);
});
