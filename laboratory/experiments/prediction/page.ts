// The rows of "bench prediction", and the tables of a kept one.

import { columnTable, fixed } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';

/** One answer. */
export interface WrittenEdit {
  readonly isIdentical: boolean;
  /** From the request to the end of the stream, and to the first text. */
  readonly ms: number;
  readonly firstTextMs: number;
  readonly tokens: number;
  readonly acceptedTokens: number;
  readonly rejectedTokens: number;
}

/** Hardware of the edge, and whether the file stands in the prompt. */
export interface EditCase {
  readonly edge: string;
  readonly lines: number;
  readonly fileInPrompt: boolean;
}

/** Medians of the runs of a case; times in ms. */
export interface PredictionRow extends EditCase {
  readonly runs: number;
  readonly tokens: number;
  readonly withoutMs: number;
  readonly withMs: number;
  /** Of the medians, and of each pair of runs the smallest and the largest. */
  readonly withOverWithout: number;
  readonly ratioLow: number;
  readonly ratioHigh: number;
  readonly withoutFirstTextMs: number;
  readonly withFirstTextMs: number;
  readonly acceptedWithout: number;
  readonly acceptedWith: number;
  readonly rejectedWithout: number;
  readonly rejectedWith: number;
  readonly textsWrong: number;
}

export function predictionPage({ rows, params }: Document<PredictionRow>): string {
  const { rtt, lines } = params as { readonly rtt: number; readonly lines: number };
  const seconds = (ms: number): string => fixed(ms / 1000, 1);
  const ways = rows.flatMap((row) => (['Without', 'With'] as const).map((way) => ({ row, way })));
  return `## A file of ${lines} lines, one name changed

The target is scripted: it writes the edited file. Round trip ${rtt} ms; medians of the runs, and the smallest and the largest ratio of a pair of
runs. *without* is mode \`auto\` with a draft model and lookup on both sides.

${columnTable(rows, {
  edge: ({ edge }) => edge,
  lines: ({ lines: count }) => `${count}`,
  file: placeOf,
  runs: ({ runs }) => `${runs}`,
  tokens: ({ tokens }) => `${tokens}`,
  'without, s': ({ withoutMs }) => seconds(withoutMs),
  'with, s': ({ withMs }) => seconds(withMs),
  ratio: ({ withOverWithout }) => fixed(withOverWithout, 3),
  lowest: ({ ratioLow }) => fixed(ratioLow, 3),
  highest: ({ ratioHigh }) => fixed(ratioHigh, 3),
})}

## Drafts of the device, and the first text

${columnTable(ways, {
  edge: ({ row }) => row.edge,
  file: ({ row }) => placeOf(row),
  '': ({ way }) => way.toLowerCase(),
  accepted: ({ row, way }) => `${row[`accepted${way}`]}`,
  rejected: ({ row, way }) => `${row[`rejected${way}`]}`,
  'first text, s': ({ row, way }) => seconds(row[way === 'With' ? 'withFirstTextMs' : 'withoutFirstTextMs']),
})}`;
}

function placeOf({ fileInPrompt }: PredictionRow): string {
  return fileInPrompt ? 'in the prompt' : 'only predicted';
}
