// What a reproduction leaves in its directory: data (CSV, JSON), pictures (SVG, PNG), and a page that says what holds.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markdownTable, rounded } from '../../figures/markdown.ts';
import { buildDocument } from '../../files/document.ts';
import { writeFigure } from '../../files/render-figure.ts';
import { type Claim, claimRow, claimSummary, verdict } from '../../laboratory/claim.ts';
import type { Conclusion, Part } from '../experiment.ts';

export interface ConcludedPart {
  readonly part: Pick<Part, 'name' | 'title' | 'settings'>;
  readonly conclusion: Conclusion;
}

/** @param drawsPictures whether vega and resvg are there */
export async function writePart(
  directory: string,
  { part, conclusion }: ConcludedPart,
  drawsPictures: boolean,
): Promise<void> {
  const { claims, rows, pictures } = conclusion;
  const path = (ending: string): string => join(directory, `${part.name}${ending}`);
  const result = { rows, summary: claimSummary(claims), params: part.settings };
  const document = { ...buildDocument(`reproduce ${part.name}`, result, new Date()), claims: claims.map(claimRow) };
  await writeFile(path('.json'), `${JSON.stringify(document, undefined, 1)}\n`);
  await writeFile(path('.csv'), csvOf(rows));
  await writeFile(path('.md'), pageOf([{ part, conclusion }], drawsPictures));
  if (!drawsPictures) return;
  for (const { name, spec } of pictures) {
    await writeFigure(spec, join(directory, `${name}.svg`));
  }
}

/** All parts on one page, claims first. */
export function pageOf(parts: readonly ConcludedPart[], drawsPictures: boolean): string {
  const sections = parts.map(({ part, conclusion }) =>
    [
      `## ${part.title}`,
      '',
      ...claimTable(conclusion.claims.filter(({ isMain }) => isMain === true)),
      ...interpretationCounts(conclusion.claims),
      ...(drawsPictures ? conclusion.pictures.map(({ name, caption }) => `![${caption}](${name}.svg)\n`) : []),
      conclusion.text,
    ].join('\n'),
  );
  return `# The paper's figures, here\n\n${sections.join('\n\n')}\n`;
}

function claimTable(claims: readonly Claim[]): string[] {
  if (claims.length === 0) return [];
  const shown = (value: number | string | null): string => (typeof value === 'number' ? rounded(value) : `${value}`);
  const rows = claims.map((claim) => [
    claim.statement,
    claim.interpretation,
    shown(claim.claimed),
    shown(claim.measured),
    claim.interval === null ? '-' : `${rounded(claim.interval[0])} to ${rounded(claim.interval[1])}`,
    verdict(claim),
  ]);
  return [markdownTable(['the paper says', 'interpretation', 'claimed', 'measured', '95 %', 'holds'], rows), ''];
}

/** How many of its interpretations each claim holds under. */
function interpretationCounts(claims: readonly Claim[]): string[] {
  const counts = [...Map.groupBy(claims, ({ name }) => name)].flatMap(([name, all]) => {
    const held = all.filter(({ holds }) => holds).length;
    return all.length === 1 ? [] : [`\`${name}\` in ${held} of ${all.length}`];
  });
  return counts.length === 0 ? [] : [`Interpretations under which a claim holds: ${counts.join(', ')}.`, ''];
}

/** Comma-separated, quoted where needed (RFC 4180). */
export function csvOf(rows: readonly object[]): string {
  const head = Object.keys(rows[0] ?? {});
  const cell = (value: unknown): string => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => head.map((key) => cell((row as Readonly<Record<string, unknown>>)[key])).join(','));
  return `${[head.join(','), ...lines].join('\n')}\n`;
}
