// The claims and the page of Fig. 6.

import type { Estimate } from '../../basics/bootstrap.ts';
import { markdownTable, percentWithin } from '../../figures/markdown.ts';
import type { Claim } from '../../laboratory/claim.ts';
import type { Fig6Change } from './fig6-changes.ts';
import { interpretationName, isMainInterpretation } from './interpretations.ts';
import { claimMaker } from './paper-experiment.ts';

/** A smaller change counts as none, even if it is significant. */
const leastChange = 0.001;

export function fig6Claims(changes: readonly Fig6Change[]): Claim[] {
  return changes.flatMap((change) => {
    const { interpretation, energyModel, policy, from, to, all, lowBeyondOthers } = change;
    const isMain = isMainInterpretation(interpretation) && energyModel === 'band' && policy === 'best';
    const make = claimMaker({
      figure: 'fig6',
      interpretation: `${policy}; ${interpretationName(interpretation)}; energy model ${energyModel}`,
      isMain,
    });
    const of = (name: string, statement: string, claimed: 'falls' | 'rises', one: Estimate): Claim => {
      const [low, high] = one.interval;
      const holds = claimed === 'rises' ? low > leastChange : high < -leastChange;
      return make(name, `${statement}, w from ${from} to ${to}, share`, claimed, one, holds);
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
}

export function fig6Page(changes: readonly Fig6Change[], facts: PageFacts): string {
  const { seedCount, notes, deviceCount, serverCount } = facts;
  const [first] = changes;
  const policies = [...new Set(changes.map(({ policy }) => policy))];
  return [
    `Claimed: a larger w lowers energy and raises latency, most for devices with B <= 0.2. Here: ${deviceCount} devices, ${serverCount} servers, the first slot of ${seedCount} worlds;`,
    `changes from w = ${first?.from} to w = ${first?.to} over the same slots, in brackets 95 % from seeds drawn again. E^CP, the energy of drafting, is fixed by the task, so only`,
    'E^CM can fall. A claim holds where all of the interval lies beyond a change of 0.1 %. Energy model `band` is the one that the paper prints, `airtime` is power times time on air.',
    ...notes.map((sentence) => `\n${sentence}`),
    '',
    ...policies.map((policy) => tableOf(changes, policy)),
  ].join('\n');
}

function tableOf(changes: readonly Fig6Change[], policy: string): string {
  const own = changes.filter((change) => change.policy === policy);
  const rows = own.map(({ interpretation, energyModel, all, latency, transmit }) => [
    `\`${interpretation.payloadLaw}\`, ${interpretation.lambdaUnit}, \`${energyModel}\``,
    ...[all.energy, all.transmit, ...transmit.slice(0, 1), all.latency, ...latency.slice(0, 1)].map(percentWithin),
  ]);
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
