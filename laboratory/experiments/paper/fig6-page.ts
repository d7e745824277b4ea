// The claims and the page of Fig. 6.

import { type DraftClaim, verdictOnDirection } from '../../../simulator/runner/claim.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, percentWithin } from '../../../src/core/basics/markdown.ts';
import type { Fig6Change } from './fig6-changes.ts';
import { isMainInterpretation } from './interpretations.ts';
import { claimMaker } from './paper-experiment.ts';
import { type PaperPolicy, trainingGap } from './paper-policies.ts';

/** A smaller change counts as none, even if it is significant. */
export const leastChange = 0.001;

export function fig6Claims(changes: readonly Fig6Change[]): DraftClaim[] {
  return changes.flatMap((change) => {
    const { interpretation, energyModel, policy, from, to, all, lowBeyondOthers } = change;
    const isMain = isMainInterpretation(interpretation) && energyModel === 'band' && policy === 'best';
    const { payloadLaw, lambdaUnit } = interpretation;
    const choices = { policy, 'payload law': payloadLaw, 'unit of lambda': lambdaUnit, 'energy model': energyModel };
    const make = claimMaker({ figure: 'fig6', choices, isMain });
    const of = (name: string, statement: string, claimed: 'falls' | 'rises', one: Estimate): DraftClaim => {
      const verdict = verdictOnDirection(claimed, one.interval, leastChange);
      return make(name, `${statement}, w from ${from} to ${to}, share`, claimed, one, verdict);
    };
    return [
      of('weightEnergy', 'change of energy', 'falls', all.energy),
      of('weightTransmitEnergy', 'change of the energy of sending', 'falls', all.transmit),
      of('weightLatency', 'change of latency', 'rises', all.latency),
      of('weightEnergyLowBattery', 'change of energy at B <= 0.2 beyond the others', 'falls', lowBeyondOthers.energy),
      of(
        'weightLatencyLowBattery',
        'change of latency at B <= 0.2 beyond the others',
        'rises',
        lowBeyondOthers.latency,
      ),
    ];
  });
}

interface PageFacts {
  readonly seedCount: number;
  readonly notes: readonly string[];
  readonly deviceCount: number;
  readonly serverCount: number;
  readonly policies: readonly PaperPolicy[];
}

export function fig6Page(changes: readonly Fig6Change[], facts: PageFacts): string {
  const { seedCount, notes, deviceCount, serverCount } = facts;
  const [first] = changes;
  const policies = [...new Set(changes.map(({ policy }) => policy))];
  return [
    `Claimed: a larger w lowers energy and raises latency, most for devices with B <= 0.2. Here: ${deviceCount} devices, ${serverCount} servers, the first slot of ${seedCount} worlds;`,
    `changes from w = ${first?.from} to w = ${first?.to} over the same slots, in brackets 95 % from seeds drawn again. E^CP, the energy of drafting, is fixed by the task, so only`,
    'E^CM can fall. A claim holds where all of the interval lies beyond a change of 0.1 %. Energy model `band` is the one that the paper prints, `airtime` is power times time on air.',
    "Policies decide by the paper's objective, not by what is felt. The unit of delta_CM is another open choice: the next part has the plane of units.",
    ...notes.map((sentence) => `\n${sentence}`),
    '',
    ...policies.map((policy) => tableOf(changes, policy, facts.policies)),
  ].join('\n');
}

function tableOf(changes: readonly Fig6Change[], policy: string, policies: readonly PaperPolicy[]): string {
  const own = changes.filter((change) => change.policy === policy);
  const trained = policies.find(({ name }) => name === policy);
  const rows = own.map(({ interpretation, energyModel, all, latency, transmit }) => {
    const gap = trained === undefined ? '' : trainingGap(trained, interpretation);
    const { payloadLaw, lambdaUnit } = interpretation;
    return [
      `\`${payloadLaw}\`, ${lambdaUnit}, \`${energyModel}\`${gap === '' ? '' : ` (${gap})`}`,
      ...[all.energy, all.transmit, ...transmit.slice(0, 1), all.latency, ...latency.slice(0, 1)].map(percentWithin),
    ];
  });
  const head = [
    'payload, lambda, energy model',
    'energy E^CP + E^CM',
    'E^CM',
    'E^CM at B <= 0.2',
    'latency',
    'latency at B <= 0.2',
  ];
  return `\`${policy}\`:\n\n${markdownTable(head, rows)}\n`;
}
