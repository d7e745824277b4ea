// Draws a learning curve: reward on held-out slots against slots trained on, with policies that need no training as lines across.

import { type Line, type LineStyle, panelsFigure } from '../../charts/line-panels.ts';
import { dashes, type Figure, lineWidths, palette } from '../../charts/theme.ts';
import type { CurvePoint } from '../../training/curve.ts';

/** Policies without random association, whose -1 is far below all others. */
const drawnRivals = ['max-sinr', 'tma', 'tma+optimal', 'best'];
const trained = 'trained';

/** @param rows those with a policy and its reward are drawn as lines across */
export function curveFigure(points: readonly CurvePoint[], rows: readonly object[], subtitle: string): Figure {
  const rivals = (rows as readonly { readonly policy?: string; readonly reward: number }[]).flatMap(
    ({ policy, reward }) => (policy !== undefined && drawnRivals.includes(policy) ? [{ name: policy, y: reward }] : []),
  );
  const ends = [points[0], points.at(-1)].map((point) => point?.slots ?? 0);
  const across = { color: palette.blue, dash: dashes.dashed, width: lineWidths.thin, hidesPoints: true };
  return panelsFigure({
    title: 'Reward on slots that training never sees',
    subtitle: [subtitle, 'Random association with equal shares has -1. Lines across: policies that need no training.'],
    styles: [
      ...rivals.map(({ name }): LineStyle => ({ name, ...across })),
      { name: trained, color: palette.orange, dash: dashes.full, width: lineWidths.main },
    ],
    panels: [
      {
        xTitle: 'slots',
        yTitle: 'reward, -J / J random',
        xTicks: 6,
        yZero: false,
        lines: [
          ...rivals.map(({ name, y }): Line => ({ style: name, points: ends.map((x) => ({ x, y })) })),
          { style: trained, points: points.map(({ slots, reward }) => ({ x: slots, y: reward })) },
        ],
      },
    ],
    names: 'at-ends',
  });
}
