// How each claim moves when a value that the paper leaves open is halved or doubled: Fig. 5's reductions, Fig. 6's changes, Fig. 2's window and
// uplink, with everything else as in preset `paper`. Fewer sizes and seeds than the figures.

import type { Estimate } from '../../../simulator/charts/bootstrap.ts';
import type { Drawing } from '../../../simulator/charts/drawing.ts';
import { estimateDot } from '../../../simulator/charts/interval-plot.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import { hashTrace, readTrace } from '../../../simulator/files/trace-files.ts';
import type { Unit } from '../../../simulator/runner/experiment.ts';
import { percentWithin, pivotTable, rounded } from '../../../simulator/runner/markdown.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { baselines } from '../allocation/latency.ts';
import { combinations } from '../combinations.ts';
import { seedsOf, slotsOf } from '../first-slots.ts';
import {
  bestWindow,
  fig2World,
  type PlayedTask,
  playCases,
  rateThatSuffices,
  taskSources,
  uplinksOf,
} from './fig2-sessions.ts';
import { type CellFound, claimedMean, measureCell, reductionOf } from './fig5-reductions.ts';
import { measureFig6 } from './fig6.ts';
import { type Fig6Change, fig6Changes } from './fig6-changes.ts';
import { interpretations, type PayloadLaw, payloadLaws } from './interpretations.ts';
import { type PaperExperiment, paperExperiment, type Tables } from './paper-experiment.ts';
import { findPolicies } from './paper-policies.ts';
import {
  type PhysicsCase,
  type PhysicsFound,
  physicsCases,
  physicsEstimates,
  physicsUnit,
  taskEstimates,
} from './physics.ts';
import { type Variant, variants } from './sensitivity-values.ts';
import type { Size } from './sizes.ts';

const base: Variant = { value: 'as in the preset', becomes: '', kind: 'other', overrides: [], moves: 'both' };
const taken = interpretations.filter(({ lambdaUnit }) => lambdaUnit === 'per-ms');
const policies = [...baselines.map((name) => `${name}+equal`), 'tma+equal', 'best'];
const gammas = [1, 2, 3, 4, 6, 8, 10, 15, 20, 25];
const hardwareNames = ['preset', 'one machine'] as const;
const energyCases = combinations({
  interpretation: taken,
  energyModel: ['band'],
  policy: ['best'],
  energyWeight: [20, 100],
});

type VariantFound = Awaited<ReturnType<typeof measureVariant>>;
type SlotsFound = Awaited<ReturnType<typeof measureSlots>>;

export const sensitivity: PaperExperiment = paperExperiment({
  figure: 'sensitivity',
  description: 'How the claims move with what the paper leaves open',
  plan({ size, tracePath }) {
    const trace = tracePath === null ? null : readTrace(tracePath);
    const { cells, seedCount, answerCount, variantLimit, physics } = size.sensitivity;
    const tried = [base, ...variants.slice(0, variantLimit)];
    const cases = physicsCases(physics.caseLimit);
    const variantUnits = tried.map((variant) => ({
      key: `${variant.value}: ${variant.becomes}`,
      measure: () => measureVariant(variant, size, trace),
    }));
    const physicsUnits = cases.map((one) => physicsUnit(one, physics.seedCount, physics.slots));
    return {
      settings: { cells, seedCount, trace: trace && hashTrace(trace), answerCount, tried, physics, cases },
      units: [...variantUnits, ...physicsUnits] as Unit<VariantFound | PhysicsFound>[],
      conclude(found) {
        const ofPhysics = found.slice(tried.length) as PhysicsFound[];
        const rows = [
          ...tried.flatMap((variant, index) => rowsOf(variant, found[index] as VariantFound, seedCount)),
          ...physicsRows(cases, ofPhysics.map(physicsEstimates)),
        ];
        return {
          claims: [],
          rows,
          figures: { sensitivity: sensitivityFigure(rows, seedCount) },
          // Tasks are in the table only.
          tables: movedTables([...rows, ...physicsRows(cases, ofPhysics.map(taskEstimates))]),
        };
      },
    };
  },
});

async function measureVariant(variant: Variant, size: Size, trace: Trace | null) {
  return {
    slots: variant.moves === 'sessions' ? null : await measureSlots(variant, size),
    sessions: variant.moves === 'slots' ? null : playSessions(variant, size, trace),
  };
}

function rowsOf(variant: Variant, { slots, sessions }: VariantFound, seedCount: number): MovedRow[] {
  const ofSlots = (law: PayloadLaw): MovedRow[] =>
    slots === null ? [] : movedRows(variant, law, slotEstimates(slots, law, seedCount));
  const ofSessions = (name: string): MovedRow[] => {
    const own = sessions?.filter(({ hardware }) => hardware === name);
    return own === undefined ? [] : movedRows(variant, name, sessionEstimates(own));
  };
  return [...payloadLaws.flatMap(ofSlots), ...hardwareNames.flatMap(ofSessions)];
}

/** Lambda per ms, baselines with equal shares. */
function slotEstimates({ cells, energy }: SlotsFound, payloadLaw: PayloadLaw, seedCount: number) {
  const changes = fig6Changes(energyCases, energy);
  const interpretation = { payloadLaw, lambdaUnit: 'per-ms', mostQueued: 0 } as const;
  const given = { interpretation, shares: 'equal', latency: 'latencyMs' } as const;
  const measured = cells.map((found) => ({ found }));
  const best = reductionOf(measured, seedCount, { ...given, method: 'best' });
  const tma = reductionOf(measured, seedCount, { ...given, method: 'tma' });
  const { all } = changes.find((change) => change.interpretation.payloadLaw === payloadLaw) as Fig6Change;
  return {
    bestMean: best.mean,
    bestMost: best.most,
    bestAgainstMaxSinr: best.against[baselines.indexOf('max-sinr')] as Estimate,
    tmaMean: tma.mean,
    transmitChange: all.transmit,
    latencyChange: all.latency,
  };
}

/** @param tasks of one hardware, code and summaries first */
function sessionEstimates(tasks: readonly PlayedTask[]) {
  const [code, summaries] = tasks as [PlayedTask, PlayedTask];
  const top = Math.max(...uplinksOf(tasks));
  return { code: bestWindow(code, top), summaries: bestWindow(summaries, top), uplink: rateThatSuffices(tasks) };
}

async function measureSlots({ overrides }: Variant, { sensitivity: { cells, seedCount } }: Size) {
  const seeds = seedsOf(seedCount);
  const { policies: found } = await findPolicies(policies, []);
  const sizes = cells.map(([deviceCount, serverCount]) => ({ deviceCount, serverCount, overrides }));
  const results: CellFound[] = [];
  for (const size of sizes) results.push(await measureCell(size, seeds, found, taken));
  const states = await slotsOf({ scenario: 'paper', ...(sizes[0] as (typeof sizes)[number]) }, seeds);
  return { cells: results, energy: states.map((state) => measureFig6(state, energyCases, found)) };
}

function playSessions({ overrides }: Variant, size: Size, trace: Trace | null): PlayedTask[] {
  const { hardware, roundTripMs, bytesPerDraft } = fig2World(overrides);
  const settings = { roundTripMs, bytesPerDraft: bytesPerDraft.q16, answerTokens: size.answerTokens };
  const cases = combinations({
    uplinkMbps: size.uplinksMbps.filter((uplinkMbps) => uplinkMbps >= 20),
    window: gammas,
    mode: ['psd'],
  });
  return combinations({
    machine: hardware.filter(({ name }) => name !== 'loaded edge'),
    source: taskSources(trace, size.sensitivity.answerCount),
  }).map(({ machine, source }): PlayedTask => {
    const { kind, description } = source;
    const played = playCases(source, cases, machine, settings);
    return { kind, description, hardware: machine.name, law: 'q16', cases: played };
  });
}

type Change = Pick<Variant, 'value' | 'becomes' | 'kind'>;
type Estimates = Readonly<Record<string, Estimate>>;

/** An estimate that moves with a changed value. */
interface MovedRow extends Change {
  readonly quantity: string;
  /** Payload law, hardware, or world and payload law. */
  readonly of: string;
  readonly measured: number;
  readonly low: number;
  readonly high: number;
}

function movedRows({ value, becomes, kind }: Change, of: string, estimates: Estimates): MovedRow[] {
  return Object.entries(estimates).map(([quantity, { value: measured, interval }]) => {
    return { value, becomes, kind, quantity, of, measured, low: interval[0], high: interval[1] };
  });
}

export function physicsRows(cases: readonly PhysicsCase[], estimates: readonly Estimates[]): MovedRow[] {
  return cases.flatMap(({ world, becomes, law }, index) => {
    const change: Change = { value: 'physics of a slot', becomes, kind: 'other' };
    return movedRows(change, `${world}, ${law}`, estimates[index] ?? {});
  });
}

/** Heads of the columns of shares; other quantities stand under their own names, as numbers. */
const shareNames: Readonly<Record<string, string>> = {
  bestMean: '`best`, mean',
  bestMost: '`best`, at most',
  bestAgainstMaxSinr: '`best` against `max-sinr`',
  tmaMean: '`tma`, mean',
  transmitChange: 'E^CM, w 20 to 100',
  latencyChange: 'latency, w 20 to 100',
  unservedShare: 'unserved',
};

export function movedTables(rows: readonly MovedRow[]): Tables {
  const tableOf = (own: readonly MovedRow[]): string =>
    pivotTable(own, {
      corner: 'value',
      rowOf: ({ value, becomes }) => (becomes === '' ? value : `${value}: ${becomes}`),
      columnOf: ({ quantity }) => shareNames[quantity] ?? `\`${quantity}\``,
      cellOf: ({ quantity, measured, low, high }) =>
        quantity in shareNames
          ? percentWithin({ value: measured, interval: [low, high] })
          : `${rounded(measured)} (${rounded(low)} to ${rounded(high)})`,
    });
  return Object.fromEntries([...Map.groupBy(rows, ({ of }) => of)].map(([of, own]) => [of, tableOf(own)]));
}

function sensitivityFigure(rows: readonly MovedRow[], seedCount: number): Drawing {
  const columns = [
    { name: 'q16: best, mean', of: 'q16', quantity: 'bestMean', domain: [0, 100], marker: 100 * claimedMean },
    { name: 'q16: best, max-sinr', of: 'q16', quantity: 'bestAgainstMaxSinr', domain: [0, 40], marker: null },
    { name: 'ids: best, mean', of: 'ids', quantity: 'bestMean', domain: [0, 100], marker: 100 * claimedMean },
  ] as const;
  const dots = columns.flatMap(({ name: column, of, quantity }) =>
    rows
      .filter((row) => row.of === of && row.quantity === quantity)
      .map(({ value: row, kind: series, measured: value, low, high }) =>
        estimateDot({ row, series, column }, { value, interval: [low, high] }, 100),
      ),
  );
  return {
    kind: 'dots',
    title: 'How the claims of Fig. 5 move with what the paper leaves open',
    subtitle: [
      'Latency taken off the three baselines with equal shares, and off max-sinr alone; each value changed alone.',
      `Bars: 95 % of ${seedCount} seeds. Thin line: the claimed mean. First row: preset paper as it is.`,
    ],
    columns: columns.map(({ name, domain, marker }) => ({ name, domain, marker, xTitle: 'less latency, %' })),
    colors: { halved: palette.blue, other: palette.grey, doubled: palette.orange },
    dots,
  };
}
