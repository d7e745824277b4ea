// Draws bars over a number, on a linear or logarithmic axis, with upright lines where a value is marked. Data in, specification out;
// nothing here is specific to one figure.

import type { Spec } from 'vega';
import {
  at,
  axis,
  axisWidth,
  background,
  dashes,
  type FigureText,
  figureFrame,
  figureWidth,
  mark,
  markerColor,
  palette,
  textSizes,
  textStyle,
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

const size = { width: figureWidth - axisWidth - 30, height: 330, left: axisWidth };

export function barsFigure(figure: BarsFigure): Spec {
  const { bars, xTitle, yTitle, xScale = 'linear', xTicks, yMost, markers = [] } = figure;
  const isBelow = yMost !== undefined && bars.every(({ height }) => height <= yMost);
  const heights = isBelow ? [0, yMost] : { data: 'bars', field: 'height' };
  const domain = [Math.min(...bars.map(({ from }) => from)), Math.max(...bars.map(({ to }) => to))];
  const ticks = xTicks === undefined ? { tickCount: 6 } : { values: xTicks };
  const base = { scale: 'y', value: 0 };
  const bar = { x: at('x', 'from'), x2: at('x', 'to'), y: at('y', 'height'), y2: base };
  const rule = { x: at('x', 'at'), y: { value: 0 }, y2: { value: size.height }, strokeDash: { value: dashes.dashed } };
  const words = { x: at('x', 'at'), y: { value: -12 }, align: { value: 'center' }, text: { field: 'label' } };
  return figureFrame(
    figure,
    { ...size, panelTitleHeight: markers.length > 0 ? 22 : 0 },
    {
      data: [
        { name: 'bars', values: [...bars] },
        { name: 'markers', values: [...markers] },
      ],
      scales: [
        { name: 'x', type: xScale, domain, range: 'width', ...(xScale === 'log' ? { base: 2 } : { zero: false }) },
        { name: 'y', type: 'linear', domain: heights, range: 'height', zero: true, nice: true },
      ] as NonNullable<Spec['scales']>,
      axes: [
        axis('x', { title: xTitle, format: ',.4~r', labelOverlap: 'greedy', ...ticks }),
        axis('y', { title: yTitle, grid: true, tickCount: 6 }),
      ] as NonNullable<Spec['axes']>,
      marks: [
        mark('rect', 'bars', { ...bar, fill: { value: palette.blue }, stroke: { value: background } }),
        mark('rule', 'markers', { ...rule, stroke: { value: markerColor } }),
        mark('text', 'markers', { ...textStyle, ...words, fontSize: { value: textSizes.small } }),
      ],
    },
  );
}
