// The files of a reproduction: data (CSV, JSON), pictures (SVG, PNG), and a page that says which claims hold.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { csvOf } from '../../../simulator/files/csv.ts';
import { writeFigure } from '../../../simulator/files/render-figure.ts';
import { type Claim, claimRow, holds } from '../../../simulator/runner/claim.ts';
import { markdownTable, rounded } from '../../../src/core/basics/markdown.ts';
import { buildDocument } from '../../../src/files/document.ts';
import type { PaperConclusion, PaperExperiment } from './paper-experiment.ts';

export interface Concluded {
  /** Prefix of file names. */
  readonly name: string;
  readonly experiment: PaperExperiment;
  readonly conclusion: PaperConclusion;
}

/** @param drawsPictures whether vega and resvg are there */
export async function writeOutput(directory: string, concluded: Concluded, drawsPictures: boolean): Promise<void> {
  const { name, experiment, conclusion } = concluded;
  const { rows, claims, figures } = conclusion;
  const path = (ending: string): string => join(directory, `${name}${ending}`);
  const document = buildDocument(experiment.name, conclusion, new Date());
  const text = JSON.stringify({ ...document, claims: claims.map(claimRow) }, undefined, 1);
  await writeFile(path('.json'), `${text}\n`);
  await writeFile(path('.csv'), csvOf(rows));
  await writeFile(path('.md'), pageOf([concluded], drawsPictures));
  if (!drawsPictures) return;
  for (const figure of figures) await writeFigure(figure.spec, join(directory, `${figure.name}.svg`));
}

/** All figures on one page, claims first. */
export function pageOf(done: readonly Concluded[], drawsPictures: boolean): string {
  const sections = done.map(({ experiment, conclusion }) =>
    [
      `## ${experiment.description}`,
      '',
      ...claimTable(conclusion.claims.filter(({ isMain }) => isMain === true)),
      ...interpretationCounts(conclusion.claims),
      ...(drawsPictures ? conclusion.figures.map(({ name, caption }) => `![${caption}](${name}.svg)\n`) : []),
      conclusion.page,
    ].join('\n'),
  );
  return `# The paper's figures, here\n\n${sections.join('\n\n')}\n`;
}

/** The main claims of all figures, for a page of their own. */
export function claimsPage(done: readonly Concluded[]): string {
  const claims = done.flatMap(({ conclusion }) => conclusion.claims.filter(({ isMain }) => isMain === true));
  const words =
    'Verdicts under the interpretations of the summary, and the open choice whose other value, everything else equal, turns each.';
  return [`# The paper's claims, here\n`, `${words}\n`, ...claimTable(claims)].join('\n');
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
    claim.verdict,
    claim.dependsOn,
  ]);
  return [
    markdownTable(['the paper says', 'interpretation', 'claimed', 'measured', '95 %', 'verdict', 'depends on'], rows),
    '',
  ];
}

/** For each claim, the number of interpretations under which it holds. */
function interpretationCounts(claims: readonly Claim[]): string[] {
  const counts = [...Map.groupBy(claims, ({ name }) => name)].flatMap(([name, all]) => {
    const held = all.filter(holds).length;
    return all.length === 1 ? [] : [`\`${name}\` in ${held} of ${all.length}`];
  });
  return counts.length === 0 ? [] : [`Interpretations under which a claim holds: ${counts.join(', ')}.`, ''];
}
