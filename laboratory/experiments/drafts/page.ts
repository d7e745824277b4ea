// The tables of a kept "bench drafts": acceptance and cost of each draft, and time per token relative to the edge alone.

import { fixed, markdownTable, pivotTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { type DraftRow, isInFront } from './rows.ts';

export function draftsPage({ rows, summary }: Document<DraftRow>): string {
  const whole = rows.filter(({ task, mode }) => task === 'all' && mode !== 'ar');
  const byDraft = [...Map.groupBy(whole, ({ draft }) => draft)];
  return `## Drafts

${markdownTable(
  ['draft', 'layers', 'MB', 'acceptance, greedy', 'acceptance, temperature 0.8', 'cost ratio'],
  byDraft.map(([draft, own]) => {
    const { layers, fileMB, acceptanceGreedy, acceptanceSampled, costRatio } = own[0] as DraftRow;
    const shares = [acceptanceGreedy, acceptanceSampled, costRatio].map((value) => fixed(value, 3));
    return [`\`${draft}\``, `${layers}`, fixed(fileMB, 1), ...shares];
  }),
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

${byDraft.map(([draft, own]) => `### \`${draft}\`\n\n${timeTable(own)}`).join('\n\n')}

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

function timeTable(rows: readonly DraftRow[]): string {
  return pivotTable(rows, {
    corner: 'edge, round trip',
    rowOf: ({ profile, roundTripMs }) => `\`${profile}\`, ${roundTripMs} ms`,
    columnOf: ({ mode, lookUp }) => `\`${mode}\`${lookUp === 'none' ? ', no lookup' : ''}`,
    cellOf: ({ overAr, window }) => `${fixed(overAr, 3)}${window === 0 ? '' : ` (${window})`}`,
  });
}
