// The tables of a kept "bench prediction".

import { fixed, markdownTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { PredictionRow } from './rows.ts';

export function predictionPage({ rows, params }: Document<PredictionRow>): string {
  const { rtt, lines } = params as { readonly rtt: number; readonly lines: number };
  const seconds = (ms: number): string => fixed(ms / 1000, 1);
  return `## A file of ${lines} lines, one name changed

The target is scripted: it writes the edited file. Round trip ${rtt} ms; medians of the runs, and the smallest and the largest ratio of a pair of
runs. *without* is mode \`auto\` with a draft model and lookup on both sides.

${markdownTable(
  ['edge', 'lines', 'file', 'runs', 'tokens', 'without, s', 'with, s', 'ratio', 'lowest', 'highest'],
  rows.map((row) => [
    row.edge,
    `${row.lines}`,
    row.fileInPrompt ? 'in the prompt' : 'only predicted',
    `${row.runs}`,
    `${row.tokens}`,
    seconds(row.withoutMs),
    seconds(row.withMs),
    fixed(row.withOverWithout, 3),
    fixed(row.ratioLow, 3),
    fixed(row.ratioHigh, 3),
  ]),
)}

## Drafts of the device, and the first text

${markdownTable(
  ['edge', 'file', '', 'accepted', 'rejected', 'first text, s'],
  rows.flatMap((row) => [
    [
      row.edge,
      row.fileInPrompt ? 'in the prompt' : 'only predicted',
      'without',
      `${row.acceptedWithout}`,
      `${row.rejectedWithout}`,
      seconds(row.withoutFirstTextMs),
    ],
    [
      row.edge,
      row.fileInPrompt ? 'in the prompt' : 'only predicted',
      'with',
      `${row.acceptedWith}`,
      `${row.rejectedWith}`,
      seconds(row.withFirstTextMs),
    ],
  ]),
)}`;
}
