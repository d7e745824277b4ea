// The flags of `outrider bench modes`, and what each clock takes where a flag is not given.

import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { OutriderError } from '../basics/errors.ts';
import type { LookUpPlace, MinConfidence } from '../experiments/look-up-place.ts';
import { modesFigure } from '../experiments/modes/figure.ts';
import type { BenchMode, ModeRow } from '../experiments/modes/metrics.ts';
import type { ModesResult } from '../experiments/modes/virtual-clock.ts';
import { benchModesVirtual } from '../experiments/modes/virtual-clock.ts';
import { benchModesWall } from '../experiments/modes/wall-clock.ts';
import { checkFigure, writeFigure } from '../files/render-figure.ts';
import { defaultEdgeProfile, latencyProfiles } from '../models/profiles.ts';
import { type ModeName, modeNames } from '../protocol/mode.ts';
import { lookUpOption, minConfidenceOption } from './draft-flags.ts';
import { numberBetween, numberList, wholeBetween } from './flag-parsers.ts';
import { pairOption } from './pair-flags.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress, type WorkProgress } from './work-progress.ts';

interface ModesFlags {
  readonly clock: 'virtual' | 'wall';
  readonly modes?: readonly BenchMode[];
  readonly acceptance: readonly number[];
  readonly rtt?: readonly number[];
  readonly seeds: number;
  readonly seed: number;
  readonly tokens?: number;
  readonly workers: number;
  readonly maxAhead: number;
  readonly minConfidence: MinConfidence;
  readonly full?: boolean;
  readonly quick?: boolean;
  readonly pair: string;
  readonly profile: string;
  readonly unpaced?: boolean;
  readonly prompts?: number;
  readonly repeats?: number;
  readonly tries?: number;
  readonly gammas?: readonly number[];
  readonly resume?: string;
  readonly minutes?: number;
  readonly lookUp: LookUpPlace;
  readonly figure?: string;
  readonly json?: boolean;
}

const notes = `
--clock virtual needs no model and depends on no load: the protocol machines with a toy draft of a set acceptance.
--clock wall runs an edge process and this device process with real models, the edge paced to the profile; it says first how
long it will take (not with --unpaced), and exits with 1 if any text differs from the edge's own. At its default size that is about
50 minutes on a quiet machine: 7 modes x 5 round trips x 5 repeats, a run long enough that 1 % of its steps is not none. In slices of
ten minutes:
  outrider bench modes --clock wall --resume modes.jsonl --minutes 10
Repeat the command until it says nothing of runs left; each slice prints what there is so far, and the first repeat has every cell.

With --unpaced the edge is as quick as this machine, for a pair whose target is large beside its draft, on a quiet machine:
  outrider bench modes --clock wall --pair qwen2.5-coder --unpaced
The texts of ar-native may differ from the exact ones: they are compared, and counted apart.

Definitions and how to read the rows: docs/benchmarks.md.`;

export function modesCommand(): Command {
  const command = new Command('modes')
    .description('every mode side by side: ms per token, acceptance and bytes against the round trip')
    .addOption(new Option('--clock <name>', 'virtual or wall').choices(['virtual', 'wall']).default('virtual'))
    .option('--modes <name,...>', 'only these; with --clock wall also auto and ar-native', modeList)
    .option('--rtt <ms,...>', 'round-trip times', numberList(numberBetween(0, 10_000)))
    .option('--tokens <count>', 'tokens of a text (default: 400 virtual, 64 wall, 48 unpaced)', wholeBetween(8, 10_000))
    .option('--max-ahead <count>', 'drafts beyond the final text at most, in mode stream', wholeBetween(1, 512), 24)
    .addOption(
      minConfidenceOption(
        'pause drafting below this chance of the chain; auto: by what drafts cost and bring (virtual: 0)',
      ),
    )
    .option('--figure <file.svg>', 'draw ms per token against the round trip, as SVG and beside it as PNG')
    .option('--json', 'print one JSON document');
  return wallOptions(virtualOptions(command)).addHelpText('after', notes).action(runModes);
}

function virtualOptions(command: Command): Command {
  return command
    .optionsGroup('With --clock virtual:')
    .option(
      '--acceptance <number,...>',
      'chances that a draft is right',
      numberList(numberBetween(0, 1)),
      [0.3, 0.65, 0.8, 0.95],
    )
    .option('--seeds <count>', 'runs of a cell; all modes share the seeds', wholeBetween(2, 10_000), 20)
    .option('--seed <number>', 'the first of them', wholeBetween(0, 2 ** 31), 1)
    .option('--workers <count>', 'threads', wholeBetween(1, 256), availableParallelism())
    .option(
      '--full',
      'try every window of 1 to 64 with every seed (20 minutes of processor time) instead of searching',
    );
}

function wallOptions(command: Command): Command {
  return command
    .optionsGroup('With --clock wall:')
    .option('--quick', 'a smoke test of about a minute')
    .addOption(pairOption())
    .addOption(
      new Option('--profile <name>', 'hardware that the edge is paced to')
        .choices(latencyProfiles.map(({ name }) => name))
        .default(defaultEdgeProfile.name),
    )
    .option('--unpaced', 'do not pace the edge; adds modes auto and ar-native, the edge alone without a shape law')
    .option('--prompts <count>', 'prompts, each written once in a run (default: 6, unpaced 4)', wholeBetween(1, 10))
    .option('--repeats <count>', 'runs of each mode and round trip (default: 5, unpaced 3)', wholeBetween(1, 100))
    .option(
      '--gammas <count,...>',
      'windows that a pilot tries (default: the predicted and its neighbours)',
      windowList,
    )
    .option('--resume <file>', 'keep finished runs in this file, and go on from those that are in it')
    .option('--minutes <number>', 'begin no run after so long (needs --resume)', numberBetween(0, 10_000))
    .option(
      '--tries <count>',
      'tries of a run that is void each time (default: 3, and no more than a third of the plan in all)',
      wholeBetween(1, 100),
    )
    .addOption(lookUpOption());
}

const windowList: (text: string) => number[] = numberList(wholeBetween(1, 63));

const wallModes: readonly BenchMode[] = [...modeNames, 'auto', 'ar-native'];

function modeList(text: string): BenchMode[] {
  const names = text.split(',');
  const unknown = names.find((name) => !wallModes.some((known) => known === name));
  if (unknown === undefined) return names as BenchMode[];
  throw new InvalidArgumentError(`There is no mode "${unknown}". Take some of ${wallModes.join(', ')}.`);
}

/** @throws OutriderError `bad-argument` for a mode that virtual time does not know */
function virtualModes(modes: readonly BenchMode[]): ModeName[] {
  const known = modes.filter((mode) => mode !== 'auto' && mode !== 'ar-native');
  if (known.length === modes.length) return known;
  const cause = 'auto and ar-native are measured with real models only';
  throw new OutriderError('bad-argument', cause, 'add --clock wall, or leave them out');
}

async function runModes(flags: ModesFlags): Promise<void> {
  if (flags.figure !== undefined) await checkFigure(flags.figure);
  const progress = createWorkProgress();
  const result = await (flags.clock === 'virtual' ? runVirtual(flags, progress) : runWall(flags, progress));
  progress.stop();
  // All keys side by side would not fit a terminal.
  const shown = flags.json === true ? result : { ...result, rows: result.rows.map(briefly) };
  printResult('bench modes', shown, flags.json === true);
  if (flags.figure !== undefined) await writeFigure(modesFigure(result.rows), flags.figure);
  const { texts, identical } = result.summary;
  if (texts !== identical) process.exitCode = 1;
}

function briefly(row: ModeRow): object {
  return {
    mode: row.mode,
    given: row.givenAcceptance,
    rowMs: row.stepPerRowMs,
    rttMs: row.roundTripMs,
    gamma: row.bestGamma,
    runs: row.runs,
    msPerToken: row.msPerToken,
    acceptance: row.acceptance,
    drafts: row.draftsPerToken,
    rows: row.rowsPerToken,
    payloadBytes: row.payloadBytesPerToken,
  };
}

function runVirtual(flags: ModesFlags, progress: WorkProgress): Promise<ModesResult> {
  return benchModesVirtual({
    modes: virtualModes(flags.modes ?? modeNames),
    acceptances: flags.acceptance,
    roundTripsMs: flags.rtt ?? [0, 4, 10, 30, 60, 100, 200],
    firstSeed: flags.seed,
    seedCount: flags.seeds,
    tokens: flags.tokens ?? 400,
    maxAhead: flags.maxAhead,
    // The toy's confidence is its acceptance: every chain of a length is as good as every other.
    minChainConfidence: flags.minConfidence === 'auto' ? 0 : flags.minConfidence,
    triesAllGammas: flags.full === true,
    workerCount: flags.workers,
    onProgress: progress.update,
  });
}

function runWall(flags: ModesFlags, progress: WorkProgress): Promise<ModesResult> {
  const quick = flags.quick === true;
  const isPaced = flags.unpaced !== true;
  return benchModesWall({
    modes: flags.modes ?? (isPaced ? modeNames : wallModes),
    roundTripsMs: flags.rtt ?? (quick ? [0, 60] : [0, 10, 30, 60, 100]),
    pair: flags.pair,
    profile: isPaced ? flags.profile : null,
    tokens: flags.tokens ?? (quick ? 32 : isPaced ? 64 : 48),
    promptCount: flags.prompts ?? (quick ? 1 : isPaced ? 6 : 4),
    repeats: flags.repeats ?? (quick ? 1 : isPaced ? 5 : 3),
    gammas: flags.gammas ?? (quick ? [4] : null),
    recordPath: flags.resume ?? null,
    minutes: flags.minutes ?? null,
    tries: flags.tries ?? null,
    maxAhead: flags.maxAhead,
    minChainConfidence: flags.minConfidence,
    lookUp: flags.lookUp,
    onNote: (text) => process.stderr.write(`${text}\n`),
    onProgress: progress.update,
  });
}
