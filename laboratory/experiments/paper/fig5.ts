// The paper's Fig. 5: mean latency against the number of devices and of servers, for every association with equal and with optimal shares,
// under every interpretation; and the claim that rests on it, 28.0 % less latency than the baselines at most and 23.7 % on average.

import { type DraftClaim, verdictOnGain } from '../../../simulator/runner/claim.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
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
  type Reduction,
  reductionsOf,
} from './fig5-reductions.ts';
import { interpretations, isMainInterpretation, queuedInterpretations, queueLaws } from './interpretations.ts';
import { measureCell } from './measure-cell.ts';
import { claimMaker, type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import { findPolicies, keyOf, learnedPolicies, type PaperPolicy, policyNames, trainingGap } from './paper-policies.ts';
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
  async plan({ size, policies: given }) {
    const present = await findPolicies(fig5Policies, learnedPolicies, given);
    const { seedCount, deviceCounts, serverCounts } = size;
    const cells = cellsOf(size);
    return {
      settings: { seeds: seedCount, deviceCounts, serverCounts, queueLaws, policies: policyNames(present) },
      units: cells.map((cell) => ({
        key: `${cell.against} ${cell.deviceCount} ${cell.serverCount}`,
        async measure() {
          const seeds = seedsOf(seedCount);
          // With work that waits the baselines share equally only: how they share moves little beside k.
          const equal = present.policies.filter(({ name }) => !name.endsWith('+optimal'));
          const empty = await measureCell(cell, seeds, present.policies, interpretations);
          return { ...empty, ...(await measureCell(cell, seeds, equal, queuedInterpretations)) };
        },
      })),
      cells,
      present,
    };
  },
  conclude(found: readonly CellFound[], { cells, present }, { seedCount }) {
    const { policies, own, notes } = present;
    const measured = cells.map((cell, index) => ({ ...cell, found: found[index] as CellFound }));
    const reductions = reductionsOf(measured, seedCount, own);
    const rows = fig5Rows(measured, seedCount, policies);
    return {
      claims: reductions.flatMap((one) => claimsOf(one, policies)),
      rows,
      figures: fig5Figures(rows, reductions, seedCount),
      page: fig5Page(reductions, measured, { seedCount, notes, policies }),
    };
  },
});

function claimsOf(reduction: Reduction, policies: readonly PaperPolicy[]): DraftClaim[] {
  const { method, interpretation, shares, latency } = reduction;
  const { payloadLaw, lambdaUnit, mostQueued } = interpretation;
  const policy = policies.find(({ name }) => name === method);
  const gap = policy === undefined ? '' : trainingGap(policy, interpretation);
  const suffix = summarySuffix(reduction);
  const choices = {
    'payload law': payloadLaw,
    'unit of lambda': lambdaUnit,
    'law of k': mostQueued === 0 ? 'empty queues' : `0 to ${mostQueued}, drawn`,
    "baselines' shares": shares,
    latency: latency === 'latencyMs' ? 'max(D^MD, d/R) + D^ES' : 'D^MD + D^ES',
  };
  const make = claimMaker({ figure: 'fig5', choices, isMain: suffix !== null });
  const of = (name: string, than: string, claimed: number, one: Estimate): DraftClaim => {
    const statement = `${method}${gap === '' ? '' : ` (${gap})`}: latency less than ${than}, share`;
    const made = make(`${keyOf(method)}${name}`, statement, claimed, one, verdictOnGain(claimed, one.interval));
    return { ...made, summaryName: `${made.name}${suffix ?? ''}` };
  };
  return [
    of('ReductionMean', 'the baselines, on average', claimedMean, reduction.mean),
    of('ReductionMost', 'a baseline, at most', claimedMost, reduction.most),
  ];
}

/** Methods whose other headline interpretations go into the summary as well. */
const headlineMethods: readonly string[] = ['best', 'tma-masac'];

/** What the name in the summary ends with; null: not in the summary. The headline has both payload laws, both latencies, and a law of k. */
function summarySuffix({ method, interpretation, shares, latency }: Reduction): string | null {
  const { payloadLaw, lambdaUnit, mostQueued } = interpretation;
  const isSerial = latency === 'serialMs';
  if (shares !== 'equal' || lambdaUnit !== 'per-ms') return null;
  if (isMainInterpretation(interpretation) && !isSerial) return '';
  if (!headlineMethods.includes(method)) return null;
  if (mostQueued === 0) return `${payloadLaw === 'ids' ? 'Ids' : ''}${isSerial ? 'Serial' : ''}`;
  return payloadLaw === 'ids' && mostQueued === 2 && !isSerial ? 'IdsQueued' : null;
}
