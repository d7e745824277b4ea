// `outrider simulate`: one scenario, one policy, some slots; what it costs and what a user would wait.

import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { OutriderError } from '../basics/errors.ts';
import { type Fidelity, simulate } from '../experiments/simulate/run.ts';
import { findPolicy } from '../files/policy-file.ts';
import { installed } from '../files/render-figure.ts';
import { findScenario, gather } from '../files/scenario-file.ts';
import { findRadioMap } from '../files/shipped-maps.ts';
import { defaultTraceFile, findTraceFile } from '../files/shipped-traces.ts';
import { type ModeName, modeNames } from '../protocol/mode.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { wholeBetween } from './flag-parsers.ts';
import { withInterrupt } from './interrupt.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface SimulateFlags {
  readonly scenario: string;
  readonly policy: string;
  readonly slots: number;
  readonly seed?: number;
  readonly fidelity: Fidelity;
  readonly mode: ModeName;
  readonly traces?: string | true;
  readonly set: readonly string[];
  readonly out?: string;
  readonly resume?: boolean;
  readonly certify?: boolean;
  readonly report?: boolean;
  readonly json?: boolean;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('run a scenario under a policy and report the objective, each of its terms, latency and energy')
    .option(
      '--scenario <name|file>',
      'a scenario that comes with outrider ("outrider scenario list"), or a file',
      'paper',
    )
    .option(
      '--policy <name|file>',
      'a policy ("outrider allocate --help" lists them), a module that exports one, or masac:FILE with trained weights',
      'max-sinr',
    )
    .option('--slots <count>', 'how many slots', wholeBetween(1, 100_000_000), 200)
    .option('--seed <number>', "instead of the scenario's", wholeBetween(0, Number.MAX_SAFE_INTEGER))
    .addOption(
      new Option(
        '--fidelity <name>',
        'slot: the equations; token: every device and server decodes in virtual time; both: in one run',
      )
        .choices(['slot', 'token', 'both'])
        .default('slot'),
    )
    .addOption(
      new Option('--mode <name>', 'how answers are decoded, fidelity token').choices(modeNames).default('stream'),
    )
    .option(
      '--traces [name|file]',
      'texts and drafts of fidelity token; alone: the shipped trace of the default pair (default: drawn with token.acceptance)',
    )
    .option('--set <path=value>', 'set a value of the scenario; may be given several times', gather, [])
    .option('--certify', "each slot's distance from the optimum by the dual's bound too, which takes longer")
    .option('--out <directory>', 'keep config, tables (Parquet) and summary here')
    .option('--report', 'also write report.html with pictures into --out (needs vega)')
    .option('--resume', 'go on with the interrupted run in --out')
    .option('--json', 'print one JSON document')
    .action(runSimulate);
}

async function runSimulate(flags: SimulateFlags): Promise<void> {
  const { slots, out, fidelity } = flags;
  if (flags.resume === true && out === undefined) {
    throw new OutriderError(
      'bad-argument',
      '--resume needs to know what to go on with',
      'Give the directory with --out.',
    );
  }
  if (flags.report === true) {
    if (out === undefined)
      throw new OutriderError('bad-argument', '--report needs to know where to write', 'Give a directory with --out.');
    // Before hours are spent.
    await installed('vega', () => import('vega'));
  }
  const scenario = await findScenario(flags.scenario, flags.set);
  const seed = flags.seed ?? scenario.seed;
  const policy = await findPolicy(flags.policy);
  const map = await readMapOf(scenario);
  const traces = flags.traces === true ? defaultTraceFile() : flags.traces && findTraceFile(flags.traces);
  const progress = createWorkProgress();
  const startMs = performance.now();
  const result = await withInterrupt((signal) =>
    simulate({
      scenario,
      policy,
      slots,
      seed,
      fidelity,
      tokens: { mode: flags.mode, traces },
      map,
      signal,
      directory: out,
      resume: flags.resume === true,
      certify: flags.certify === true,
      report: flags.report === true,
      onProgress: (done, total) => progress.update('slots', done, total),
    }),
  ).finally(() => progress.stop());
  const seconds = (performance.now() - startMs) / 1000;
  const speed = `${slots} slots in ${seconds.toFixed(2)} s: ${Math.round(slots / seconds)} slots a second`;
  process.stderr.write(result.slotsRun === 0 ? `the run in ${out} is whole: nothing was run\n` : `${speed}\n`);
  const decoding =
    fidelity === 'slot' ? {} : { mode: flags.mode, traces: traces === undefined ? null : basename(traces) };
  const params = { policy: policy.name, slots, fidelity, certify: flags.certify === true, ...decoding, scenario };
  // Rows of slots are for machines.
  const rows = flags.json === true ? result.rows : [];
  printResult('simulate', { rows, summary: { ...result.summary }, params, seed }, flags.json === true);
}

async function readMapOf({ channel }: Scenario): Promise<RadioMap | undefined> {
  return channel.kind === 'map' ? findRadioMap(channel.map) : undefined;
}
