// The paper's Fig. 5: mean latency against the number of devices and of servers, for every association with equal and with optimal shares,
// under every interpretation; and the claim that rests on it, 28.0 % less latency than the baselines at most and 23.7 % on average.

import type { Interval } from '../../basics/bootstrap.ts';
import { type Claim, reaches } from '../../laboratory/claim.ts';
import { baselines } from '../allocation/latency.ts';
import { fig5Figures } from './fig5-figure.ts';
import { fig5Page } from './fig5-page.ts';
import {
  type Cell,
  type CellFound,
  claimedMean,
  claimedMost,
  type MeasuredCell,
  type Method,
  type Reduction,
  reductionsOf,
} from './fig5-reductions.ts';
import { fig5Rows } from './fig5-rows.ts';
import {
  findPolicies,
  interpretationName,
  isMainInterpretation,
  learnedPolicies,
  measureCell,
  policyNames,
} from './interpretations.ts';
import {
  concluded,
  measureUnits,
  type PaperExperiment,
  paperOptions,
  type Settings,
  seedsOf,
} from './paper-experiment.ts';
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

interface Fig5Found {
  readonly settings: Settings;
  readonly cells: readonly MeasuredCell[];
  readonly notes: readonly string[];
}

export const fig5: PaperExperiment<Fig5Found> = {
  name: 'reproduce fig5',
  description: 'Fig. 5: mean latency against the number of devices and of servers',
  options: paperOptions,
  async measure({ size }, run) {
    const present = await findPolicies(fig5Policies, learnedPolicies);
    const { seedCount, deviceCounts, serverCounts } = size;
    const sizesOfCells = { seeds: seedCount, deviceCounts, serverCounts };
    const settings = { figure: 'fig5', ...sizesOfCells, policies: policyNames(present) };
    const cells = cellsOf(size);
    const units = cells.map((cell) => ({
      key: `${cell.against} ${cell.deviceCount} ${cell.serverCount}`,
      measure: () => measureCell(cell, seedsOf(seedCount), present.policies),
    }));
    const found = await measureUnits(run, settings, units);
    const measured = cells.map((cell, index) => ({ ...cell, found: found[index] as CellFound }));
    return { settings, cells: measured, notes: present.notes };
  },
  conclude({ settings, cells, notes }, { size: { seedCount } }) {
    const reductions = reductionsOf(cells, seedCount);
    const rows = fig5Rows(cells, seedCount);
    return concluded(settings, {
      claims: reductions.flatMap(claimsOf),
      rows,
      figures: fig5Figures(rows, reductions, seedCount),
      page: fig5Page(reductions, cells, seedCount, notes),
    });
  },
};

function claimsOf(reduction: Reduction): Claim[] {
  const { method, interpretation, shares, latency } = reduction;
  const isMain = isMainInterpretation(interpretation) && shares === 'equal' && latency === 'latencyMs';
  const what = latency === 'latencyMs' ? 'max(D^MD, d/R) + D^ES' : 'D^MD + D^ES';
  const of = (name: string, statement: string, claimed: number, measured: number, interval: Interval): Claim => ({
    figure: 'fig5',
    name: `${nameOf(method)}${name}`,
    statement,
    interpretation: `${method}; ${interpretationName(interpretation)}; ${shares} shares; latency ${what}`,
    claimed,
    measured,
    interval,
    holds: reaches(claimed, interval),
    isMain,
  });
  return [
    of(
      'ReductionMean',
      'latency less than the baselines, on average, share',
      claimedMean,
      reduction.mean,
      reduction.meanInterval,
    ),
    of(
      'ReductionMost',
      'latency less than a baseline, at most, share',
      claimedMost,
      reduction.most,
      reduction.mostInterval,
    ),
  ];
}

function nameOf(method: Method): string {
  return method.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
