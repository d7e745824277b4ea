// The plane of units in which the paper's Fig. 6 holds: delta_CM is printed without a unit and lambda as 10^-2, so both are varied by powers of ten,
// and each point is measured as Fig. 6 itself is. Batteries are those of the first slot, so they do not drain.

import type { Drawing } from '../../../simulator/charts/drawing.ts';
import { levelsOf } from '../../../simulator/charts/heat-panels.ts';
import { type DraftClaim, onDirection } from '../../../simulator/runner/claim.ts';
import { percent, pivotTable } from '../../../simulator/runner/markdown.ts';
import { combinations } from '../combinations.ts';
import { energyModels, fig6Units, leastChange, measureFig6 } from './fig6.ts';
import { type Fig6Change, type Fig6Found, fig6Changes } from './fig6-changes.ts';
import { payloadLaws } from './interpretations.ts';
import { type Drafted, type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import { findPolicies, policyNames } from './paper-policies.ts';
import type { Size } from './sizes.ts';

/** The printed delta_CM times these. */
const transmitScales: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 4e5, 1e6, 1e7];
/** Lambda is 0.01 per this many ms. */
const lambdaSpansMs: readonly number[] = [1, 10, 100, 1000, 10_000];

export const fig6Plane: PaperExperiment = paperExperiment({
  figure: 'fig6-units',
  description: 'Fig. 6 by units: where in the plane of the units of delta_CM and lambda it holds',
  async plan({ size: { plane, energyWeights }, policies: given }) {
    const { seedCount, ...cell } = plane;
    const { policies } = await findPolicies(['best'], [], given);
    const weights = [Math.min(...energyWeights), Math.max(...energyWeights)];
    const cases = combinations({
      policy: policies.map(({ name }) => name),
      energyModel: energyModels,
      interpretation: payloadLaws.map((payloadLaw) => ({ payloadLaw, lambdaUnit: 'per-ms' as const, mostQueued: 0 })),
      lambdaScale: lambdaSpansMs.map((span) => 1 / span),
      transmitScale: transmitScales,
      energyWeight: weights,
    });
    const settings = { seeds: seedCount, weights, transmitScales, lambdaSpansMs, policies: policyNames(policies) };
    return {
      settings: { ...settings, ...cell },
      units: fig6Units(cell, seedCount, (state) => measureFig6(state, cases, policies)),
      conclude: (found: readonly Fig6Found[]) => planeConclusion(fig6Changes(cases, found), plane),
    };
  },
});

type PlaneRow = ReturnType<typeof planeRow>;

function planeRow(change: Fig6Change) {
  const { all, lowBeyondOthers, transmitScale = 1, lambdaScale = 1 } = change;
  const falls = onDirection('falls', leastChange);
  const rises = onDirection('rises', leastChange);
  const parts = {
    energyFalls: falls(all.energy.interval),
    latencyRises: rises(all.latency.interval),
    energyMostAtLowBattery: falls(lowBeyondOthers.energy.interval),
    latencyMostAtLowBattery: rises(lowBeyondOthers.latency.interval),
  };
  const lowBattery = (kind: 'energy' | 'transmit' | 'latency'): number => change[kind][0]?.value ?? Number.NaN;
  return {
    policy: change.policy,
    energyModel: change.energyModel,
    payloadLaw: change.interpretation.payloadLaw,
    transmitScale,
    lambdaSpanMs: Math.round(1 / lambdaScale),
    from: change.from,
    to: change.to,
    energyChange: all.energy.value,
    transmitChange: all.transmit.value,
    latencyChange: all.latency.value,
    energyChangeLowBattery: lowBattery('energy'),
    transmitChangeLowBattery: lowBattery('transmit'),
    latencyChangeLowBattery: lowBattery('latency'),
    ...parts,
    heldParts: Object.values(parts).filter((verdict) => verdict === 'holds').length,
  };
}

const partCount = 4;

export function planeConclusion(changes: readonly Fig6Change[], facts: Size['plane']): Drafted {
  const rows = changes.map(planeRow);
  const policies = [...Map.groupBy(rows, ({ policy }) => policy)];
  const planes = Map.groupBy(rows, (row) => `policy ${row.policy}, ${planeName(row)}`);
  const cells = (law: string): PlaneRow[] =>
    rows.filter((row) => row.energyModel === 'band' && row.policy === 'best' && row.payloadLaw === law);
  const held = (law: string): number => cells(law).filter(({ heldParts }) => heldParts === partCount).length;
  return {
    claims: rows.map(claimOf),
    rows,
    figures: Object.fromEntries(policies.map(([name, own]) => [figureName(name), figureOf(own, facts)])),
    tables: Object.fromEntries([...planes].map(([name, own]) => [name, tableOf(own)])),
    figuresOfSummary: {
      weightRegionCells: cells('q16').length,
      weightRegionHeldQ16: held('q16'),
      weightRegionHeldIds: held('ids'),
    },
  };
}

/** All of Fig. 6 at one point: how many of its four parts hold. */
function claimOf(row: PlaneRow): DraftClaim {
  const { policy, energyModel, payloadLaw, transmitScale, heldParts } = row;
  const isPrinted = transmitScale === 1 && row.lambdaSpanMs === 1;
  const rest = Object.values(row).includes('does not hold') ? 'does not hold' : 'undecided';
  return {
    figure: 'fig6-units',
    name: 'weightTradeOff',
    statement: 'all of Fig. 6: of its four parts, so many hold',
    claimed: partCount,
    measured: heldParts,
    interval: null,
    verdict: heldParts === partCount ? 'holds' : rest,
    choices: {
      policy,
      'payload law': payloadLaw,
      'energy model': energyModel,
      'unit of delta_CM': `x ${transmitScale}`,
      'unit of lambda': spanName(row),
    },
    isMain: isPrinted && policy === 'best' && energyModel === 'band' && payloadLaw === 'q16',
  };
}

function planeName({ energyModel, payloadLaw }: PlaneRow): string {
  return `energy model ${energyModel}, payload ${payloadLaw}`;
}

function spanName({ lambdaSpanMs: ms }: PlaneRow): string {
  if (ms < 1000) return ms === 1 ? 'per ms' : `per ${ms} ms`;
  return ms === 1000 ? 'per s' : `per ${ms / 1000} s`;
}

function scaleName({ transmitScale: scale }: PlaneRow): string {
  return scale < 1000 ? `${scale}` : scale.toExponential(0).replace('+', '');
}

function tableOf(rows: readonly PlaneRow[]): string {
  return pivotTable(rows, {
    corner: 'lambda',
    rowOf: spanName,
    columnOf: (row) => `delta_CM x ${scaleName(row)}`,
    cellOf({ energyChange, latencyChange, latencyChangeLowBattery, heldParts }) {
      const changes = [energyChange, latencyChange, latencyChangeLowBattery];
      const text = `${changes.map((change) => percent(change, 0)).join(' / ')}; ${heldParts}`;
      return heldParts === partCount ? `**${text}**` : text;
    },
  });
}

const levels = levelsOf(['no part holds', 'one part', 'two parts', 'three parts', 'all of Fig. 6 holds']);

function figureName(policy: string): string {
  return policy === 'best' ? 'fig6-units' : `fig6-units-${policy.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
}

function figureOf(rows: readonly PlaneRow[], { seedCount, deviceCount, serverCount }: Size['plane']): Drawing {
  const [{ policy, from, to }] = rows as [PlaneRow];
  const cellOf = (row: PlaneRow) => ({
    x: scaleName(row),
    y: spanName(row),
    level: row.heldParts,
    text: `${whole(row.energyChange)}/${whole(row.latencyChange)}`,
  });
  return {
    kind: 'heat',
    title: 'In which units does Fig. 6 hold?',
    subtitle: [
      `Change of energy/latency in % from w = ${from} to w = ${to}. Policy ${policy}, ${deviceCount} devices, ${serverCount} servers, first slots of ${seedCount} seeds.`,
      'Parts of the claim: energy falls; latency rises; each most at B <= 0.2. A part holds where all of its 95 % lies beyond 0.1 %.',
    ],
    xTitle: 'delta_CM = 2.6 times',
    yTitle: 'lambda = 0.01',
    levels,
    panels: [...Map.groupBy(rows, planeName)].map(([title, own]) => ({ title, cells: own.map(cellOf) })),
  };
}

/** Whole per cent with a sign. */
function whole(share: number): string {
  const text = (100 * share).toFixed(0);
  if (Number(text) === 0) return '0';
  return share > 0 ? `+${text}` : text;
}
