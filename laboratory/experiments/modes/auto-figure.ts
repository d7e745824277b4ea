// Draws `bench auto`: the time of mode auto over that of the best fixed mode, against the round trip, for each group of cells the worst of
// them and the mean.

import type { Spec } from 'vega';
import { type Line, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { type Group, groups } from './auto-cell.ts';
import type { AutoRow } from './auto-rows.ts';

const { grey, ochre, orange, blue, purple, green, sky } = palette;
const colors: Readonly<Record<Group, string>> = {
  'both draft': green,
  'device drafts': orange,
  'expensive rows': grey,
  'unequal drafts': purple,
  'changing drafts': sky,
  'many sessions': blue,
  traces: ochre,
};

export function autoFigure(rows: readonly AutoRow[]): Spec {
  const shown = groups.filter((group) => rows.some((row) => row.group === group));
  const linesOf = (key: 'autoOverBest' | 'firstOverBest', of: (ratios: readonly number[]) => number): Line[] =>
    shown.map((group) => {
      const own = Map.groupBy(
        rows.filter((row) => row.group === group),
        ({ roundTripMs }) => roundTripMs,
      );
      const points = [...own].map(([x, some]) => ({ x, y: of(some.map((row) => row[key])) }));
      return { style: group, points: points.toSorted((one, other) => one.x - other.x) };
    });
  const axes = { xTitle: 'round trip, ms', yZero: false, leastYRange: 0.1 } as const;
  const worst = (ratios: readonly number[]): number => Math.max(...ratios);
  return panelsFigure({
    title: 'Mode auto beside the best fixed mode',
    subtitle: [
      'Time per token over that of the quickest of ar, stream, mix and edge-sd with the same seeds; virtual time.',
    ],
    styles: shown.map((name) => ({ name, color: colors[name], dash: [] })),
    columns: 2,
    panels: [
      { title: 'Later answers: the worst cell', yTitle: 'auto / best', lines: linesOf('autoOverBest', worst), ...axes },
      { title: 'Later answers: the mean', yTitle: 'auto / best', lines: linesOf('autoOverBest', mean), ...axes },
      { title: 'First answer: the worst cell', yTitle: 'auto / best', lines: linesOf('firstOverBest', worst), ...axes },
      { title: 'First answer: the mean', yTitle: 'auto / best', lines: linesOf('firstOverBest', mean), ...axes },
    ],
  });
}
