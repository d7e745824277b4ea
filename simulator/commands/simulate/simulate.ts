// `outrider simulate`: one scenario, a policy, some slots; what it costs and what a user would wait. With several policies or seeds it is a
// sweep: every policy with the same seeds.

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { type ModeName, modeNames } from '../../../src/core/protocol/wire/mode.ts';
import { findPolicy } from '../../../src/files/policy-file.ts';
import { checkWritable } from '../../files/check-writable.ts';
import { csvOf } from '../../files/csv.ts';
import { checkRenderers } from '../../files/render-figure.ts';
import { findScenario } from '../../files/scenario-file.ts';
import { findMapOf } from '../../files/shipped-maps.ts';
import { defaultTraceFile, findTraceFile } from '../../files/shipped-traces.ts';
import type { Experiment, Run } from '../../runner/experiment.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { setOption } from '../set-option.ts';
import { runSimulation, type SimulationOptions, type SimulationRun } from './run.ts';
import { type SweepRun, sweepRecords, sweepRows, sweepSummary, sweepTable } from './sweep.ts';

const options = {
  scenario: {
    flag: '--scenario <name|file>',
    help: 'a scenario that comes with outrider ("outrider scenario list"), or a file',
    default: 'paper',
  },
  policy: {
    flag: '--policy <name|file>',
    help: 'a policy ("outrider allocate --help" lists them), a module that exports one, or masac:FILE with trained weights; several times: all are compared with the first',
    texts: true,
    type: [] as readonly string[],
    default: [],
    defaultLabel: 'max-sinr',
  },
  slots: { flag: '--slots <count>', help: 'how many slots', whole: [1, 100_000_000], default: 200 },
  seed: { flag: '--seed <number>', help: "instead of the scenario's", whole: [0, 9_007_199_254_740_991] },
  seeds: {
    flag: '--seeds <count>',
    help: 'run as many seeds, from --seed on, the same for every policy: means and 95 % intervals',
    whole: [1, 10_000],
    default: 1,
  },
  fidelity: {
    flag: '--fidelity <name>',
    help: 'slot: the equations; token: every device and server decodes in virtual time; both: in one run',
    choices: ['slot', 'token', 'both'],
    default: 'slot',
  },
  mode: {
    flag: '--mode <name>',
    help: 'how answers are decoded, fidelity token',
    choices: modeNames as readonly ModeName[],
    default: 'stream',
  },
  traces: {
    flag: '--traces [name|file]',
    help: 'texts and drafts of fidelity token; alone: the shipped trace of the default pair (default: drawn with token.acceptance)',
    type: undefined as string | true | undefined,
  },
  set: setOption as typeof setOption,
  objective: {
    flag: '--objective <name>',
    help: "what policies minimise and the objective counts: felt, the predicted time per token of an answer; paper, latency and mismatch of a window (default: the scenario's objective.kind, otherwise felt)",
    choices: ['felt', 'paper'],
    default: undefined as 'felt' | 'paper' | undefined,
  },
  certify: {
    flag: '--certify',
    help: 'also compute the dual bound on the distance of each slot from the optimum, which takes longer',
  },
  out: { flag: '--out <directory>', help: 'keep config, tables (Parquet) and summary here' },
  report: { flag: '--report', help: 'also write report.html with pictures into --out (needs vega)' },
  resume: {
    flag: '--resume',
    help: 'run in --out what is not whole: of a sweep the runs that are missing, an interrupted run from its begin',
  },
  csv: { flag: '--csv <file>', help: 'write a record for each policy and seed, with every figure of its summary' },
  /** A single policy runs beside a baseline, for the table. */
  hasBaseline: { default: false as boolean },
} as const;
type Options = OptionsOf<typeof options>;

interface Found {
  readonly runs: readonly (SweepRun & SimulationRun)[];
  /** Runs to compare them with; empty: the first policy, or nothing. */
  readonly baseline: Found['runs'];
  readonly scenario: Scenario;
  readonly policies: readonly string[];
  readonly seed: number;
  /** Null: drafts were drawn. */
  readonly traces: string | null;
  readonly seconds: number;
}

/**
 * Not resumable by units: in a sweep each run has a directory of its own, and a run that is whole is read.
 */
export const simulateExperiment: Experiment<typeof options, Found> = {
  name: 'simulate',
  examples: [
    'outrider simulate --slots 200',
    'outrider simulate --scenario coupled --policy best --policy max-sinr --seeds 3',
  ],
  description: 'run a scenario under one policy or several and report the objective, its terms, latency and energy',
  options,
  async measure(given, run) {
    await checkOptions(given);
    const scenario = withObjective(await findScenario(given.scenario, given.set), given.objective);
    const seed = given.seed ?? scenario.seed;
    const traces = given.traces === true ? defaultTraceFile() : given.traces && findTraceFile(given.traces);
    const startMs = performance.now();
    const policies = [...new Set(given.policy.length === 0 ? ['max-sinr'] : given.policy)];
    const asked = { ...given, policies, scenario, firstSeed: seed, traces };
    const runs = await runAll(asked, run);
    const baseline = given.hasBaseline && policies.length === 1 ? await runBaseline(asked, run) : [];
    if (given.csv !== undefined) await writeFile(given.csv, csvOf(sweepRecords(runs)));
    const seconds = (performance.now() - startMs) / 1000;
    return { runs, baseline, scenario, policies, seed, traces: traces ?? null, seconds };
  },
  conclude(found, given) {
    const [only] = found.runs as [Found['runs'][number]];
    const { seed, scenario, policies, traces, seconds } = found;
    const { slots, seeds, fidelity, mode, certify } = given;
    const decoding = fidelity === 'slot' ? {} : { mode, traces: traces === null ? null : basename(traces) };
    const about = { slots, fidelity, certify, ...decoding, scenario };
    const slotsOf = (runs: Found['runs']): number => runs.reduce((sum, one) => sum + one.slotsRun, 0);
    const slotsRun = slotsOf([...found.runs, ...found.baseline]);
    const speed = `${slotsRun} slots in ${seconds.toFixed(2)} s: ${Math.round(slotsRun / seconds)} slots a second`;
    const remarks = [slotsOf(found.runs) === 0 ? `the run in ${given.out} is whole: nothing was run` : speed];
    remarks.push(...unservedRemarks(found.runs));
    const table = sweepTable(sweepRows([...found.baseline, ...found.runs]));
    if (found.runs.length > 1) {
      const rows = sweepRows(found.runs);
      const params = { policies, seeds, ...about };
      return { rows, table, summary: sweepSummary(rows, seeds), params, seed, remarks };
    }
    const params = { policy: only.policy, ...about };
    return { rows: only.rows, table, summary: { ...only.summary }, params, seed, remarks };
  },
  tableOptions: { hasBaseline: true },
};

function unservedRemarks(runs: Found['runs']): string[] {
  const [first, ...others] = runs.filter(({ summary }) => isUnserved(summary));
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} other runs`;
  return [
    `${first.policy}, seed ${first.seed}${more}: no device had both a task and a server; look at radio, distances, batteries and arrivals of the scenario, and at the policy`,
  ];
}

function isUnserved({ unservedShare, sessions, unfinishedSessions = 0 }: Found['runs'][number]['summary']): boolean {
  return sessions === undefined ? unservedShare === 1 : sessions + unfinishedSessions === 0;
}

function withObjective(scenario: Scenario, asked: 'felt' | 'paper' | undefined): Scenario {
  const kind = asked ?? scenario.objective.kind ?? 'felt';
  return { ...scenario, objective: { ...scenario.objective, kind } };
}

interface Asked extends Omit<Options, 'scenario' | 'traces'>, Pick<SimulationOptions, 'scenario' | 'traces'> {
  readonly policies: readonly string[];
  readonly firstSeed: number;
}

/** Every policy with every seed, policies one after the other. */
async function runAll(asked: Asked, run: Run): Promise<Found['runs']> {
  const { scenario, policies, seeds, firstSeed, out } = asked;
  const map = await findMapOf(scenario);
  const found = await Promise.all(policies.map(findPolicy));
  const pairs = found.flatMap((policy) =>
    Array.from({ length: seeds }, (_, index) => ({ policy, seed: firstSeed + index })),
  );
  const isSweep = pairs.length > 1;
  const runs: (SweepRun & SimulationRun)[] = [];
  for (const [index, { policy, seed }] of pairs.entries()) {
    const directory = isSweep && out !== undefined ? join(out, directoryName(policy.name, seed)) : out;
    const result = await runSimulation({
      ...asked,
      policy,
      seed,
      map,
      directory,
      // Of an interrupted sweep the later runs have not begun.
      resume: asked.resume && (!isSweep || (directory !== undefined && existsSync(directory))),
      signal: run.signal,
      onProgress: (done, slots) => run.onProgress('slots', index * slots + done, pairs.length * slots),
    });
    runs.push({ policy: policy.name, seed, ...result });
  }
  return runs;
}

/**
 * Runs a fleet without a controller and without drafts: each device at the edge with the best SNR, which writes alone. Where that is the run
 * in question, it runs a simple policy.
 */
async function runBaseline(asked: Asked, run: Run): Promise<Found['runs']> {
  const mode = asked.fidelity === 'slot' ? asked.mode : 'ar';
  const policy = asked.policies[0] === 'max-sinr' && asked.mode === mode ? 'greedy' : 'max-sinr';
  const alone = { policies: [policy], mode, out: undefined, report: false, resume: false, certify: false } as const;
  const runs = await runAll({ ...asked, ...alone }, run);
  return mode === asked.mode ? runs : runs.map((one) => ({ ...one, policy: `${policy}, edge alone` }));
}

/** A policy may be the path of a file. */
function directoryName(policy: string, seed: number): string {
  return `${policy.replaceAll(/[^a-zA-Z0-9+@.-]+/g, '-')}-seed-${seed}`;
}

/** Refuses wrong options before the run starts. @throws OutriderError `bad-argument` */
async function checkOptions({ out, report, resume, csv }: Options): Promise<void> {
  const remedy = 'Give the directory with --out.';
  if (resume && out === undefined) throw badArgument('--resume needs a directory with an interrupted run', remedy);
  if (report && out === undefined) throw badArgument('--report needs a directory to write into', remedy);
  if (csv !== undefined) checkWritable(csv);
  if (report) await checkRenderers();
}
