// The paper's Fig. 5: mean latency against the number of devices and of servers, for every association with equal and with optimal shares,
// under every interpretation; and the claim that rests on it, 28.0 % less latency than the baselines at most and 23.7 % on average.

import { baselines } from '../allocation/latency.ts';
import { seedsOf } from '../first-slots.ts';
import { type Cell, type CellFound, fig5Rows, measureCell, reductionsOf } from './fig5-reductions.ts';
import { fig5Claims, fig5Figures, fig5Tables } from './fig5-report.ts';
import { interpretations, queuedInterpretations, queueLaws } from './interpretations.ts';
import { type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import { findPolicies, learnedPolicies, policyNames } from './paper-policies.ts';
import type { Size } from './sizes.ts';

const fig5Policies: readonly string[] = [
  ...baselines.flatMap((name) => [`${name}+equal`, `${name}+optimal`]),
  'tma+equal',
  'tma+optimal',
  'best',
];

function cellsOf({ deviceCounts, serverCounts }: Size): Cell[] {
  return [
    ...deviceCounts.map((deviceCount): Cell => ({ deviceCount, serverCount: 10, against: 'devices' })),
    ...serverCounts.map((serverCount): Cell => ({ deviceCount: 90, serverCount, against: 'servers' })),
  ];
}

export const fig5: PaperExperiment = paperExperiment({
  figure: 'fig5',
  description: 'Fig. 5: mean latency against the number of devices and of servers',
  async plan({ size, policies: given }) {
    const present = await findPolicies(fig5Policies, learnedPolicies, given);
    const { policies, own, notes } = present;
    const { seedCount, deviceCounts, serverCounts } = size;
    const cells = cellsOf(size);
    // With work that waits the baselines share equally only: how they share moves little beside k.
    const equal = policies.filter(({ name }) => !name.endsWith('+optimal'));
    const seeds = seedsOf(seedCount);
    return {
      settings: { seeds: seedCount, deviceCounts, serverCounts, queueLaws, policies: policyNames(present) },
      units: cells.map((cell) => ({
        key: `${cell.against} ${cell.deviceCount} ${cell.serverCount}`,
        async measure(): Promise<CellFound> {
          const empty = await measureCell(cell, seeds, policies, interpretations);
          return { ...empty, ...(await measureCell(cell, seeds, equal, queuedInterpretations)) };
        },
      })),
      conclude(found: readonly CellFound[]) {
        const measured = cells.map((cell, index) => ({ ...cell, found: found[index] as CellFound }));
        const reductions = reductionsOf(measured, seedCount, own);
        const rows = fig5Rows(measured, seedCount, policies);
        return {
          claims: reductions.flatMap((one) => fig5Claims(one, policies)),
          rows,
          figures: fig5Figures(rows, reductions, seedCount),
          tables: fig5Tables(reductions, rows, policies),
          notes,
        };
      },
    };
  },
});
