// Draws the log of a run of the draft pipeline (drafts/curve.jsonl): how often draft and target have the same likeliest id, against the
// positions learnt, a line for each number of layers.

import { type LineStyle, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { dashes, type Figure, seriesColor } from '../../../simulator/charts/theme.ts';

export interface CurveRow {
  readonly layers: number;
  /** Positions learnt at this depth. */
  readonly ids: number;
  /** Share of held-out positions. */
  readonly agreement: number;
  /** Already with coarse weights. */
  readonly coarse: boolean;
}

function nameOf({ layers, coarse }: CurveRow): string {
  return `${layers} layers${coarse ? ', coarse weights' : ''}`;
}

export function draftCurveFigure(rows: readonly CurveRow[]): Figure {
  // What a depth begins with has no place on a logarithmic axis.
  const learnt = rows.filter(({ ids }) => ids > 0).toSorted((one, other) => other.layers - one.layers);
  const depths = [...new Set(learnt.map(({ layers }) => layers))];
  const groups = [...Map.groupBy(learnt, nameOf)];
  const styleOf = (name: string, { layers, coarse }: CurveRow): LineStyle => {
    return { name, color: seriesColor(depths.indexOf(layers)), dash: coarse ? dashes.dashed : dashes.full };
  };
  return panelsFigure({
    title: 'What more training brings',
    subtitle: ['Held-out text that the target wrote. A run takes layers away, and trains after each step.'],
    styles: groups.map(([name, [first]]) => styleOf(name, first as CurveRow)),
    panels: [
      {
        xTitle: 'positions learnt at this depth',
        yTitle: 'same likeliest id, %',
        xScale: 'log',
        xTicks: [25_000, 50_000, 100_000, 200_000, 400_000, 800_000],
        yZero: false,
        lines: groups.map(([style, own]) => {
          return { style, points: own.map(({ ids, agreement }) => ({ x: ids, y: 100 * agreement })) };
        }),
      },
    ],
  });
}
