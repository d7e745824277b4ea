// The figures of Fig. 6: the effect of the energy weight by battery class, a column for each interpretation.

import { type LineStyle, type Panel, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import type { Figure } from '../../../simulator/runner/experiment.ts';
import { batteryClasses, type Fig6Row } from './fig6-changes.ts';
import { type Interpretation, interpretationName, interpretations } from './interpretations.ts';

const colors = [palette.orange, palette.blue, palette.green];
const policyDashes: Readonly<Record<string, readonly number[]>> = { best: [], 'tma-masac': [6, 3] };

export function fig6Figures(rows: readonly Fig6Row[], seedCount: number): readonly Figure[] {
  return (['band', 'airtime'] as const).map((energyModel) => ({
    name: `fig6-${energyModel}`,
    caption: `Change of latency and of the energy of sending with w, by battery class, energy model ${energyModel}.`,
    spec: panelsFigure({
      title: 'What the energy weight w does to latency and to the energy of sending',
      subtitle: [
        `Preset paper, 90 devices, ten servers, energy model ${energyModel}; columns: payload law and unit of lambda.`,
        `Against w = 20 over the same slots of ${seedCount} seeds; bands: 95 %.${hasLearned(rows) ? ' Full: best; dashed: tma-masac.' : ' Policy best.'}`,
      ],
      styles: stylesOf(rows),
      panels: panelsOf(rows.filter((row) => row.energyModel === energyModel)),
      columns: interpretations.length,
      panelWidth: 230,
      panelHeight: 200,
    }),
  }));
}

function hasLearned(rows: readonly Fig6Row[]): boolean {
  return rows.some(({ policy }) => policy === 'tma-masac');
}

function stylesOf(rows: readonly Fig6Row[]): LineStyle[] {
  const policies = hasLearned(rows) ? ['best', 'tma-masac'] : ['best'];
  return policies.flatMap((policy) =>
    batteryClasses.map(({ name }, index) => ({
      name: policies.length === 1 ? name : `${name}, ${policy}`,
      color: colors[index] as string,
      dash: policyDashes[policy] ?? [],
    })),
  );
}

function panelsOf(rows: readonly Fig6Row[]): Panel[] {
  const styles = stylesOf(rows);
  const of = (interpretation: Interpretation, key: 'latency' | 'transmit'): Panel => ({
    title: interpretationName(interpretation),
    xTitle: 'energy weight w',
    yTitle: key === 'latency' ? 'change of latency, %' : 'change of E^CM, %',
    leastYRange: 1,
    lines: styles.map(({ name }) => ({
      style: name,
      points: rows
        .filter(
          (row) =>
            row.payloadLaw === interpretation.payloadLaw &&
            row.lambdaUnit === interpretation.lambdaUnit &&
            (name === row.batteryClass ? row.policy === 'best' : name === `${row.batteryClass}, ${row.policy}`),
        )
        .map((row) => {
          const [y, low, high] = [row[`${key}Change`], row[`${key}ChangeLow`], row[`${key}ChangeHigh`]];
          return { x: row.energyWeight, y: 100 * y, low: 100 * low, high: 100 * high };
        }),
    })),
  });
  return [
    ...interpretations.map((interpretation) => of(interpretation, 'latency')),
    ...interpretations.map((interpretation) => of(interpretation, 'transmit')),
  ];
}
