// Draws a soak: memory over time, and below it what the edge had open.

import { panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { dashes, lineWidths, palette } from '../../../simulator/charts/theme.ts';
import type { SoakRow } from './samples.ts';

/** Points of a line: more can't be distinguished. */
const mostPoints = 400;

const styles = [
  { name: 'resident set', color: palette.blue, dash: dashes.full, hidesPoints: true },
  { name: 'heap and buffers', color: palette.grey, dash: dashes.full, hidesPoints: true },
  { name: 'after a collection', color: palette.orange, dash: dashes.full, width: lineWidths.main, hidesPoints: true },
  { name: 'connections', color: palette.green, dash: dashes.full, hidesPoints: true },
  { name: 'sessions', color: palette.purple, dash: dashes.full, hidesPoints: true },
] as const;

type Style = (typeof styles)[number]['name'];

export function soakFigure(rows: readonly SoakRow[]): ReturnType<typeof panelsFigure> {
  const every = Math.max(1, Math.ceil(rows.length / mostPoints));
  const line = (style: Style, measure: (row: SoakRow) => number | null) => {
    const points = rows.flatMap((row) => {
      const y = measure(row);
      return y === null ? [] : [{ x: row.second / 60, y }];
    });
    return { style, points: points.length > mostPoints ? points.filter((_, index) => index % every === 0) : points };
  };
  const panel = (title: string, yTitle: string, lines: ReturnType<typeof line>[]) => {
    return { title, xTitle: 'minutes', yTitle, xTicks: 6, lines };
  };
  return panelsFigure({
    title: 'An edge under churn',
    subtitle: ['Sessions are opened, aborted, cut and resumed, abandoned, refused. One sample a second.'],
    styles,
    panels: [
      panel('memory', 'MB', [
        line('resident set', ({ residentMB }) => residentMB),
        line('heap and buffers', ({ heapMB }) => heapMB),
        line('after a collection', ({ heldMB }) => heldMB),
      ]),
      panel('open', 'count', [
        line('connections', ({ connections }) => connections),
        line('sessions', ({ sessions }) => sessions),
      ]),
    ],
  });
}
