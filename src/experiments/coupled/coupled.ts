// `outrider bench coupled`: what it is worth to know that slots are coupled. Policies over many slots of the preset `coupled`, with
// one coupling at a time, with none and with all; the same seeds for all.

import { setImmediate } from 'node:timers/promises';
import { bootstrapInterval, type Interval } from '../../basics/bootstrap.ts';
import { interquartileMean, mean } from '../../basics/statistics.ts';
import { WorkRecord } from '../../files/run-record.ts';
import type { FoundPolicy } from '../../files/shipped-weights.ts';
import { readPreset } from '../../scenario/presets.ts';
import type { Override } from '../../scenario/read-scenario.ts';
import { type CoupledRun, runCoupled } from './run.ts';

export const coupledPreset = 'coupled';
export const usualPolicies = ['max-sinr+optimal', 'hysteresis+optimal', 'best-blind', 'best', 'look-ahead'] as const;
/** What others are held against: the optimum of each slot by itself. */
const reference = 'best';
/** Those that know as much are held against what looks ahead without learning, too. */
const lookAhead = 'look-ahead';
/** Nothing was chosen by looking at these seeds. */
const firstSeed = 101;

/** What is taken out of the preset for each coupling to be alone. */
const without = {
  queues: { path: ['queue', 'law'], value: { kind: 'none' } },
  batteries: { path: ['devices', 'battery', 'drains'], value: false },
  handover: { path: ['handover'], value: { kind: 'none' } },
  'stale CSI': { path: ['knowledge', 'gainAgeSlots'], value: 0 },
} as const satisfies Record<string, Override>;
type Single = keyof typeof without;
const singles = Object.keys(without) as Single[];

/** `none`, each coupling alone, `all`. */
const couplings: readonly string[] = ['none', ...singles, 'all'];

/** Interquartile means over the seeds, with 95 % intervals. */
export interface CoupledRow {
  readonly coupling: string;
  readonly policy: string;
  readonly seeds: number;
  readonly costMs: number;
  readonly costMsLow: number;
  readonly costMsHigh: number;
  /** Cost over that of `best` with the same seed. */
  readonly costVsBest: number;
  readonly costVsBestLow: number;
  readonly costVsBestHigh: number;
  /** Over that of `look-ahead`; null where that isn't among the policies. */
  readonly costVsLookAhead: number | null;
  readonly costVsLookAheadLow: number | null;
  readonly costVsLookAheadHigh: number | null;
  /** Plain mean of the costs, which the worst seeds make. */
  readonly costMsMean: number;
  readonly costMsP95: number;
  readonly latencyMs: number;
  readonly latencyMsLow: number;
  readonly latencyMsHigh: number;
  readonly energyJ: number;
  readonly queueMs: number;
  readonly handoversPer1000Tasks: number;
  readonly batteryOutShare: number;
  readonly decisionCpuMs: number;
}

export interface CoupledOptions {
  readonly policies: readonly FoundPolicy[];
  readonly seeds: number;
  readonly slots: number;
  /** Unless given, all. */
  readonly couplings?: readonly string[];
  /** Keeps finished runs, and goes on from those that are in it; null: nothing is kept. */
  readonly record: string | null;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

export interface CoupledResult {
  readonly rows: CoupledRow[];
  readonly summary: Readonly<Record<string, number>>;
}

/** A finished run, and the file that its policy came from: another file is another policy. */
type Line = CoupledRun & { readonly sha256: string | null };

const recordKind = { format: 'outrider-bench-coupled', name: 'record of a bench' };

/** @throws OutriderError `bad-argument` for a record of something else */
export async function benchCoupled(options: CoupledOptions): Promise<CoupledResult> {
  const { policies, seeds, slots, record: path } = options;
  const asked = { slots, scenario: readPreset(coupledPreset), seed: firstSeed };
  const record = await WorkRecord.open<Line>(path, recordKind, asked);
  const chosen = options.couplings ?? couplings;
  const todo = chosen.flatMap((coupling) =>
    policies.flatMap((policy) =>
      Array.from({ length: seeds }, (_, index) => ({ coupling, policy, seed: firstSeed + index })),
    ),
  );
  const runs: Line[] = [];
  for (const [index, { coupling, policy, seed }] of todo.entries()) {
    options.onProgress?.('runs', index, todo.length);
    const { name, sha256 } = policy;
    let run = record.lines.find(
      (line) => line.coupling === coupling && line.policy === name && line.seed === seed && line.sha256 === sha256,
    );
    if (run === undefined) {
      run = {
        ...runCoupled(readPreset(coupledPreset, overridesOf(coupling)), policy, { coupling, seed, slots }),
        sha256,
      };
      await record.add(run);
      await setImmediate();
    }
    runs.push(run);
  }
  const rows = chosen.flatMap((coupling) =>
    policies.map(({ name }) =>
      rowOf(
        runs.filter((run) => run.coupling === coupling),
        name,
      ),
    ),
  );
  return { rows, summary: summarise(rows) };
}

export function overridesOf(coupling: string): Override[] {
  return coupling === 'all' ? [] : singles.filter((one) => one !== coupling).map((one) => without[one]);
}

function rowOf(runs: readonly CoupledRun[], policy: string): CoupledRow {
  const own = runs.filter((run) => run.policy === policy);
  const [first] = own as [CoupledRun];
  const middle = (pick: (run: CoupledRun) => number): number => interquartileMean(own.map(pick));
  const interval = (values: readonly number[]): Interval =>
    bootstrapInterval(values.length, (at) => interquartileMean(at.map((index) => values[index] as number)));
  const ratiosTo = (other: string): number[] =>
    own.flatMap(({ seed, costMs }) => {
      const paired = runs.find((run) => run.policy === other && run.seed === seed);
      return paired === undefined ? [] : [costMs / paired.costMs];
    });
  const ratios = ratiosTo(reference);
  const toLookAhead = ratiosTo(lookAhead);
  const [costVsLookAheadLow, costVsLookAheadHigh] = toLookAhead.length === 0 ? [null, null] : interval(toLookAhead);
  const [costMsLow, costMsHigh] = interval(own.map(({ costMs }) => costMs));
  const [costVsBestLow, costVsBestHigh] = interval(ratios);
  const [latencyMsLow, latencyMsHigh] = interval(own.map(({ latencyMs }) => latencyMs));
  return {
    coupling: first.coupling,
    policy,
    seeds: own.length,
    costMs: middle(({ costMs }) => costMs),
    costMsLow,
    costMsHigh,
    costVsBest: interquartileMean(ratios),
    costVsBestLow,
    costVsBestHigh,
    costVsLookAhead: toLookAhead.length === 0 ? null : interquartileMean(toLookAhead),
    costVsLookAheadLow,
    costVsLookAheadHigh,
    costMsMean: mean(own.map(({ costMs }) => costMs)),
    costMsP95: middle(({ costMsP95 }) => costMsP95),
    latencyMs: middle(({ latencyMs }) => latencyMs),
    latencyMsLow,
    latencyMsHigh,
    energyJ: middle(({ energyJ }) => energyJ),
    queueMs: middle(({ queueMs }) => queueMs),
    handoversPer1000Tasks: middle(({ handoversPer1000Tasks }) => handoversPer1000Tasks),
    batteryOutShare: middle(({ batteryOutShare }) => batteryOutShare),
    decisionCpuMs: middle(({ decisionCpuMs }) => decisionCpuMs),
  };
}

/** Costs over those of `best` and `look-ahead`: `allHysteresisOptimalVsBest`, `allHysteresisOptimalVsLookAheadLow`, ... */
function summarise(rows: readonly CoupledRow[]): Record<string, number> {
  const entries = rows.flatMap((row) => {
    const { coupling, policy } = row;
    const name = camelCase(`${coupling} ${policy}`);
    const toBest = [
      [`${name}VsBest`, row.costVsBest],
      [`${name}VsBestLow`, row.costVsBestLow],
      [`${name}VsBestHigh`, row.costVsBestHigh],
    ];
    const toLookAhead = [
      [`${name}VsLookAhead`, row.costVsLookAhead],
      [`${name}VsLookAheadLow`, row.costVsLookAheadLow],
      [`${name}VsLookAheadHigh`, row.costVsLookAheadHigh],
    ];
    return [
      ...(policy === reference ? [] : toBest),
      ...(policy === reference || policy === lookAhead || row.costVsLookAhead === null ? [] : toLookAhead),
    ];
  });
  return Object.fromEntries(entries) as Record<string, number>;
}

function camelCase(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}
