// `outrider simulate`: one scenario, one policy, some slots; what it costs and what a user would wait.

import { basename } from 'node:path';
import { badArgument } from '../../basics/errors.ts';
import { findPolicy } from '../../files/policy-file.ts';
import { checkRenderers } from '../../files/render-figure.ts';
import { findScenario } from '../../files/scenario-file.ts';
import { findRadioMap } from '../../files/shipped-maps.ts';
import { defaultTraceFile, findTraceFile } from '../../files/shipped-traces.ts';
import type { Experiment } from '../../laboratory/experiment.ts';
import type { OptionsOf } from '../../laboratory/options.ts';
import { type ModeName, modeNames } from '../../protocol/mode.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { runSimulation, type SimulationRun } from './run.ts';

const options = {
  scenario: {
    flag: '--scenario <name|file>',
    help: 'a scenario that comes with outrider ("outrider scenario list"), or a file',
    default: 'paper',
  },
  policy: {
    flag: '--policy <name|file>',
    help: 'a policy ("outrider allocate --help" lists them), a module that exports one, or masac:FILE with trained weights',
    default: 'max-sinr',
  },
  slots: { flag: '--slots <count>', help: 'how many slots', whole: [1, 100_000_000], default: 200 },
  seed: { flag: '--seed <number>', help: "instead of the scenario's", whole: [0, 9_007_199_254_740_991] },
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
  set: {
    flag: '--set <path=value>',
    help: 'set a value of the scenario; may be given several times',
    texts: true,
    default: [],
  },
  certify: {
    flag: '--certify',
    help: 'also compute the dual bound on the distance of each slot from the optimum, which takes longer',
  },
  out: { flag: '--out <directory>', help: 'keep config, tables (Parquet) and summary here' },
  report: { flag: '--report', help: 'also write report.html with pictures into --out (needs vega)' },
  resume: { flag: '--resume', help: 'continue the interrupted run in --out' },
} as const;
type Options = OptionsOf<typeof options>;

interface Found extends SimulationRun {
  readonly scenario: Scenario;
  readonly seed: number;
  /** Null: drafts were drawn. */
  readonly traces: string | null;
  readonly seconds: number;
}

/** Not resumable by units, which would be too many: the journal in the directory keeps every decision, and --resume continues from it. */
export const simulateExperiment: Experiment<typeof options, Found> = {
  name: 'simulate',
  description: 'run a scenario under a policy and report the objective, each of its terms, latency and energy',
  options,
  async measure(given, run) {
    await checkOptions(given);
    const { slots, fidelity, mode, certify, out, report, resume } = given;
    const scenario = await findScenario(given.scenario, given.set);
    const { channel } = scenario;
    const seed = given.seed ?? scenario.seed;
    const traces = given.traces === true ? defaultTraceFile() : given.traces && findTraceFile(given.traces);
    const startMs = performance.now();
    const found = await runSimulation({
      ...{ scenario, slots, seed, fidelity, mode, traces, certify, report, resume },
      policy: await findPolicy(given.policy),
      map: channel.kind === 'map' ? await findRadioMap(channel.map) : undefined,
      directory: out,
      signal: run.signal,
      onProgress: (done, total) => run.onProgress('slots', done, total),
    });
    return { ...found, scenario, seed, traces: traces ?? null, seconds: (performance.now() - startMs) / 1000 };
  },
  conclude({ rows, summary, scenario, seed, traces, slotsRun, seconds }, { policy, slots, fidelity, mode, ...given }) {
    const decoding = fidelity === 'slot' ? {} : { mode, traces: traces === null ? null : basename(traces) };
    const speed = `${slots} slots in ${seconds.toFixed(2)} s: ${Math.round(slots / seconds)} slots a second`;
    return {
      rows,
      // A terminal shows the means only; the rows of slots are in the JSON document.
      forPeople: [],
      summary: { ...summary },
      params: { policy, slots, fidelity, certify: given.certify, ...decoding, scenario },
      seed,
      remarks: [slotsRun === 0 ? `the run in ${given.out} is whole: nothing was run` : speed],
    };
  },
};

/** Refuses wrong options before the run starts. @throws OutriderError `bad-argument` */
async function checkOptions({ out, report, resume }: Options): Promise<void> {
  const remedy = 'Give the directory with --out.';
  if (resume && out === undefined) throw badArgument('--resume needs a directory with an interrupted run', remedy);
  if (report && out === undefined) throw badArgument('--report needs a directory to write into', remedy);
  if (report) await checkRenderers();
}
