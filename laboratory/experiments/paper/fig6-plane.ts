// The plane of units in which the paper's Fig. 6 holds: delta_CM is printed without a unit and lambda as 10^-2, so both are varied by powers of ten,
// and each point is measured as Fig. 6 itself is. Batteries are those of the first slot, so they do not drain.

import { fig6Units, measureFig6 } from './fig6.ts';
import { type Fig6Case, fig6Changes } from './fig6-changes.ts';
import { planeConclusion } from './fig6-plane-page.ts';
import { pointOf } from './fig6-plane-points.ts';
import type { PayloadLaw } from './interpretations.ts';
import { type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import { findPolicies, policyNames } from './paper-policies.ts';

/** The printed delta_CM times these. */
export const transmitScales: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 4e5, 1e6, 1e7];
/** Lambda is 0.01 per this many ms. */
export const lambdaSpansMs: readonly number[] = [1, 10, 100, 1000, 10_000];

const laws: readonly PayloadLaw[] = ['q16', 'ids'];
const energyModels = ['band', 'airtime'] as const;

export const fig6Plane: PaperExperiment = paperExperiment({
  figure: 'fig6-units',
  description: 'Fig. 6 by units: where in the plane of the units of delta_CM and lambda it holds',
  async plan({ size: { plane, energyWeights }, policies: given }) {
    const { seedCount, ...cell } = plane;
    const present = await findPolicies(['best'], [], given);
    const { policies } = present;
    const weights = [Math.min(...energyWeights), Math.max(...energyWeights)];
    const cases = planeCases(
      policies.map(({ name }) => name),
      weights,
    );
    const settings = { seeds: seedCount, weights, transmitScales, lambdaSpansMs, policies: policyNames(present) };
    return {
      settings: { ...settings, ...cell },
      units: fig6Units(cell, seedCount, (state) => measureFig6(state, cases, policies)),
      cases,
      cell,
    };
  },
  conclude(found, { cases, cell }) {
    const points = fig6Changes(cases, found).map(pointOf);
    return planeConclusion(points, { seedCount: found.length, ...cell });
  },
});

function planeCases(policies: readonly string[], weights: readonly number[]): Fig6Case[] {
  return policies.flatMap((policy) =>
    energyModels.flatMap((energyModel) =>
      laws.flatMap((payloadLaw) =>
        lambdaSpansMs.flatMap((span) =>
          transmitScales.flatMap((transmitScale) =>
            weights.map((energyWeight): Fig6Case => {
              const interpretation = { payloadLaw, lambdaUnit: 'per-ms', mostQueued: 0 } as const;
              return { policy, energyModel, interpretation, energyWeight, transmitScale, lambdaScale: 1 / span };
            }),
          ),
        ),
      ),
    ),
  );
}
