// The tables of a kept "bench padding".

import { fixed, markdownTable, percent } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { PaddingRow } from './rows.ts';

export function paddingPage({ rows }: Document<PaddingRow>): string {
  const links = [...new Set(rows.map(({ link }) => link))];
  const head = ['mode', 'padding, bytes', '8 frames', '16 frames', '32 frames', 'all frames', 'opening alone'];
  const apart = links.map((link) => {
    const own = rows.filter((row) => row.link === link);
    const lines = own.map((row) => [
      `\`${row.mode}\``,
      String(row.padding),
      percent(row.apartAfter8, 0),
      percent(row.apartAfter16, 0),
      percent(row.apartAfter32, 0),
      percent(row.apartAtEnd, 0),
      percent(row.apartByOpening, 0),
    ]);
    return `### ${link}\n\n${markdownTable(head, lines)}`;
  });
  const costs = markdownTable(
    ['mode', 'link', 'padding, bytes', 'bytes a token', 'ratio', 'ms a token', 'ratio'],
    rows.map((row) => [
      `\`${row.mode}\``,
      row.link,
      String(row.padding),
      fixed(row.bytesPerToken, 1),
      fixed(row.bytesRatio, 3),
      fixed(row.msPerToken, 2),
      fixed(row.msRatio, 4),
    ]),
  );
  return `## Answers told apart by directions and lengths of frames\n\n${apart.join('\n\n')}\n\n## Costs\n\n${costs}`;
}
