// The rows of "bench ablation", and the tables of a kept one: time per token with each variant, relative to plain `stream`, for all answers and for each task.

import type { Within } from '../../../src/core/basics/bootstrap.ts';
import { fixed, markdownTable, numberWithin, pivotTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';

/** `overPlain`: ratio of msPerToken to plain `stream` with the same texts and delays; its interval is a bootstrap over sessions. */
export interface AblationRow extends Within<'overPlain'> {
  readonly draft: string;
  readonly temperature: number;
  readonly edge: string;
  readonly roundTripMs: number;
  readonly idea: string;
  /** Task of the prompts; "all": every task. */
  readonly task: string;
  readonly sessions: number;
  readonly msPerToken: number;
  readonly overAr: number;
  readonly acceptance: number | null;
  /** Drafts of the device, which cost its battery. */
  readonly draftsPerToken: number;
  /** Drafts of the edge, by lookup or by its model. */
  readonly guessesPerToken: number;
  readonly rowsPerToken: number;
  readonly payloadBytesPerToken: number;
}

export function ablationPage({ rows }: Document<AblationRow>): string {
  return [...new Set(rows.map(({ draft }) => draft))]
    .map((draft) => draftTables(rows.filter((row) => row.draft === draft)))
    .join('\n\n');
}

function draftTables(rows: readonly AblationRow[]): string {
  const { draft, edge, roundTripMs } = rows[0] as AblationRow;
  const first = rows.filter((row) => row.edge === edge && row.roundTripMs === roundTripMs);
  const whole = first.filter(({ task }) => task === 'all');
  return `## Draft \`${draft}\`

Time per token relative to plain \`stream\` (\`none\`), and the 95 % interval over answers; of \`none\` the time itself.

${pivotTable(
  rows.filter(({ task }) => task === 'all'),
  {
    corner: 'added to plain `stream`',
    rowOf: ({ idea }) => idea,
    columnOf: (row) => `${row.edge}, ${row.roundTripMs} ms`,
    cellOf: ({ idea, msPerToken, overPlain, overPlainLow, overPlainHigh }) =>
      idea === 'none' ? `${fixed(msPerToken, 1)} ms` : numberWithin(overPlain, [overPlainLow, overPlainHigh], 3),
  },
)}

Edge \`${edge}\`, round trip ${roundTripMs} ms, per token:

${markdownTable(
  ['added to plain `stream`', 'drafts', "the edge's own drafts", 'rows', 'payload, bytes'],
  whole.map(({ idea, draftsPerToken, guessesPerToken, rowsPerToken, payloadBytesPerToken }) => [
    idea,
    ...[draftsPerToken, guessesPerToken, rowsPerToken, payloadBytesPerToken].map((value) => fixed(value, 2)),
  ]),
)}

The same edge and network by task:

${pivotTable(first, {
  corner: 'task (answers)',
  rowOf: ({ task, sessions }) => `${task} (${sessions})`,
  columnOf: ({ idea }) => idea,
  cellOf: ({ overPlain }) => fixed(overPlain, 2),
})}`;
}
