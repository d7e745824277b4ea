// The paper's Fig. 5: mean latency against the number of devices and of servers, for every association with equal and with optimal shares,
// under every interpretation; and the claim that rests on it, 28.0 % less latency than the baselines at most and 23.7 % on average.

import type { Interval } from '../../basics/bootstrap.ts';
import { type Claim, reaches } from '../../laboratory/claim.ts';
import { baselines } from '../allocation/latency.ts';
import type { Conclusion, Part } from '../experiment.ts';
import { slotsOf } from '../first-slots.ts';
import { fig5Pictures } from './fig5-figure.ts';
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
  type FoundPolicies,
  interpretationName,
  interpretations,
  isMainInterpretation,
  measurePolicies,
  policyNames,
} from './interpretations.ts';
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

export function fig5Part(size: Size, found: FoundPolicies): Part<CellFound> {
  const { policies, notes } = found;
  const seeds = Array.from({ length: size.seedCount }, (_, index) => index + 1);
  const cells = cellsOf(size);
  return {
    name: 'fig5',
    title: 'Fig. 5: mean latency against the number of devices and of servers',
    settings: {
      figure: 'fig5',
      seeds: size.seedCount,
      deviceCounts: size.deviceCounts,
      serverCounts: size.serverCounts,
      policies: policyNames(found),
    },
    units: cells.map(({ deviceCount, serverCount, against }) => ({
      key: `${against} ${deviceCount} ${serverCount}`,
      async measure() {
        const states = await slotsOf({ scenario: 'paper', deviceCount, serverCount }, seeds);
        return Object.fromEntries(
          interpretations.map((interpretation) => [
            interpretationName(interpretation),
            measurePolicies(states, policies, interpretation),
          ]),
        );
      },
    })),
    conclude: (measured) =>
      conclude(
        cells.map((cell, index) => ({ ...cell, found: measured[index] as CellFound })),
        seeds.length,
        notes,
      ),
  };
}

function conclude(cells: readonly MeasuredCell[], seedCount: number, notes: readonly string[]): Conclusion {
  const reductions = reductionsOf(cells, seedCount);
  const rows = fig5Rows(cells, seedCount);
  return {
    claims: reductions.flatMap(claimsOf),
    rows,
    pictures: fig5Pictures(rows, reductions, seedCount),
    text: fig5Page(reductions, cells, seedCount, notes),
  };
}

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
