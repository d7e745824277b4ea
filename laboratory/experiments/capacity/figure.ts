// The tables of a kept "bench capacity": sessions at each target, what they cost, the growth with edges, and the wall clock. And its figure: the
// sessions of an edge against the p95 time per output token, a panel for each profile, a line for each mode.

import type { Spec } from 'vega';
import { type LineStyle, type Panel, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { dashes, lineWidths, palette, softInk } from '../../../simulator/charts/theme.ts';
import { columnTable, fixed, numberWithin, percent, pivotTable } from '../../../simulator/runner/markdown.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { Document } from '../../../src/files/document.ts';
import type { CapacityMode } from './cell.ts';
import type { EdgesRow } from './edges.ts';
import { mainTarget, relativeName } from './hardware.ts';
import type { CapacityRow, HeldRow } from './rows.ts';
import type { WallRow } from './wall.ts';

export function capacityPage({ rows, params }: Document<CapacityRow>): string {
  const { seeds } = params as { readonly seeds: number };
  const of = <Row extends CapacityRow>(what: Row['what']): Row[] => rows.filter((row) => row.what === what) as Row[];
  const held = of<HeldRow>('sessions');
  return [
    ...(held.length === 0 ? [] : [sessionsPart(held, seeds), timesPart(held), costPart(held)]),
    edgesPart(of<EdgesRow>('edges')),
    wallPart(of<WallRow>('wall')),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function codeOfMode({ mode }: { readonly mode: string }): string {
  return `\`${mode}\``;
}

function targetOf({ profile, target, targetMs }: HeldRow): string {
  return `${profile}, ${target} (${fixed(targetMs, 1)} ms)`;
}

function sessionsPart(rows: readonly HeldRow[], seeds: number): string {
  return `## Sessions of one edge

At a p95 time per output token; mean of ${seeds} paired seeds, and 95 %. A step is that of a session that has the edge for itself.

${pivotTable(rows, {
  corner: 'profile and target',
  rowOf: targetOf,
  columnOf: codeOfMode,
  cellOf: ({ sessions, sessionsLow, sessionsHigh }) => numberWithin(sessions, [sessionsLow, sessionsHigh], 1),
})}

## Relative to the edge alone, and to drafts made on the edge

${columnTable(
  rows.filter(({ mode }) => mode !== 'ar'),
  {
    'profile and target': targetOf,
    mode: codeOfMode,
    'over `ar`': ({ overAr }) => fixed(overAr, 2),
    'bound over `ar`': ({ boundOverAr, mode }) => (mode === 'edge-sd' ? '' : fixed(boundOverAr, 2)),
    'over `edge-sd`': ({ overEdgeSd }) => fixed(overEdgeSd, 2),
  },
)}`;
}

function timesPart(rows: readonly HeldRow[]): string {
  return `## Time per output token, and goodput

Each mode with as many sessions as it holds. Goodput: answers a second at the largest load at which nine of ten answers keep the target, and
the first token comes within MLPerf's limit (450 ms for 70B, 500 ms for 8B).

${columnTable(rows, {
  'profile and target': targetOf,
  mode: codeOfMode,
  'mean, ms': ({ meanMs }) => fixed(meanMs, 1),
  'median, ms': ({ medianMs }) => fixed(medianMs, 1),
  'p95, ms': ({ p95Ms }) => fixed(p95Ms, 1),
  goodput: ({ goodput }) => fixed(goodput, 2),
})}`;
}

function costPart(rows: readonly HeldRow[]): string {
  return `## What a token costs the edge at ${relativeName(mainTarget)}

Each mode with as many sessions as it holds.

${columnTable(
  rows.filter(({ target }) => target === relativeName(mainTarget)),
  {
    profile: ({ profile }) => profile,
    mode: codeOfMode,
    sessions: ({ sessions }) => fixed(sessions, 1),
    'tokens a second': ({ tokensPerSecond }) => fixed(tokensPerSecond, 0),
    'rows a token': ({ rowsPerToken }) => fixed(rowsPerToken, 2),
    'joules a token': ({ joulesPerToken }) => fixed(joulesPerToken, 2),
    'drafts of a round': ({ draftLength }) => fixed(draftLength, 1),
  },
)}`;
}

function edgesPart(rows: readonly EdgesRow[]): string {
  if (rows.length === 0) return '';
  return `## Several edges

Devices that edges of the first profile hold at ${relativeName(mainTarget)} while none of them has more sessions than one holds. Evenly spread, or each at
the edge of its strongest signal (mean of five worlds); in brackets the share of all places that is taken then.

${pivotTable(rows, {
  corner: 'mode, spread',
  rowOf: ({ mode, spread }) => `\`${mode}\`, ${spread}`,
  columnOf: ({ edges }) => `${edges} ${edges === 1 ? 'edge' : 'edges'}`,
  cellOf: ({ devices, used }) => `${fixed(devices, 0)} (${percent(used, 0)})`,
})}`;
}

function wallPart(rows: readonly WallRow[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  return `## On the wall clock

${first.sessions} sessions on an edge process paced to ${first.profile}, toy models, and the same in virtual time.

${columnTable(rows, {
  mode: codeOfMode,
  answers: ({ answers }) => `${answers}`,
  identical: ({ identical }) => `${identical}`,
  'p95, ms': ({ p95MsWall }) => fixed(p95MsWall, 1),
  'p95 in virtual time, ms': ({ p95MsVirtual }) => fixed(p95MsVirtual, 1),
  ratio: ({ p95WallOverVirtual }) => fixed(p95WallOverVirtual, 3),
  'mean, ms': ({ meanMsWall }) => fixed(meanMsWall, 1),
  'in virtual time, ms': ({ meanMsVirtual }) => fixed(meanMsVirtual, 1),
  'late steps': ({ latePacedSteps }) => percent(latePacedSteps, 2),
  'void runs': ({ isValid, voidRuns }) => (isValid ? `${voidRuns}` : `${voidRuns + 1}, all`),
})}`;
}

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
export function capacityFigure(rows: readonly CapacityRow[]): Spec {
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
