// The tables of a kept "bench context": each cost against the length of the text, beside the plain way.

import { markdownTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { ContextRow } from './rows.ts';

export function contextPage({ rows }: Document<ContextRow>): string {
  const measured = [...new Set(rows.map((row) => row.measured))];
  return measured
    .map((one) => {
      const alike = rows.filter((row) => row.measured === one);
      const unit = alike[0]?.unit ?? 'ms';
      const hasPieces = alike.some(({ longest }) => longest !== null);
      const table = markdownTable(
        ['tokens', unit, ...(hasPieces ? ['longest piece, ms'] : []), `plain way, ${unit}`, 'ratio'],
        alike.map(({ contextTokens, value, longest, plain, plainOverValue }) => [
          contextTokens.toLocaleString('en'),
          short(value),
          ...(hasPieces ? [short(longest ?? 0)] : []),
          short(plain),
          short(plainOverValue),
        ]),
      );
      return `## ${one[0]?.toUpperCase()}${one.slice(1)}\n\n${table}`;
    })
    .join('\n\n');
}

/** Three digits. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
