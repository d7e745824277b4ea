// The claims, tables and figures of Fig. 6.

import type { Spec } from 'vega';
import {
  estimatePoint,
  type LineStyle,
  linesOf,
  type Panel,
  panelsFigure,
} from '../../../simulator/charts/line-panels.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import { type DraftClaim, verdictOnDirection } from '../../../simulator/runner/claim.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, percentWithin } from '../../../src/core/basics/markdown.ts';
import { combinations } from '../combinations.ts';
import { batteryClasses, type Fig6Change, type Fig6Row } from './fig6-changes.ts';
import { interpretationName, interpretations, isMainInterpretation } from './interpretations.ts';
import { claimMaker, type Tables } from './paper-experiment.ts';
import { type PaperPolicy, withGap } from './paper-policies.ts';

/** A smaller change counts as none, even if it is significant. */
export const leastChange = 0.001;

export function fig6Claims(changes: readonly Fig6Change[]): DraftClaim[] {
  return changes.flatMap((change) => {
    const { interpretation, energyModel, policy, from, to, all, lowBeyondOthers } = change;
    const isMain = isMainInterpretation(interpretation) && energyModel === 'band' && policy === 'best';
    const { payloadLaw, lambdaUnit } = interpretation;
    const choices = { policy, 'payload law': payloadLaw, 'unit of lambda': lambdaUnit, 'energy model': energyModel };
    const make = claimMaker({ figure: 'fig6', choices, isMain });
    const of = (name: string, what: string, claimed: 'falls' | 'rises', one: Estimate): DraftClaim =>
      make(name, `change of ${what}, w from ${from} to ${to}, share`, claimed, one, (interval) =>
        verdictOnDirection(claimed, interval, leastChange),
      );
    const low = 'at B <= 0.2 beyond the others';
    return [
      of('weightEnergy', 'energy', 'falls', all.energy),
      of('weightTransmitEnergy', 'the energy of sending', 'falls', all.transmit),
      of('weightLatency', 'latency', 'rises', all.latency),
      of('weightEnergyLowBattery', `energy ${low}`, 'falls', lowBeyondOthers.energy),
      of('weightLatencyLowBattery', `latency ${low}`, 'rises', lowBeyondOthers.latency),
    ];
  });
}

/** A table for each policy. */
export function fig6Tables(changes: readonly Fig6Change[], policies: readonly PaperPolicy[]): Tables {
  const head = [
    'payload, lambda, energy model',
    'energy E^CP + E^CM',
    'E^CM',
    'E^CM at B <= 0.2',
    'latency',
    'latency at B <= 0.2',
  ];
  const tables = policies.map((policy) => {
    const own = changes.filter((change) => change.policy === policy.name);
    const rows = own.map(({ interpretation, energyModel, all, latency, transmit }) => {
      const words = withGap(`${interpretationName(interpretation)}, ${energyModel}`, policy, interpretation);
      const changes = [all.energy, all.transmit, transmit[0], all.latency, latency[0]] as Estimate[];
      return [words, ...changes.map(percentWithin)];
    });
    return [`policy ${policy.name}`, markdownTable(head, rows)];
  });
  return Object.fromEntries(tables);
}

const colors = [palette.orange, palette.blue, palette.green];
const policyDashes = { best: [], 'tma-masac': [6, 3] } as const;
type DrawnPolicy = keyof typeof policyDashes;

export function fig6Figures(rows: readonly Fig6Row[], seedCount: number): Readonly<Record<string, Spec>> {
  const hasLearned = rows.some(({ policy }) => policy === 'tma-masac');
  const policies: readonly DrawnPolicy[] = hasLearned ? ['best', 'tma-masac'] : ['best'];
  const nameOf = (batteryClass: string, policy: string): string =>
    hasLearned ? `${batteryClass}, ${policy}` : batteryClass;
  const styles = policies.flatMap((policy) =>
    batteryClasses.map(({ name }, index): LineStyle => {
      return { name: nameOf(name, policy), color: colors[index] as string, dash: policyDashes[policy] };
    }),
  );
  const figures = (['band', 'airtime'] as const).map((energyModel) => {
    const isDrawn = ({ policy }: Fig6Row): boolean => (policies as readonly string[]).includes(policy);
    const drawn = rows.filter((row) => row.energyModel === energyModel && isDrawn(row));
    const panels = combinations({ kind: ['latency', 'transmit'], interpretation: interpretations }).map(
      ({ kind, interpretation }): Panel => {
        const title = interpretationName(interpretation);
        const own = drawn.filter((row) => interpretationName(row) === title);
        const lines = linesOf(
          styles,
          own,
          (row) => nameOf(row.batteryClass, row.policy),
          (row) => pointOf(row, kind),
        );
        const yTitle = kind === 'latency' ? 'change of latency, %' : 'change of E^CM, %';
        return { title, xTitle: 'energy weight w', yTitle, leastYRange: 1, lines };
      },
    );
    const spec = panelsFigure({
      title: 'What the energy weight w does to latency and to the energy of sending',
      subtitle: [
        `Preset paper, 90 devices, ten servers, energy model ${energyModel}; columns: payload law and unit of lambda.`,
        `Against w = 20 over the same slots of ${seedCount} seeds; bands: 95 %.${hasLearned ? ' Full: best; dashed: tma-masac.' : ' Policy best.'}`,
      ],
      styles,
      panels,
      columns: interpretations.length,
      panelWidth: 230,
      panelHeight: 200,
    });
    return [`fig6-${energyModel}`, spec];
  });
  return Object.fromEntries(figures);
}

function pointOf(row: Fig6Row, kind: 'latency' | 'transmit') {
  const interval = [row[`${kind}ChangeLow`], row[`${kind}ChangeHigh`]] as const;
  return estimatePoint(row.energyWeight, { value: row[`${kind}Change`], interval }, 100);
}
