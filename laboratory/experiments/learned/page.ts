// The tables of a kept "bench learned": cost over that of `best`, for each world, with mean and tail.

import { fixed, markdownTable, numberWithin } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import type { LearnedRow } from './rows.ts';

export function learnedPage({ rows, summary }: Document<LearnedRow>): string {
  const worlds = [...new Set(rows.map(({ world }) => world))];
  const credit = Object.keys(summary).filter((key) => key.endsWith('OverTeam'));
  const numbers = summary as Readonly<Record<string, number>>;
  const compared = credit.map((key) => {
    const interval = [numbers[`${key}Low`] ?? 0, numbers[`${key}High`] ?? 0] as const;
    return [`\`${key}\``, numberWithin(numbers[key] ?? 0, interval), String(numbers[`${key}Seeds`])];
  });
  return `Costs are over those of \`best\` in the same world. First the interquartile mean over all training seeds and worlds, with its 95 %
interval: training seeds and worlds are both drawn again (two-way bootstrap). A policy that was not trained here has no training seeds.

${worlds.map((world) => tableOf(rows.filter((row) => row.world === world))).join('\n\n')}

${compared.length === 0 ? '' : `## Credit by device over credit by team\n\nCosts at equal slots, paired by training seed and world; below 1: credit by device is better.\n\n${markdownTable(['', 'device over team', 'training seeds'], compared)}`}`;
}

function tableOf(rows: readonly LearnedRow[]): string {
  return `## ${rows[0]?.world}

${markdownTable(
  ['policy', 'training seeds', 'interquartile mean', 'best seed', 'worst seed', 'ratio of means', 'p95', 'worst'],
  rows.map((row) => [
    row.label,
    row.trainingSeeds === 0 ? '-' : String(row.trainingSeeds),
    numberWithin(row.costVsBest, [row.costVsBestLow, row.costVsBestHigh]),
    fixed(row.costVsBestBestSeed, 2),
    fixed(row.costVsBestWorstSeed, 2),
    numberWithin(row.costMeanVsBest, [row.costMeanVsBestLow, row.costMeanVsBestHigh]),
    fixed(row.costVsBestP95, 2),
    fixed(row.costVsBestWorst, 2),
  ]),
)}`;
}
