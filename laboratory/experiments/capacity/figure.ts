// The figure of "bench capacity": the sessions of an edge against the p95 time per output token, a panel for each profile, a line for each mode.

import { type LineStyle, type Panel, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { dashes, type Figure, lineWidths, palette, softInk } from '../../../simulator/charts/theme.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { CapacityMode } from './cell.ts';
import { mainTarget, relativeName } from './hardware.ts';
import type { CapacityRow, HeldRow } from './rows.ts';

const styles: Readonly<Record<CapacityMode, LineStyle>> = {
  ar: { name: 'ar: the edge alone', color: softInk, dash: dashes.dashed },
  'edge-sd': { name: 'edge-sd: the edge drafts (emulated)', color: palette.green, dash: dashes.dashed },
  stream: { name: 'stream: devices draft', color: palette.orange, dash: dashes.full, width: lineWidths.main },
  'stream-target': { name: 'stream, the edge knows the target', color: palette.blue, dash: dashes.full },
  auto: { name: 'auto', color: palette.ochre, dash: dashes.dotted },
  'auto-edge-draft': { name: 'auto: the edge drafts as well', color: palette.purple, dash: dashes.dotted },
  'auto-target': { name: 'auto: the edge drafts, and knows the target', color: palette.purple, dash: dashes.full },
};

/** @throws OutriderError `bad-argument` when no row can be drawn */
export function capacityFigure(rows: readonly CapacityRow[]): Figure {
  const held = rows.filter((row): row is HeldRow => row.what === 'sessions');
  if (held.length === 0) throw badArgument('no row of the bench can be drawn', 'Leave --clock wall out.');
  const modes = (Object.keys(styles) as CapacityMode[]).filter((mode) => held.some((row) => row.mode === mode));
  return panelsFigure({
    title: 'Sessions of one edge against the time per token that it keeps',
    subtitle: [
      'p95 over answers, all places always taken; recorded drafts, mixed round trips. Upright: one and a half steps of a session alone.',
      `Virtual time. Means of ${held[0]?.seeds ?? 0} seeds; bands: 95 %.`,
    ],
    styles: modes.map((mode) => styles[mode]),
    panels: [...Map.groupBy(held, ({ profile }) => profile)].map(([profile, own]) => panelOf(profile, own, modes)),
    columns: 2,
  });
}

function panelOf(profile: string, rows: readonly HeldRow[], modes: readonly CapacityMode[]): Panel {
  const main = rows.find(({ target }) => target === relativeName(mainTarget));
  return {
    title: profile,
    xTitle: 'p95 time per token, ms',
    yTitle: 'sessions',
    xTicks: 6,
    ...(main === undefined ? {} : { marker: { x: main.targetMs, label: main.target } }),
    lines: modes.map((mode) => ({
      style: styles[mode].name,
      points: rows
        .filter((row) => row.mode === mode)
        .map(({ targetMs, sessions, sessionsLow, sessionsHigh }) => {
          return { x: targetMs, y: sessions, low: sessionsLow, high: sessionsHigh };
        }),
    })),
  };
}
