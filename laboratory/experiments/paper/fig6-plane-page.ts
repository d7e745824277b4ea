// Claims, rows, figure and page of the plane of units.

import { heatFigure } from '../../../simulator/charts/heat-panels.ts';
import type { DraftClaim } from '../../../simulator/runner/claim.ts';
import type { Figure } from '../../../simulator/runner/experiment.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, percent } from '../../../src/core/basics/markdown.ts';
import type { Fig6Change } from './fig6-changes.ts';
import type { PlanePoint } from './fig6-plane-points.ts';
import type { Drafted } from './paper-experiment.ts';

interface Facts {
  readonly seedCount: number;
  readonly deviceCount: number;
  readonly serverCount: number;
}

const partCount = 4;

/** What a factor means: with W_j in MHz and P in W as printed, other units multiply delta_CM. */
const unitNames: Readonly<Record<number, string>> = {
  1: 'MHz and W, as in the preset',
  1e3: 'kHz and W, or MHz and mW',
  1e6: 'Hz and W, or kHz and mW',
};

export function planeConclusion(points: readonly PlanePoint[], facts: Facts): Drafted {
  const printed = points.filter(({ energyModel }) => energyModel === 'band');
  const held = (law: string): number => printed.filter((one) => isAt(one, law) && one.heldParts === partCount).length;
  const cellsOfLaw = printed.filter((one) => isAt(one, 'q16')).length;
  const figuresOfSummary = {
    weightRegionCells: cellsOfLaw,
    weightRegionHeldQ16: held('q16'),
    weightRegionHeldIds: held('ids'),
  };
  return {
    claims: points.map(claimOf),
    rows: points.map(rowOf),
    figures: figuresOf(points, facts),
    page: pageOf(points, facts),
    figuresOfSummary,
  };
}

function isAt({ interpretation, policy }: PlanePoint, law: string): boolean {
  return interpretation.payloadLaw === law && policy === 'best';
}

/** All of Fig. 6 at one point: how many of its four parts hold. */
function claimOf(point: PlanePoint): DraftClaim {
  const { policy, energyModel, interpretation, transmitScale, lambdaSpanMs, heldParts, parts } = point;
  const { payloadLaw } = interpretation;
  const isUndecided = !Object.values(parts).includes('does not hold') && heldParts < partCount;
  const rest = isUndecided ? 'undecided' : 'does not hold';
  const isMain =
    policy === 'best' && energyModel === 'band' && payloadLaw === 'q16' && transmitScale === 1 && lambdaSpanMs === 1;
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
      'unit of lambda': spanName(lambdaSpanMs),
    },
    isMain,
  };
}

function spanName(ms: number): string {
  if (ms === 1) return 'per ms';
  return ms < 1000 ? `per ${ms} ms` : `per ${ms === 1000 ? '' : `${ms / 1000} `}s`;
}

function rowOf({
  interpretation,
  all,
  latency,
  energy,
  transmit,
  parts,
  lowBeyondOthers: _beyond,
  ...point
}: PlanePoint) {
  const { policy, energyModel, transmitScale, lambdaSpanMs, heldParts, from, to } = point;
  const { payloadLaw } = interpretation;
  const low = (of: readonly Estimate[]): number | undefined => of[0]?.value;
  return {
    policy,
    energyModel,
    payloadLaw,
    transmitScale,
    lambdaSpanMs,
    from,
    to,
    energyChange: all.energy.value,
    transmitChange: all.transmit.value,
    latencyChange: all.latency.value,
    energyChangeLowBattery: low(energy),
    transmitChangeLowBattery: low(transmit),
    latencyChangeLowBattery: low(latency),
    ...parts,
    heldParts,
  };
}

const levels = [
  { color: '#E3E3E3', label: 'no part holds' },
  { color: '#F6D9C4', label: 'one part' },
  { color: '#F0B98D', label: 'two parts' },
  { color: '#9CCBE3', label: 'three parts' },
  { color: '#57B894', label: 'all of Fig. 6 holds' },
];

function figuresOf(points: readonly PlanePoint[], { seedCount, deviceCount, serverCount }: Facts): Figure[] {
  const policies = [...new Set(points.map(({ policy }) => policy))];
  return policies.map((policy) => {
    const own = points.filter((one) => one.policy === policy);
    const panels = [...Map.groupBy(own, (one) => `${one.energyModel} ${one.interpretation.payloadLaw}`).values()];
    return {
      name: policy === 'best' ? 'fig6-units' : `fig6-units-${policy.replaceAll(/[^A-Za-z0-9]+/g, '-')}`,
      caption: 'Where Fig. 6 holds: the plane of the units of delta_CM and lambda.',
      spec: heatFigure({
        title: 'In which units does Fig. 6 hold?',
        subtitle: [
          `Change of energy and of latency in % from w = ${own[0]?.from} to w = ${own[0]?.to}. Policy ${policy}, ${deviceCount} devices, ${serverCount} servers, first slots of ${seedCount} seeds.`,
          'Parts of the claim: energy falls; latency rises; each most at B <= 0.2. A part holds where all of its 95 % lies beyond 0.1 %.',
        ],
        xTitle: 'delta_CM = 2.6 times',
        yTitle: 'lambda = 0.01',
        xValues: [...new Set(own.map(({ transmitScale }) => scaleName(transmitScale)))],
        yValues: [...new Set(own.map(({ lambdaSpanMs }) => spanName(lambdaSpanMs)))],
        columns: 2,
        levels,
        panels: panels.map((cells) => ({
          title: `energy model ${cells[0]?.energyModel}, payload ${cells[0]?.interpretation.payloadLaw}`,
          cells: cells.map((one) => ({
            x: scaleName(one.transmitScale),
            y: spanName(one.lambdaSpanMs),
            level: one.heldParts,
            text: `${whole(one.all.energy)} / ${whole(one.all.latency)}`,
          })),
        })),
        cellWidth: 66,
      }),
    };
  });
}

function scaleName(scale: number): string {
  return scale < 1000 ? `${scale}` : scale.toExponential(0).replace('+', '');
}

/** Whole per cent with a sign. */
function whole({ value }: Estimate): string {
  const text = (100 * value).toFixed(0);
  if (Number(text) === 0) return '0';
  return value > 0 ? `+${text}` : text;
}

function pageOf(points: readonly PlanePoint[], { seedCount, deviceCount, serverCount }: Facts): string {
  const [first] = points;
  const groups = [...Map.groupBy(points, planeName)];
  const units = Object.entries(unitNames).map(([scale, words]) => `${scaleName(Number(scale))}: ${words}`);
  return [
    `Claimed: a larger w lowers energy and raises latency, most for devices with B <= 0.2. The paper prints delta_CM = 2.6 without a unit and lambda = 0.01 without one. Here: ${deviceCount} devices, ${serverCount} servers,`,
    `the first slot of ${seedCount} worlds, so batteries are as drawn; changes from w = ${first?.from} to w = ${first?.to} over the same slots. Columns multiply delta_CM (${units.join('; ')}); rows divide lambda. Each cell:`,
    'change of energy E^CP + E^CM / of latency / of latency at B <= 0.2, and how many of the four parts hold (energy falls, latency rises, each most at B <= 0.2; 95 % beyond 0.1 %).',
    "Policies decide by the paper's objective.",
    '',
    ...groups.flatMap(([name, own]) => [`${name}:`, '', tableOf(own), '']),
  ].join('\n');
}

function planeName({ policy, energyModel, interpretation }: PlanePoint): string {
  return `\`${policy}\`, energy model \`${energyModel}\`, payload law \`${interpretation.payloadLaw}\``;
}

function tableOf(points: readonly PlanePoint[]): string {
  const scales = [...new Set(points.map(({ transmitScale }) => transmitScale))];
  const rows = [...Map.groupBy(points, ({ lambdaSpanMs }) => lambdaSpanMs)].map(([span, own]) => [
    spanName(span),
    ...own.map(cellOf),
  ]);
  return markdownTable(['lambda', ...scales.map((scale) => `delta_CM x ${scaleName(scale)}`)], rows);
}

function cellOf({ all, latency, heldParts }: Fig6Change & Pick<PlanePoint, 'heldParts'>): string {
  const low = latency[0] as Estimate;
  const shown = [all.energy, all.latency, low].map(({ value }) => percent(value, 0)).join(' / ');
  return heldParts === partCount ? `**${shown}; 4**` : `${shown}; ${heldParts}`;
}
