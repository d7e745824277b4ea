// The paper's Fig. 5: mean latency against the number of devices and of servers, for every association with equal and with optimal shares,
// under every interpretation; and the claim that rests on it, 28.0 % less latency than the baselines at most and 23.7 % on average.

import type { Estimate } from '../../basics/bootstrap.ts';
import { type Claim, reaches } from '../../laboratory/claim.ts';
import { baselines } from '../allocation/latency.ts';
import { seedsOf } from '../first-slots.ts';
import { fig5Figures } from './fig5-figure.ts';
import { fig5Page } from './fig5-page.ts';
import {
  type Cell,
  type CellFound,
  claimedMean,
  claimedMost,
  fig5Rows,
  type Method,
  type Reduction,
  reductionsOf,
} from './fig5-reductions.ts';
import {
  findPolicies,
  interpretationName,
  isMainInterpretation,
  learnedPolicies,
  measureCell,
  policyNames,
} from './interpretations.ts';
import { claimMaker, type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

export const fig5Policies: readonly string[] = [
  ...baselines.flatMap((name) => [`${name}+equal`, `${name}+optimal`]),
  'tma+equal',
  'tma+optimal',
  'best',
];

export function cellsOf({ deviceCounts, serverCounts }: Pick<Size, 'deviceCounts' | 'serverCounts'>): Cell[] {
  return [
    ...deviceCounts.map((deviceCount): Cell => ({ deviceCount, serverCount: 10, against: 'devices' })),
    ...serverCounts.map((serverCount): Cell => ({ deviceCount: 90, serverCount, against: 'servers' })),
  ];
}

export const fig5: PaperExperiment = paperExperiment({
  figure: 'fig5',
  description: 'Fig. 5: mean latency against the number of devices and of servers',
  async plan({ size }) {
    const present = await findPolicies(fig5Policies, learnedPolicies);
    const { seedCount, deviceCounts, serverCounts } = size;
    const cells = cellsOf(size);
    return {
      settings: { seeds: seedCount, deviceCounts, serverCounts, policies: policyNames(present) },
      units: cells.map((cell) => ({
        key: `${cell.against} ${cell.deviceCount} ${cell.serverCount}`,
        measure: () => measureCell(cell, seedsOf(seedCount), present.policies),
      })),
      cells,
      notes: present.notes,
    };
  },
  conclude(found: readonly CellFound[], { cells, notes }, { seedCount }) {
    const measured = cells.map((cell, index) => ({ ...cell, found: found[index] as CellFound }));
    const reductions = reductionsOf(measured, seedCount);
    const rows = fig5Rows(measured, seedCount);
    return {
      claims: reductions.flatMap(claimsOf),
      rows,
      figures: fig5Figures(rows, reductions, seedCount),
      page: fig5Page(reductions, measured, seedCount, notes),
    };
  },
});

function claimsOf(reduction: Reduction): Claim[] {
  const { method, interpretation, shares, latency } = reduction;
  const isMain = isMainInterpretation(interpretation) && shares === 'equal' && latency === 'latencyMs';
  const what = latency === 'latencyMs' ? 'max(D^MD, d/R) + D^ES' : 'D^MD + D^ES';
  const make = claimMaker({
    figure: 'fig5',
    interpretation: `${method}; ${interpretationName(interpretation)}; ${shares} shares; latency ${what}`,
    isMain,
  });
  const of = (name: string, than: string, claimed: number, one: Estimate): Claim =>
    make(`${nameOf(method)}${name}`, `latency less than ${than}, share`, claimed, one, reaches(claimed, one.interval));
  return [
    of('ReductionMean', 'the baselines, on average', claimedMean, reduction.mean),
    of('ReductionMost', 'a baseline, at most', claimedMost, reduction.most),
  ];
}

function nameOf(method: Method): string {
  return method.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
