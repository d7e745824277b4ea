// The table of a kept "bench engine": each case under the law and without one.

import { markdownTable, rounded } from '../../figures/markdown.ts';
import type { Document } from '../../files/document.ts';
import type { EngineRow } from './cases.ts';

export function enginePage({ rows }: Document<EngineRow>): string {
  const natives = new Map(rows.map((row) => [row.case, row]));
  const own = rows.filter((row) => !row.case.endsWith('Native'));
  return `## Steps

Medians in ms, in brackets the 10th and the 90th percentile. *Native*: the same engine without a shape law, measured in turn.

${markdownTable(
  ['case', 'sequences', 'tokens', 'exact', 'native', 'ratio'],
  own.map((row) => {
    const native = natives.get(`${row.case}Native`);
    const ratio = native === undefined ? '' : rounded(row.medianMs / native.medianMs);
    return [
      row.case,
      `${row.sequences}`,
      `${row.tokens}`,
      spread(row),
      native === undefined ? '' : spread(native),
      ratio,
    ];
  }),
)}`;
}

function spread({ medianMs, p10Ms, p90Ms }: EngineRow): string {
  return `${rounded(medianMs)} (${rounded(p10Ms)} to ${rounded(p90Ms)})`;
}
