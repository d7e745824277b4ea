// The files of a reproduction: data (CSV, JSON), pictures (SVG, PNG), and a page that says which claims hold.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { csvOf } from '../../../simulator/files/csv.ts';
import { writeFigure } from '../../../simulator/files/render-figure.ts';
import { type Claim, claimRow, holds } from '../../../simulator/runner/claim.ts';
import { markdownTable, rounded } from '../../../src/core/basics/markdown.ts';
import { buildDocument } from '../../../src/files/document.ts';
import type { PaperConclusion } from './paper-experiment.ts';

/** @param drawsPictures whether vega and resvg are there */
export async function writeOutput(directory: string, done: PaperConclusion, drawsPictures: boolean): Promise<void> {
  const { figure, rows, claims, figures } = done;
  const path = (ending: string): string => join(directory, `${figure}${ending}`);
  const document = buildDocument(`reproduce ${figure}`, done, new Date());
  const text = JSON.stringify({ ...document, claims: claims.map(claimRow) }, undefined, 1);
  await writeFile(path('.json'), `${text}\n`);
  await writeFile(path('.csv'), csvOf(rows));
  await writeFile(path('.md'), pageOf([done], drawsPictures));
  if (!drawsPictures) return;
  for (const [name, spec] of Object.entries(figures)) await writeFigure(spec, join(directory, `${name}.svg`));
}

const reading = 'How to read the tables: docs/research/reproduction.md.';

/** All figures on one page, claims first. */
export function pageOf(done: readonly PaperConclusion[], drawsPictures: boolean): string {
  const sections = done.flatMap(({ description, claims, figures, page }) => [
    `## ${description}`,
    ...claimTable(claims),
    ...interpretationCounts(claims),
    ...(drawsPictures ? Object.keys(figures).map((name) => `![${name}](${name}.svg)`) : []),
    page,
  ]);
  return `${["# The paper's figures, here", reading, ...sections].join('\n\n')}\n`;
}

/** The main claims of all figures, for a page of their own. */
export function claimsPage(done: readonly PaperConclusion[]): string {
  const claims = done.flatMap((one) => one.claims);
  return `${["# The paper's claims, here", reading, ...claimTable(claims)].join('\n\n')}\n`;
}

/** The claims that go into the summary. */
function claimTable(claims: readonly Claim[]): string[] {
  const shown = (value: number | string | null): string => (typeof value === 'number' ? rounded(value) : `${value}`);
  const rows = claims
    .filter(({ isMain }) => isMain === true)
    .map((claim) => [
      claim.statement,
      claim.interpretation,
      shown(claim.claimed),
      shown(claim.measured),
      claim.interval?.map((end) => rounded(end)).join(' to ') ?? '-',
      claim.verdict,
      claim.dependsOn,
    ]);
  const head = ['the paper says', 'interpretation', 'claimed', 'measured', '95 %', 'verdict', 'depends on'];
  return rows.length === 0 ? [] : [markdownTable(head, rows)];
}

/** For each claim, the number of interpretations under which it holds. */
function interpretationCounts(claims: readonly Claim[]): string[] {
  const counts = [...Map.groupBy(claims, ({ name }) => name)].flatMap(([name, all]) => {
    return all.length === 1 ? [] : [`\`${name}\` in ${all.filter(holds).length} of ${all.length}`];
  });
  return counts.length === 0 ? [] : [`Interpretations under which a claim holds: ${counts.join(', ')}.`];
}
