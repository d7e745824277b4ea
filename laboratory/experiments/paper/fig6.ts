// The paper's Fig. 6: latency and energy against the energy weight w, by battery class; and its claims: a larger w lowers energy and raises
// latency, most for devices with B <= 0.2.

import type { Estimate } from '../../../simulator/charts/bootstrap.ts';
import type { Drawing } from '../../../simulator/charts/drawing.ts';
import { estimatePoint, linesOf, type Panel } from '../../../simulator/charts/line-panels.ts';
import { dashes, palette } from '../../../simulator/charts/theme.ts';
import { type DraftClaim, onDirection } from '../../../simulator/runner/claim.ts';
import { columnTable, percentWithin } from '../../../simulator/runner/markdown.ts';
import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import type { Policy, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { combinations } from '../combinations.ts';
import { seedsOf, slotsOf } from '../first-slots.ts';
import {
  batteryClasses,
  type ClassFigures,
  type Fig6Case,
  type Fig6Change,
  type Fig6Found,
  type Fig6Row,
  fig6Changes,
  fig6Rows,
} from './fig6-changes.ts';
import { interpretationName, interpretations, isMainInterpretation, underInterpretation } from './interpretations.ts';
import { claimMaker, type PaperExperiment, paperExperiment, type Tables } from './paper-experiment.ts';
import {
  decisionUnder,
  findPolicies,
  learnedPolicies,
  type PaperPolicy,
  policyNames,
  withGap,
} from './paper-policies.ts';

const fig6Policies: readonly string[] = ['best', 'tma+equal', 'tma+optimal'];

/** E^CM as the paper prints it, and as power times airtime. */
const energyModels = ['band', 'airtime'] as const;

const cell = { deviceCount: 90, serverCount: 10 };

/** Units are seeds: a world is made once for all interpretations, weights and policies. */
export const fig6: PaperExperiment = paperExperiment({
  figure: 'fig6',
  description: 'Fig. 6: latency and energy against the energy weight, by battery',
  async plan({ size: { seedCount, energyWeights }, policies: given }) {
    const { policies, notes } = await findPolicies(fig6Policies, learnedPolicies, given);
    const cases = combinations({
      interpretation: interpretations,
      energyModel: energyModels,
      policy: policies.map(({ name }) => name),
      energyWeight: energyWeights,
    });
    return {
      settings: { seeds: seedCount, energyWeights, policies: policyNames(policies), ...cell },
      units: seedsOf(seedCount).map((seed) => ({
        key: `seed ${seed}`,
        async measure(): Promise<Fig6Found> {
          const [state] = await slotsOf({ scenario: 'paper', ...cell }, [seed]);
          return measureFig6(state as SlotState, cases, policies);
        },
      })),
      conclude(found: readonly Fig6Found[]) {
        const changes = fig6Changes(cases, found);
        const rows = fig6Rows(cases, found);
        return {
          claims: changes.flatMap(fig6Claims),
          rows,
          figures: figuresOf(rows, found.length),
          tables: tablesOf(changes, policies),
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
  const { interpretation, energyModel, energyWeight } = one;
  const read = underInterpretation(state, interpretation);
  return { ...read, objective: { ...read.objective, energyModel, energyWeight } };
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

/** A smaller change counts as none, even if it is significant. */
const leastChange = 0.001;

export function fig6Claims(change: Fig6Change): DraftClaim[] {
  const { interpretation, energyModel, policy, from, to, all, lowBeyondOthers } = change;
  const isMain = isMainInterpretation(interpretation) && energyModel === 'band' && policy === 'best';
  const { payloadLaw, lambdaUnit } = interpretation;
  const choices = { policy, 'payload law': payloadLaw, 'unit of lambda': lambdaUnit, 'energy model': energyModel };
  const make = claimMaker({ figure: 'fig6', choices, isMain });
  const claimOf = (name: string, what: string, claimed: 'falls' | 'rises', one: Estimate): DraftClaim => {
    const statement = `change of ${what}, w from ${from} to ${to}, share`;
    return make(name, statement, claimed, one, onDirection(claimed, leastChange));
  };
  const low = 'at B <= 0.2 beyond the others';
  return [
    claimOf('weightEnergy', 'energy', 'falls', all.energy),
    claimOf('weightTransmitEnergy', 'the energy of sending', 'falls', all.transmit),
    claimOf('weightLatency', 'latency', 'rises', all.latency),
    claimOf('weightEnergyLowBattery', `energy ${low}`, 'falls', lowBeyondOthers.energy),
    claimOf('weightLatencyLowBattery', `latency ${low}`, 'rises', lowBeyondOthers.latency),
  ];
}

function tablesOf(changes: readonly Fig6Change[], policies: readonly PaperPolicy[]): Tables {
  const tables = policies.map((policy) => {
    const own = changes.filter((change) => change.policy === policy.name);
    const table = columnTable(own, {
      'payload, lambda, energy model': ({ interpretation, energyModel }) =>
        withGap(`${interpretationName(interpretation)}, ${energyModel}`, policy, interpretation),
      'energy E^CP + E^CM': ({ all }) => percentWithin(all.energy),
      'E^CM': ({ all }) => percentWithin(all.transmit),
      'E^CM at B <= 0.2': ({ transmit }) => percentWithin(transmit[0] as Estimate),
      latency: ({ all }) => percentWithin(all.latency),
      'latency at B <= 0.2': ({ latency }) => percentWithin(latency[0] as Estimate),
    });
    return [`policy ${policy.name}`, table];
  });
  return Object.fromEntries(tables);
}

const colors = [palette.orange, palette.blue, palette.green];
const policyDashes = { best: dashes.full, 'tma-masac': dashes.dashed };

function figuresOf(rows: readonly Fig6Row[], seedCount: number): Readonly<Record<string, Drawing>> {
  const hasLearned = rows.some(({ policy }) => policy === 'tma-masac');
  const drawn = Object.entries(policyDashes).slice(0, hasLearned ? 2 : 1);
  const nameOf = (batteryClass: string, policy: string): string =>
    hasLearned ? `${batteryClass}, ${policy}` : batteryClass;
  const styles = drawn.flatMap(([policy, dash]) =>
    batteryClasses.map(({ name }, index) => ({ name: nameOf(name, policy), color: colors[index] as string, dash })),
  );
  const shown = rows.filter((row) => drawn.some(([policy]) => policy === row.policy));
  const figureOf = (energyModel: string): Drawing => {
    const panels = combinations({ kind: ['latency', 'transmit'], interpretation: interpretations }).map(
      ({ kind, interpretation }): Panel => {
        const title = interpretationName(interpretation);
        const own = shown.filter((row) => row.energyModel === energyModel && interpretationName(row) === title);
        return {
          title,
          xTitle: 'energy weight w',
          yTitle: kind === 'latency' ? 'change of latency, %' : 'change of E^CM, %',
          leastYRange: 1,
          lines: linesOf(
            styles,
            own,
            (row) => nameOf(row.batteryClass, row.policy),
            (row) => pointOf(row, kind),
          ),
        };
      },
    );
    return {
      kind: 'panels',
      title: 'What the energy weight w does to latency and to the energy of sending',
      subtitle: [
        `Preset paper, 90 devices, ten servers, energy model ${energyModel}; panels: payload law and unit of lambda.`,
        `Against w = 20 over the same slots of ${seedCount} seeds; bands: 95 %.${hasLearned ? ' Full: best; dashed: tma-masac.' : ' Policy best.'}`,
      ],
      styles,
      panels,
      columns: 2,
    };
  };
  return Object.fromEntries(energyModels.map((energyModel) => [`fig6-${energyModel}`, figureOf(energyModel)]));
}

function pointOf(row: Fig6Row, kind: 'latency' | 'transmit') {
  const interval = [row[`${kind}ChangeLow`], row[`${kind}ChangeHigh`]] as const;
  return estimatePoint(row.energyWeight, { value: row[`${kind}Change`], interval }, 100);
}
