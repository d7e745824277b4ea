// Draws "bench drafts": time per token in mode stream against the cost of a draft, one point for each draft, a line for each round trip.

import type { Spec } from 'vega';
import { type Line, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { seriesColor } from '../../../simulator/charts/theme.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { type DraftRow, isInFront } from './rows.ts';

/** @throws OutriderError `bad-argument` when no row can be drawn */
export function draftsFigure(rows: readonly DraftRow[]): Spec {
  const drawn = rows.filter(isInFront);
  if (drawn.length === 0) throw badArgument('no draft can be drawn', 'give drafts and prompts');
  const roundTripsMs = [...new Set(drawn.map(({ roundTripMs }) => roundTripMs))].toSorted((one, other) => one - other);
  const nameOf = (roundTripMs: number): string => `round trip ${roundTripMs} ms`;
  const lines = roundTripsMs.map((ms, index): Line => {
    const points = drawn.filter(({ roundTripMs }) => roundTripMs === ms).map((row) => pointOf(row, index === 0));
    return { style: nameOf(ms), points: points.toSorted((one, other) => one.x - other.x) };
  });
  return panelsFigure({
    title: 'What a draft brings against what it costs',
    subtitle: [`Mode stream with look-up, virtual time from traces; edge: ${defaultEdgeProfile.description}.`],
    styles: roundTripsMs.map((ms, index) => ({ name: nameOf(ms), color: seriesColor(index), dash: [], dotSize: 44 })),
    panels: [
      {
        xTitle: 'a step of the draft / a step of the target',
        yTitle: 'time per token / that of the edge alone',
        xTicks: 10,
        xZero: true,
        lines,
      },
    ],
    panelWidth: 560,
    panelHeight: 360,
    nameWidth: 170,
  });
}

/** @param hasLabel true for the lowest line only, so that each draft is named once */
function pointOf({ costRatio, overAr, layers, acceptanceGreedy }: DraftRow, hasLabel: boolean) {
  const label = `${layers} layers, ${Math.round(acceptanceGreedy * 100)} % right`;
  return { x: costRatio, y: overAr, ...(hasLabel ? { label } : {}) };
}
