// `outrider train masac`: trains multi-agent soft actor-critic on a scenario, and holds what came of it against policies that need no
// training, on slots that it never saw.

import { Command, Option } from 'commander';
import { createPolicy } from '../allocation/policies.ts';
import { OutriderError } from '../basics/errors.ts';
import { curveFigure } from '../experiments/training/figure.ts';
import type { TrainRun } from '../experiments/training/run.ts';
import type { Result } from '../files/document.ts';
import { checkFigure, writeFigure } from '../files/render-figure.ts';
import { findScenario, gather } from '../files/scenario-file.ts';
import { findRadioMap } from '../files/shipped-maps.ts';
import {
  createLearnedPolicy,
  type NetworkName,
  networkNames,
  type VariantName,
  variantNames,
} from '../learned/learned-policy.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type CurvePoint, hasPlateau, lastThird } from '../training/curve.ts';
import { createEnvironment } from '../training/environment.ts';
import { type Evaluation, evaluatePolicy, type HeldOutSlot, keepSlots, pairedError } from '../training/held-out.ts';
import { type CreditName, creditNames, defaultSettings } from '../training/settings.ts';
import { numberBetween, wholeBetween } from './flag-parsers.ts';
import { withInterrupt } from './interrupt.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

interface TrainFlags {
  readonly scenario: string;
  readonly set: readonly string[];
  readonly variant: VariantName;
  readonly network: NetworkName;
  readonly credit?: CreditName;
  readonly minutes: number;
  readonly slots?: number;
  readonly seed: number;
  readonly discount?: number;
  readonly worlds: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly figure?: string;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  return new Command('train').description('train a policy').addCommand(masacCommand());
}

function masacCommand(): Command {
  return new Command('masac')
    .description('multi-agent soft actor-critic for shares or association (docs/learning.md)')
    .option('--scenario <name|file>', 'where to learn: a scenario that comes with outrider, or a file', 'paper')
    .option('--set <path=value>', 'set a value of the scenario; may be given several times', gather, [])
    .addOption(
      new Option('--variant <name>', 'what is learned: shares with association by TMA, or the association')
        .choices(variantNames)
        .default('tma-masac'),
    )
    .addOption(
      new Option('--network <name>', 'pairs: fits any number of devices and servers; flat: plain layers, as the paper')
        .choices(networkNames)
        .default('pairs'),
    )
    .addOption(
      new Option(
        '--credit <name>',
        "what critics learn from: team: the team's reward alone, as the paper; device: what each device costs (default: team for tma-masac, device for association)",
      ).choices(creditNames),
    )
    .option('--minutes <count>', 'how long', numberBetween(0.01, 10_000), 10)
    .option('--slots <count>', 'how many slots, however long it takes', wholeBetween(1, 100_000_000))
    .option('--seed <number>', 'of the training', wholeBetween(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--discount <share>', 'what the next slot counts, where slots are coupled', numberBetween(0, 0.999))
    .option('--worlds <count>', 'held-out worlds, four slots each', wholeBetween(2, 10_000), 40)
    .option('--out <directory>', 'keep checkpoint and weights here, every minute and at the end')
    .option('--resume', 'go on with the run in --out')
    .option('--figure <file.svg>', 'draw the learning curve, and a PNG beside it')
    .option('--json', 'print one JSON document')
    .action(trainMasac);
}

/** Slots of a held-out world, and how many lie between them. */
const heldOutSlots = 4;
const heldOutStride = 8;

async function trainMasac(flags: TrainFlags): Promise<void> {
  requireSense(flags);
  if (flags.figure !== undefined) await checkFigure(flags.figure);
  const scenario = await findScenario(flags.scenario, flags.set);
  const { channel } = scenario;
  const environment = createEnvironment(scenario, channel.kind === 'map' ? await findRadioMap(channel.map) : undefined);
  const { trainRun } = await loadTraining();
  const progress = createWorkProgress();
  progress.update('held-out worlds', 0, flags.worlds);
  const heldOut = keepSlots(environment, flags.worlds, heldOutSlots, heldOutStride);
  const settings = {
    ...defaultSettings(flags.network),
    ...(flags.discount === undefined ? {} : { discount: flags.discount }),
  };
  const { network, variant, seed } = flags;
  const kind = { settings, network, variant, credit: creditOf(flags), seed };
  const scenarioText = JSON.stringify(scenario);
  const told = (slots: number) => ({ command: commandOf(flags, slots), scenario: scenarioText });
  const { minutes, slots, out: directory, resume = false } = flags;
  const cpuStart = process.cpuUsage();
  const run = await withInterrupt((signal) =>
    trainRun({
      ...{ environment, kind, heldOut, minutes, slots, directory, resume, told, signal },
      onProgress: (done, total) => progress.update(slots === undefined ? 'seconds of training' : 'slots', done, total),
      onPoint: tellPoint,
    }),
  ).finally(() => progress.stop());
  const { user, system } = process.cpuUsage(cpuStart);
  if (run.wasInterrupted) throw interrupted(run, directory);
  const result = describeRun(run, heldOut, (user + system) / 60e6);
  if (flags.figure !== undefined)
    await writeFigure(curveFigure(run.points, result.rows, subtitleOf(flags, scenario)), flags.figure);
  const params = { ...kind, minutes, slots: slots ?? null, worlds: flags.worlds, scenario };
  const rows = flags.json === true ? result.rows : result.rows.filter((row) => 'policy' in row);
  printResult('train masac', { ...result, rows, params, seed: flags.seed }, flags.json === true);
}

/** Shares are learned as in the paper; association needs to know who it was that paid. */
function creditOf({ credit, variant }: TrainFlags): CreditName {
  return credit ?? (variant === 'association' ? 'device' : 'team');
}

function requireSense({ network, variant, credit, resume, out }: TrainFlags): void {
  if (network === 'flat' && credit === 'device') {
    const remedy = 'Take --network pairs, or --credit team.';
    throw new OutriderError('bad-argument', 'the flat network knows no single device', remedy);
  }
  if (network === 'flat' && variant === 'association') {
    const remedy = 'Take --network pairs.';
    throw new OutriderError('bad-argument', 'the flat network learns shares only', remedy);
  }
  if (resume === true && out === undefined) {
    const remedy = 'Give the directory with --out.';
    throw new OutriderError('bad-argument', '--resume needs to know what to go on with', remedy);
  }
}

/** The library that differentiates is for training only: nothing else loads it. */
async function loadTraining(): Promise<typeof import('../experiments/training/run.ts')> {
  try {
    await import('@jax-js/jax');
  } catch (error) {
    const remedy = 'Install what trains: npm install --no-save @jax-js/jax@0.1.25';
    throw new OutriderError('bad-argument', "@jax-js/jax can't be loaded", remedy, { cause: error });
  }
  return import('../experiments/training/run.ts');
}

/** What makes the same weights again: so many slots, whatever ended the run. */
function commandOf(flags: TrainFlags, slots: number): string {
  const { scenario, set, variant, network, seed, discount } = flags;
  const sets = set.map((one) => ` --set ${one}`).join('');
  const discounted = discount === undefined ? '' : ` --discount ${discount}`;
  return `outrider train masac --scenario ${scenario}${sets} --variant ${variant} --network ${network} --credit ${creditOf(flags)} --slots ${slots} --seed ${seed}${discounted}`;
}

function tellPoint({ slots, updates, minutes, reward }: CurvePoint): void {
  const text = `${minutes.toFixed(1)} min, ${slots} slots, ${updates} updates: reward ${reward.toFixed(5)}`;
  process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${text}\n`);
}

function interrupted({ trainer }: TrainRun, directory: string | undefined): OutriderError {
  const remedy =
    directory === undefined
      ? 'Nothing was kept: give a directory with --out.'
      : 'Go on with the same command and --resume.';
  return new OutriderError('interrupted', `training stopped after ${trainer.slots} slots`, remedy);
}

/** Policies that need no training, on the same slots. */
const rivals = ['random', 'max-sinr', 'tma', 'tma+optimal', 'best'];

export function describeRun(run: TrainRun, heldOut: readonly HeldOutSlot[], cpuMinutes: number): Result {
  const { points, first, last, minutes, trainer } = run;
  const growth = last.reward - first.reward;
  const standardError = pairedError(last, first);
  const slope = lastThird(points);
  const others = rivals.map((name) => ({ name, found: evaluatePolicy(heldOut, createPolicy(name)) }));
  const rowOf = (policy: string, found: Evaluation): object => ({
    policy,
    reward: found.reward,
    learnedBetterBy: last.reward - found.reward,
    learnedBetterByError: pairedError(last, found),
    costMs: found.costMs,
    latencyMs: found.latencyMs,
  });
  const { variant } = trainer.actor();
  const table = [
    rowOf(`${variant} untrained`, first),
    rowOf(variant, evaluatePolicy(heldOut, createLearnedPolicy(trainer.actor()))),
    ...others.map(({ name, found }) => rowOf(name, found)),
  ];
  const rewardOf = (wanted: string): number => others.find(({ name }) => name === wanted)?.found.reward ?? Number.NaN;
  const summary = {
    minutes,
    cpuMinutes,
    slots: trainer.slots,
    updates: trainer.updates,
    rewardFirst: first.reward,
    rewardLast: last.reward,
    standardError,
    plateau: hasPlateau(points, growth, standardError),
    lastThirdSlopePer1000Slots: slope === undefined ? null : 1000 * slope.slope,
    lastThirdSlopeHalfWidth: slope === undefined ? null : 1000 * slope.half,
    rewardRandom: rewardOf('random'),
    rewardTmaEqual: rewardOf('tma'),
    rewardTmaOptimal: rewardOf('tma+optimal'),
    rewardBest: rewardOf('best'),
    heldOutSlots: heldOut.length,
  };
  return { rows: [...table, ...points], summary };
}

function subtitleOf(flags: TrainFlags, { name, devices, servers }: Scenario): string {
  const count = servers.placement.kind === 'grid' ? `, ${servers.placement.count} servers` : '';
  const many =
    typeof devices.count === 'number' ? devices.count : `${devices.count.minimum} to ${devices.count.maximum}`;
  const { variant, network, seed } = flags;
  return `Scenario ${name}: ${many} devices${count}. Variant ${variant}, network ${network}, credit ${creditOf(flags)}, seed ${seed}.`;
}
