// The tables of a kept "bench auto": the ratio to the best fixed mode in each cell, and the cells where it is largest.

import type { Goals } from '../../../simulator/runner/experiment.ts';
import { fixed, markdownTable, numberWithin, pivotTable } from '../../../src/core/basics/markdown.ts';
import type { Document } from '../../../src/files/document.ts';
import { groups } from './cells.ts';
import type { AutoRow } from './rows.ts';

const shownWorst = 12;

export function autoGoals(): Goals {
  return { autoOverBestWorst: 1.05, autoOverBestMean: 1.02 };
}

export function autoPage({ rows }: Document<AutoRow>): string {
  const worst = rows.toSorted((one, other) => other.autoOverBest - one.autoOverBest).slice(0, shownWorst);
  const tables = groups.flatMap((group) => {
    const own = rows.filter((row) => row.group === group);
    return own.length === 0 ? [] : [`### ${group}`, ratioTable(own)];
  });
  return [
    '## The worst cells',
    'ms per token; the ratio with its 95 % interval over seeds.',
    worstTable(worst),
    '## Auto over the best fixed mode',
    'Later answers; in brackets the first answer of a device, and the best fixed mode.',
    ...tables,
  ].join('\n\n');
}

function worstTable(rows: readonly AutoRow[]): string {
  return markdownTable(
    [
      'group',
      'drafts',
      'edge',
      'round trip',
      '`ar`',
      '`stream`',
      '`mix`',
      '`edge-sd`',
      'auto',
      'auto / best',
      'ends as',
    ],
    rows.map((row) => [
      row.group,
      draftsOf(row),
      edgeOf(row),
      `${row.roundTripMs}`,
      ...[row.arMs, row.streamMs, row.mixMs, row.edgeSdMs, row.autoMs].map((ms) => (ms === null ? '-' : fixed(ms, 1))),
      numberWithin(row.autoOverBest, [row.autoOverBestLow, row.autoOverBestHigh]),
      `\`${row.lastMode}\``,
    ]),
  );
}

function ratioTable(rows: readonly AutoRow[]): string {
  return pivotTable(rows, {
    corner: 'drafts; edge',
    rowOf: (row) => `${draftsOf(row)}; ${edgeOf(row)}`,
    columnOf: ({ roundTripMs }) => `${roundTripMs}`,
    cellOf: ({ autoOverBest, firstOverBest, bestMode }) =>
      `${fixed(autoOverBest, 3)} (${fixed(firstOverBest, 2)}, \`${bestMode}\`)`,
  });
}

function draftsOf({ trace, acceptance, edgeAcceptance, laterAcceptance, hasEdgeDraft }: AutoRow): string {
  if (trace !== null) return `\`${trace}\``;
  if (laterAcceptance !== null) {
    const own = `${acceptance}, then ${laterAcceptance}`;
    return hasEdgeDraft ? `${own} on the device, ${edgeAcceptance} on the edge` : own;
  }
  return acceptance === edgeAcceptance ? `${acceptance}` : `${acceptance} on the device, ${edgeAcceptance} on the edge`;
}

function edgeOf({ hasEdgeDraft, sessions, stepPerRowMs }: AutoRow): string {
  const load = sessions === 1 ? '' : `, ${sessions} sessions`;
  return `${hasEdgeDraft ? 'drafts' : 'no drafts'}, ${stepPerRowMs} ms a row${load}`;
}
