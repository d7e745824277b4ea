// Draws bars over a number, on a linear or logarithmic axis, with upright lines where a value is marked. Data in, specification out;
// nothing here is specific to one figure.

import type { Spec } from 'vega';
import { at, axis, type FigureText, figureFrame, mark, palette, textStyle } from './theme.ts';

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

const size = { width: 400, height: 260, left: 70, right: 30 };

export function barsFigure(figure: BarsFigure): Spec {
  const { bars, xTitle, yTitle, xScale = 'linear', xTicks, yMost, markers = [] } = figure;
  const isBelow = yMost !== undefined && bars.every(({ height }) => height <= yMost);
  const heights = isBelow ? [0, yMost] : { data: 'bars', field: 'height' };
  const domain = [Math.min(...bars.map(({ from }) => from)), Math.max(...bars.map(({ to }) => to))];
  const ticks = xTicks === undefined ? { tickCount: 6 } : { values: xTicks, labelOverlap: true };
  const base = { scale: 'y', value: 0 };
  const bar = { x: at('x', 'from'), x2: at('x', 'to'), y: at('y', 'height'), y2: base };
  const rule = { x: at('x', 'at'), y: { value: 0 }, y2: { value: size.height }, strokeDash: { value: [4, 3] } };
  const words = { x: at('x', 'at'), y: { value: -8 }, align: { value: 'center' }, text: { field: 'label' } };
  return {
    ...figureFrame(figure, { ...size, panelTitleHeight: markers.length > 0 ? 12 : 0 }),
    data: [
      { name: 'bars', values: [...bars] },
      { name: 'markers', values: [...markers] },
    ],
    scales: [
      { name: 'x', type: xScale, domain, range: 'width', ...(xScale === 'log' ? { base: 2 } : { zero: false }) },
      { name: 'y', type: 'linear', domain: heights, range: 'height', zero: true, nice: true },
    ],
    axes: [
      axis('x', { title: xTitle, format: ',.4~r', ...ticks }),
      axis('y', { title: yTitle, grid: true, tickCount: 6 }),
    ],
    marks: [
      mark('rect', 'bars', { ...bar, fill: { value: palette.blue }, stroke: { value: 'white' } }),
      mark('rule', 'markers', { ...rule, stroke: { value: '#222222' } }),
      mark('text', 'markers', { ...textStyle, ...words, fontSize: { value: 11 } }),
    ],
  } as Spec;
}
