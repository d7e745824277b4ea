// Draws bars over a number, on a linear or logarithmic axis, with upright lines where a value is marked. Data in, specification out;
// nothing here is specific to one figure.

import {
  axisWidth,
  background,
  dashes,
  type Figure,
  type FigureText,
  figureOf,
  figureWidth,
  markerColor,
  palette,
  textSizes,
} from './theme.ts';

export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly height: number;
}

export interface BarsFigure extends FigureText {
  readonly bars: readonly Bar[];
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xScale?: 'linear' | 'log';
  /** The axis ends here unless a bar is higher: 100 for a share in %. */
  readonly yMost?: number;
  readonly xTicks?: readonly number[];
  /** Drawn as dashed upright lines with their words. */
  readonly markers?: readonly { readonly at: number; readonly label: string }[];
}

export function barsFigure(figure: BarsFigure): Figure {
  const { bars, xTitle, yTitle, xScale = 'linear', xTicks, yMost = 0, markers = [] } = figure;
  const ticks = xTicks === undefined ? { tickCount: 6 } : { values: xTicks };
  const domain = [Math.min(...bars.map(({ from }) => from)), Math.max(...bars.map(({ to }) => to))];
  const x = (field: string) => ({
    field,
    type: 'quantitative',
    scale: { type: xScale, domain, nice: false, ...(xScale === 'log' ? { base: 2 } : { zero: false }) },
    axis: { title: xTitle, format: ',.4~r', labelOverlap: 'greedy', ...ticks },
  });
  const y = {
    field: 'height',
    type: 'quantitative',
    scale: { domain: [0, Math.max(yMost, ...bars.map(({ height }) => height))], nice: true },
    axis: { title: yTitle, grid: true, tickCount: 6 },
  };
  const data = { values: markers };
  return figureOf(figure, {
    width: figureWidth - axisWidth - 30,
    height: 330,
    layer: [
      {
        data: { values: bars },
        mark: { type: 'rect', color: palette.blue, stroke: background },
        encoding: { x: x('from'), x2: { field: 'to' }, y, y2: { datum: 0 } },
      },
      { data, mark: { type: 'rule', strokeDash: dashes.dashed, color: markerColor }, encoding: { x: x('at') } },
      {
        data,
        mark: { type: 'text', y: -12, fontSize: textSizes.small },
        encoding: { x: x('at'), text: { field: 'label' } },
      },
    ],
  });
}
