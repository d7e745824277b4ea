// The paper's Fig. 6: latency and energy against the energy weight w, by battery class; and its claims: a larger w lowers energy and raises
// latency, most for devices with B <= 0.2.

import type { Unit } from '../../../simulator/runner/experiment.ts';
import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import type { Policy, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { combinations } from '../combinations.ts';
import { seedsOf, slotsOf, type WorldSettings } from '../first-slots.ts';
import {
  batteryClasses,
  type ClassFigures,
  type Fig6Case,
  type Fig6Found,
  fig6Changes,
  fig6Rows,
} from './fig6-changes.ts';
import { fig6Claims, fig6Figures, fig6Tables } from './fig6-report.ts';
import { interpretations, underInterpretation } from './interpretations.ts';
import { type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import { decisionUnder, findPolicies, learnedPolicies, type PaperPolicy, policyNames } from './paper-policies.ts';

const fig6Policies: readonly string[] = ['best', 'tma+equal', 'tma+optimal'];

/** E^CM as the paper prints it, and as power times airtime. */
export const energyModels = ['band', 'airtime'] as const;

const cell = { deviceCount: 90, serverCount: 10 };

/** A unit for each seed, which measures the first slot of its world in preset `paper`. */
export function fig6Units<Found>(
  size: Pick<WorldSettings, 'deviceCount' | 'serverCount'>,
  seedCount: number,
  measure: (state: SlotState) => Found,
): readonly Unit<Found>[] {
  return seedsOf(seedCount).map((seed) => ({
    key: `seed ${seed}`,
    async measure(): Promise<Found> {
      const [state] = await slotsOf({ scenario: 'paper', ...size }, [seed]);
      return measure(state as SlotState);
    },
  }));
}

/** Units are seeds: a world is made once for all interpretations, weights and policies. */
export const fig6: PaperExperiment = paperExperiment({
  figure: 'fig6',
  description: 'Fig. 6: latency and energy against the energy weight, by battery',
  async plan({ size: { seedCount, energyWeights }, policies: given }) {
    const present = await findPolicies(fig6Policies, learnedPolicies, given);
    const { policies, notes } = present;
    const cases = combinations({
      interpretation: interpretations,
      energyModel: energyModels,
      policy: policies.map(({ name }) => name),
      energyWeight: energyWeights,
    });
    return {
      settings: { seeds: seedCount, energyWeights, policies: policyNames(present), ...cell },
      units: fig6Units(cell, seedCount, (state) => measureFig6(state, cases, policies)),
      conclude(found: readonly Fig6Found[]) {
        const changes = fig6Changes(cases, found);
        const rows = fig6Rows(cases, found);
        return {
          claims: fig6Claims(changes),
          rows,
          figures: fig6Figures(rows, found.length),
          tables: fig6Tables(changes, policies),
          notes,
        };
      },
    };
  },
});

/** @param state of the unchanged preset `paper` @returns the figures of each case */
export function measureFig6(state: SlotState, cases: readonly Fig6Case[], policies: readonly PaperPolicy[]): Fig6Found {
  return cases.map((one) => {
    const policy = policies.find(({ name }) => name === one.policy) as PaperPolicy;
    return measure(stateOf(state, one), decisionUnder(policy, one.interpretation));
  });
}

function stateOf(state: SlotState, one: Fig6Case): SlotState {
  const { interpretation, energyModel, energyWeight, transmitScale = 1, lambdaScale = 1 } = one;
  const read = underInterpretation(state, interpretation);
  const { objective } = read;
  const transmitEnergyFactor = transmitScale * objective.transmitEnergyFactor;
  const lambdaPerMs = lambdaScale * objective.lambdaPerMs;
  return { ...read, objective: { ...objective, energyModel, energyWeight, transmitEnergyFactor, lambdaPerMs } };
}

/** Figures of each class, in the order of {@link batteryClasses}. */
function measure(state: SlotState, decide: Policy): ClassFigures[] {
  const terms = createSlotTerms(state.deviceCount);
  evaluate(state, decide(state), terms);
  const all = Array.from({ length: state.deviceCount }, (_, device) => device);
  return batteryClasses.map(({ above, upTo }) => {
    const own = all.filter((device) => {
      const battery = state.battery[device] as number;
      return battery > above && battery <= upTo;
    });
    const sum = (values: Float64Array): number => own.reduce((total, device) => total + (values[device] as number), 0);
    return {
      devices: own.length,
      latencyMs: sum(terms.latencyMs),
      computeJ: sum(terms.computeEnergyJ),
      transmitJ: sum(terms.transmitEnergyJ),
    };
  });
}
