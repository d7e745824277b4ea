// The tables of a kept "bench capacity": sessions at each target, what they cost, the growth with edges, and the wall clock.

import { fixed, markdownTable, numberWithin, percent, pivotTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { EdgesRow } from './edges.ts';
import type { CapacityRow, HeldRow } from './rows.ts';
import { mainTarget, relativeName } from './targets.ts';
import type { WallRow } from './wall.ts';

export function capacityPage({ rows, params }: Document<CapacityRow>): string {
  const { seeds } = params as { readonly seeds: number };
  const of = <Row extends CapacityRow>(what: Row['what']): Row[] => rows.filter((row) => row.what === what) as Row[];
  const held = of<HeldRow>('sessions');
  return [
    ...(held.length === 0 ? [] : [sessionsPart(held, seeds), costPart(held)]),
    edgesPart(of<EdgesRow>('edges')),
    wallPart(of<WallRow>('wall')),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
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
  columnOf: ({ mode }) => `\`${mode}\``,
  cellOf: ({ sessions, sessionsLow, sessionsHigh }) => numberWithin(sessions, [sessionsLow, sessionsHigh], 1),
})}

## Relative to the edge alone, and to drafts made on the edge

${markdownTable(
  ['profile and target', 'mode', 'over `ar`', 'over `edge-sd`'],
  rows
    .filter(({ mode }) => mode !== 'ar')
    .map((row) => [targetOf(row), `\`${row.mode}\``, fixed(row.overAr, 2), fixed(row.overEdgeSd, 2)]),
)}`;
}

function costPart(rows: readonly HeldRow[]): string {
  return `## What a token costs the edge at ${relativeName(mainTarget)}

Each mode with as many sessions as it holds.

${markdownTable(
  ['profile', 'mode', 'sessions', 'tokens a second', 'rows a token', 'joules a token', 'drafts of a round'],
  rows
    .filter(({ target }) => target === relativeName(mainTarget))
    .map((row) => [
      row.profile,
      `\`${row.mode}\``,
      fixed(row.sessions, 1),
      fixed(row.tokensPerSecond, 0),
      fixed(row.rowsPerToken, 2),
      fixed(row.joulesPerToken, 2),
      fixed(row.draftLength, 1),
    ]),
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

${markdownTable(
  [
    'mode',
    'answers',
    'identical',
    'p95, ms',
    'p95 in virtual time, ms',
    'ratio',
    'mean, ms',
    'in virtual time, ms',
    'late steps',
    'void runs',
  ],
  rows.map((row) => [
    `\`${row.mode}\``,
    `${row.answers}`,
    `${row.identical}`,
    fixed(row.p95MsWall, 1),
    fixed(row.p95MsVirtual, 1),
    fixed(row.p95WallOverVirtual, 3),
    fixed(row.meanMsWall, 1),
    fixed(row.meanMsVirtual, 1),
    percent(row.latePacedSteps, 2),
    row.isValid ? `${row.voidRuns}` : `${row.voidRuns + 1}, all`,
  ]),
)}`;
}
