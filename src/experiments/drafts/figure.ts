// Draws "bench drafts": what a token costs in mode stream against what a draft costs, one point for each draft, a line for each network.

import type { Spec } from 'vega';
import { OutriderError } from '../../basics/errors.ts';
import { defaultEdgeProfile } from '../../models/profiles.ts';
import type { DraftRow } from './rows.ts';

const fonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';
/** Okabe and Ito, dark enough for text; further networks begin anew. */
const colors = ['#00795A', '#0072B2', '#C84E00', '#9A3D78'];

interface Point {
  readonly costRatio: number;
  readonly overAr: number;
  readonly network: string;
  /** At the lowest line only, so that each draft is named once. */
  readonly label: string;
}

/** @throws OutriderError `bad-argument` when no row can be drawn */
export function draftsFigure(rows: readonly DraftRow[]): Spec {
  const drawn = rows.filter(
    ({ task, mode, lookUp, profile }) =>
      task === 'all' && mode === 'stream' && lookUp === 'both' && profile === defaultEdgeProfile.name,
  );
  if (drawn.length === 0) throw new OutriderError('bad-argument', 'no draft can be drawn', 'give drafts and prompts');
  const quickest = Math.min(...drawn.map(({ roundTripMs }) => roundTripMs));
  const points = drawn
    .map((row): Point => {
      const { costRatio, overAr, roundTripMs, layers, acceptanceGreedy } = row;
      const label = `${layers} layers, ${Math.round(acceptanceGreedy * 100)} % right`;
      return { costRatio, overAr, network: `${roundTripMs} ms`, label: roundTripMs === quickest ? label : '' };
    })
    .toSorted((one, other) => one.costRatio - other.costRatio);
  return specOf(
    points,
    [...new Set(drawn.map(({ roundTripMs }) => roundTripMs))].toSorted((a, b) => a - b),
  );
}

function specOf(points: readonly Point[], roundTripsMs: readonly number[]): Spec {
  const axis = { labelFont: fonts, titleFont: fonts, labelFontSize: 13, titleFontSize: 14, titleFontWeight: 'normal' };
  const networks = roundTripsMs.map((ms) => `${ms} ms`);
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    // White, so that it can be read on a dark page as well.
    background: 'white',
    width: 560,
    height: 360,
    padding: { left: 70, right: 130, top: 104, bottom: 62 },
    autosize: 'none',
    title: {
      text: 'What a draft brings against what it costs',
      subtitle: [`Mode stream with look-up, virtual time from traces; edge: ${defaultEdgeProfile.description}.`],
      anchor: 'start',
      frame: 'group',
      font: fonts,
      fontSize: 18,
      subtitleFont: fonts,
      subtitleFontSize: 13,
      subtitlePadding: 6,
      offset: 18,
      dx: -54,
    },
    data: [{ name: 'points', values: [...points] }],
    scales: [
      {
        name: 'x',
        type: 'linear',
        domain: { data: 'points', field: 'costRatio' },
        range: 'width',
        zero: true,
        nice: true,
      },
      {
        name: 'y',
        type: 'linear',
        domain: { data: 'points', field: 'overAr' },
        range: 'height',
        zero: true,
        nice: true,
      },
      {
        name: 'color',
        type: 'ordinal',
        domain: networks,
        range: networks.map((_, index) => colors[index % colors.length]),
      },
    ],
    axes: [
      { scale: 'x', orient: 'bottom', title: 'a step of the draft / a step of the target', ...axis },
      {
        scale: 'y',
        orient: 'left',
        title: 'time per token / that of the edge alone',
        grid: true,
        tickCount: 6,
        ...axis,
      },
    ],
    legends: [
      { stroke: 'color', title: 'round trip', symbolType: 'stroke', labelFont: fonts, titleFont: fonts, offset: 16 },
    ],
    marks: [linesMark(), labelsMark()],
  } as Spec;
}

function linesMark(): object {
  const place = { x: { scale: 'x', field: 'costRatio' }, y: { scale: 'y', field: 'overAr' } };
  const color = { scale: 'color', field: 'network' };
  const from = { data: 'lines' };
  return {
    type: 'group',
    from: { facet: { name: 'lines', data: 'points', groupby: 'network' } },
    marks: [
      { type: 'line', from, encode: { enter: { ...place, stroke: color, strokeWidth: { value: 2 } } } },
      { type: 'symbol', from, encode: { enter: { ...place, fill: color, size: { value: 44 } } } },
    ],
  };
}

function labelsMark(): object {
  return {
    type: 'text',
    from: { data: 'points' },
    encode: {
      enter: {
        x: { scale: 'x', field: 'costRatio' },
        // Time falls with the cost, so there is room below; upright, since drafts may cost nearly the same.
        y: { scale: 'y', field: 'overAr', offset: 10 },
        angle: { value: -90 },
        baseline: { value: 'middle' },
        text: { field: 'label' },
        font: { value: fonts },
        fontSize: { value: 12 },
        align: { value: 'right' },
        fill: { value: '#222222' },
      },
    },
  };
}
