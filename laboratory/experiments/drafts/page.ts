// The figure and the tables of a kept "bench drafts": acceptance and cost of each draft, and time per token relative to the edge alone.

import { type Line, type LinePoint, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { dashes, type Figure, seriesColor } from '../../../simulator/charts/theme.ts';
import { columnTable, fixed, pivotTable } from '../../../simulator/runner/markdown.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { Document } from '../../../src/files/document.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { type DraftRow, isInFront } from './rows.ts';

export function draftsPage({ rows, summary }: Document<DraftRow>): string {
  const whole = rows.filter(({ task, mode }) => task === 'all' && mode !== 'ar');
  const byDraft = [...Map.groupBy(whole, ({ draft }) => draft)];
  return `## Drafts

${columnTable(
  byDraft.map(([, own]) => own[0] as DraftRow),
  {
    draft: ({ draft }) => `\`${draft}\``,
    layers: ({ layers }) => `${layers}`,
    MB: ({ fileMB }) => fixed(fileMB, 1),
    'acceptance, greedy': ({ acceptanceGreedy }) => fixed(acceptanceGreedy, 3),
    'acceptance, temperature 0.8': ({ acceptanceSampled }) => fixed(acceptanceSampled, 3),
    'cost ratio': ({ costRatio }) => fixed(costRatio, 3),
  },
)}

Time per token in mode \`stream\` with lookup, relative to the edge alone, against the round trip in ms; edge
\`${defaultEdgeProfile.name}\`:

${pivotTable(rows.filter(isInFront), {
  corner: 'draft',
  rowOf: ({ draft }) => `\`${draft}\``,
  columnOf: ({ roundTripMs }) => `${roundTripMs}`,
  cellOf: ({ overAr }) => fixed(overAr, 3),
})}

## Time per token

Relative to the edge alone, in brackets the best draft length.

${byDraft
  .map(([draft, own]) => {
    const table = pivotTable(own, {
      corner: 'edge, round trip',
      rowOf: ({ profile, roundTripMs }) => `\`${profile}\`, ${roundTripMs} ms`,
      columnOf: ({ mode, lookUp }) => `\`${mode}\`${lookUp === 'none' ? ', no lookup' : ''}`,
      cellOf: ({ overAr, window }) => `${fixed(overAr, 3)}${window === 0 ? '' : ` (${window})`}`,
    });
    return `### \`${draft}\`\n\n${table}`;
  })
  .join('\n\n')}

## Prompt lookup by task

Mode \`stream\` with \`${summary['shipped']}\`, relative to the edge alone:

${pivotTable(
  rows.filter(({ draft, task }) => draft === summary['shipped'] && task !== 'all'),
  {
    corner: 'task (answers)',
    rowOf: ({ task, sessions }) => `${task} (${sessions})`,
    columnOf: ({ lookUp }) => `lookup: ${lookUp}`,
    cellOf: ({ overAr }) => fixed(overAr, 3),
  },
)}`;
}

/** Time per token in mode stream against the cost of a draft: one point for each draft, a line for each round trip. @throws OutriderError `bad-argument` when no row can be drawn */
export function draftsFigure(rows: readonly DraftRow[]): Figure {
  const drawn = rows.filter(isInFront);
  if (drawn.length === 0) throw badArgument('no draft can be drawn', 'give drafts and prompts');
  const byRoundTrip = [...Map.groupBy(drawn, ({ roundTripMs }) => roundTripMs)].toSorted(
    ([one], [other]) => one - other,
  );
  const lines = byRoundTrip.map(([roundTripMs, own], index): Line => {
    const points = own.map((row) => pointOf(row, index === 0)).toSorted((one, other) => one.x - other.x);
    return { style: `round trip ${roundTripMs} ms`, points };
  });
  return panelsFigure({
    title: 'What a draft brings against what it costs',
    subtitle: [`Mode stream with look-up, virtual time from traces; edge: ${defaultEdgeProfile.description}.`],
    styles: lines.map(({ style: name }, index) => ({ name, color: seriesColor(index), dash: dashes.full })),
    panels: [
      {
        xTitle: 'a step of the draft / a step of the target',
        yTitle: 'time per token / that of the edge alone',
        xTicks: 10,
        xZero: true,
        lines,
      },
    ],
  });
}

/** @param hasLabel true for the lowest line only, so that each draft is named once */
function pointOf({ costRatio, overAr, layers, acceptanceGreedy }: DraftRow, hasLabel: boolean): LinePoint {
  const label = `${layers} layers, ${Math.round(acceptanceGreedy * 100)} % right`;
  return { x: costRatio, y: overAr, ...(hasLabel && { label }) };
}
