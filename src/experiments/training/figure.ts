// Draws a learning curve: reward on held-out slots against slots trained on, with policies that need no training as lines across.

import type { Spec } from 'vega';
import type { CurvePoint } from '../../training/curve.ts';

const ink = '#222222';
const fonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';
/** Chance is at -1, far below all others. */
const drawnRivals = ['max-sinr', 'tma', 'tma+optimal', 'best'];

export function curveFigure(points: readonly CurvePoint[], rows: readonly object[], subtitle: string): Spec {
  const named = rows as readonly { readonly policy?: string; readonly reward: number }[];
  const rivals = named
    .filter(({ policy }) => policy !== undefined && drawnRivals.includes(policy))
    .map(({ policy, reward }) => ({ policy, reward }))
    .toSorted((one, other) => one.reward - other.reward);
  const values = [...points, ...rivals].map(({ reward }) => reward);
  const span = Math.max(...values) - Math.min(...values) || 1;
  const labels = apart(rivals, 0.05 * span);
  const axis = { labelFont: fonts, titleFont: fonts, labelFontSize: 13, titleFontSize: 14, titleFontWeight: 'normal' };
  const inks = { labelColor: ink, titleColor: ink, domainColor: '#888888', tickColor: '#888888', gridColor: '#E4E4E4' };
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    width: 600,
    height: 360,
    padding: { left: 98, right: 130, top: 92, bottom: 60 },
    autosize: 'none',
    title: titleOf(subtitle),
    data: [
      { name: 'points', values: [...points] },
      { name: 'rivals', values: rivals },
      { name: 'labels', values: labels },
    ],
    scales: [
      { name: 'x', type: 'linear', domain: { data: 'points', field: 'slots' }, range: 'width', nice: false },
      {
        name: 'y',
        type: 'linear',
        domain: [Math.min(...values) - 0.05 * span, Math.max(...values) + 0.05 * span],
        range: 'height',
        zero: false,
        nice: true,
      },
    ],
    axes: [
      { scale: 'x', orient: 'bottom', title: 'slots', tickCount: 6, ...axis, ...inks },
      { scale: 'y', orient: 'left', title: 'reward, -J / J random', grid: true, tickCount: 6, ...axis, ...inks },
    ],
    marks: marksOf(),
  } as Spec;
}

function titleOf(subtitle: string): object {
  return {
    text: 'Reward on slots that training never sees',
    subtitle: [subtitle, 'Random association with equal shares has -1. Lines across: policies that need no training.'],
    anchor: 'start',
    frame: 'group',
    font: fonts,
    fontSize: 18,
    color: ink,
    subtitleFont: fonts,
    subtitleFontSize: 13,
    subtitleColor: '#444444',
    subtitlePadding: 6,
    offset: 18,
    dx: -80,
  };
}

/** Labels that would overlap move up. */
function apart(
  rivals: readonly { readonly policy: string | undefined; readonly reward: number }[],
  gap: number,
): object[] {
  let lowest = Number.NEGATIVE_INFINITY;
  return rivals.map(({ policy, reward }) => {
    const at = Math.max(reward, lowest + gap);
    lowest = at;
    return { policy, at };
  });
}

function marksOf(): object[] {
  const y = (field: string): object => ({ scale: 'y', field });
  const x = { scale: 'x', field: 'slots' };
  const curve = { x, y: y('reward'), stroke: { value: '#C84E00' }, strokeWidth: { value: 3 } };
  const rule = { y: y('reward'), x: { value: 0 }, x2: { signal: 'width' } };
  const dash = { stroke: { value: '#0072B2' }, strokeDash: { value: [6, 3] }, strokeWidth: { value: 1.5 } };
  const label = { x: { signal: 'width', offset: 8 }, y: y('at'), text: { field: 'policy' } };
  const type = { font: { value: fonts }, fontSize: { value: 13 }, baseline: { value: 'middle' } };
  return [
    { type: 'rule', from: { data: 'rivals' }, encode: { enter: { ...rule, ...dash } } },
    { type: 'text', from: { data: 'labels' }, encode: { enter: { ...label, ...type, fill: { value: '#0072B2' } } } },
    { type: 'line', from: { data: 'points' }, encode: { enter: curve } },
    {
      type: 'symbol',
      from: { data: 'points' },
      encode: { enter: { x, y: y('reward'), size: { value: 26 }, fill: { value: '#C84E00' } } },
    },
  ];
}
