// `outrider train masac`: trains multi-agent soft actor-critic on a scenario, and compares the result with policies that need no
// training, on held-out slots. It has a checkpoint instead of a record: networks and replay buffer are no units.

import { defined } from '../../../src/core/basics/defined.ts';
import { badArgument, OutriderError } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import type { Result } from '../../../src/files/document.ts';
import { findScenario } from '../../files/scenario-file.ts';
import { findMapOf } from '../../files/shipped-maps.ts';
import {
  createLearnedPolicy,
  type NetworkName,
  networkNames,
  type VariantName,
  variantNames,
} from '../../policies/learned/learned-policy.ts';
import { createPolicy } from '../../policies/policies.ts';
import type { Conclusion, Experiment } from '../../runner/experiment.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { type CurvePoint, hasPlateau, lastThird } from '../../training/curve.ts';
import { createEnvironment } from '../../training/environment.ts';
import { type Evaluation, evaluatePolicy, type HeldOutSlot, keepSlots, pairedError } from '../../training/held-out.ts';
import { type CreditName, creditNames, defaultSettings } from '../../training/settings.ts';
import type { TrainingKind } from '../../training/trainer.ts';
import { setOption } from '../set-option.ts';
import { curveFigure } from './figure.ts';
import type { TrainRun } from './run.ts';

const options = {
  scenario: {
    flag: '--scenario <name|file>',
    help: 'where to learn: a scenario that comes with outrider, or a file',
    default: 'paper',
  },
  set: setOption as typeof setOption,
  variant: {
    flag: '--variant <name>',
    help: 'what is learned: shares with association by TMA, or the association',
    choices: variantNames as readonly VariantName[],
    default: 'tma-masac',
  },
  network: {
    flag: '--network <name>',
    help: 'pairs: fits any number of devices and servers; flat: plain layers, as the paper',
    choices: networkNames as readonly NetworkName[],
    default: 'pairs',
  },
  credit: {
    flag: '--credit <name>',
    help: "what critics learn from: team: the team's reward alone, as the paper; device: what each device costs (default: team for tma-masac, device for association)",
    choices: creditNames as readonly CreditName[],
  },
  minutes: { flag: '--minutes <count>', help: 'how long', number: [0.01, 10_000], default: 10 },
  slots: { flag: '--slots <count>', help: 'how many slots, however long it takes', whole: [1, 100_000_000] },
  seed: { flag: '--seed <number>', help: 'of the training', whole: [0, 9_007_199_254_740_991], default: 1 },
  discount: {
    flag: '--discount <share>',
    help: 'discount factor of later slots, where slots are coupled',
    number: [0, 0.999],
  },
  worlds: { flag: '--worlds <count>', help: 'held-out worlds, four slots each', whole: [2, 10_000], default: 40 },
  out: { flag: '--out <directory>', help: 'keep checkpoint and weights here, every minute and at the end' },
  resume: { flag: '--resume', help: 'continue the run in --out' },
} as const;
export type TrainOptions = OptionsOf<typeof options>;
type Options = TrainOptions;

/** Slots of a held-out world, and how many lie between them. */
const heldOutSlots = 4;
const heldOutStride = 8;

export const trainMasac: Experiment<typeof options, Result> = {
  name: 'train masac',
  examples: ['outrider train masac --minutes 10 --out run', 'outrider train masac --out run --resume'],
  description: 'multi-agent soft actor-critic for shares or association (docs/research/learning.md)',
  notes: `The network pairs decides centrally (each agent sees means over all links): central SAC. Without --discount a slot's cost is
all that is learned: a contextual bandit with an entropy bonus. docs/research/learning.md says which name means what.`,
  options,
  async measure(given, run) {
    requireSense(given);
    const { minutes, slots, seed, out: directory, worlds } = given;
    const scenario = await findScenario(given.scenario, given.set);
    const environment = createEnvironment(scenario, await findMapOf(scenario));
    const { trainRun } = await loadTraining();
    run.onProgress('held-out worlds', 0, worlds);
    const heldOut = keepSlots(environment, worlds, heldOutSlots, heldOutStride);
    const kind = kindOf(given);
    const scenarioText = JSON.stringify(scenario);
    const stage = slots === undefined ? 'seconds of training' : 'slots';
    const cpuStart = process.cpuUsage();
    const trained = await trainRun({
      ...given,
      environment,
      kind,
      heldOut,
      directory,
      signal: run.signal,
      provenance: (count) => ({ command: commandOf(given, count), scenario: scenarioText }),
      onProgress: (done, total) => run.onProgress(stage, done, total),
      onPoint: (point) => run.note(sentenceOf(point)),
    });
    const { user, system } = process.cpuUsage(cpuStart);
    if (trained.wasInterrupted) throw interrupted(trained, directory);
    const params = { ...kind, minutes, slots: slots ?? null, worlds, scenario };
    return { ...describeRun(trained, heldOut, (user + system) / 60e6), params, seed };
  },
  conclude: (found): Conclusion => ({ ...found, forPeople: found.rows.filter((row) => 'policy' in row) }),
  figure(rows, params) {
    const points = rows.filter((row): row is CurvePoint => 'updates' in row);
    return curveFigure(points, rows, subtitleOf(params as TrainingKind & { readonly scenario: Scenario }));
  },
};

export function kindOf(given: Options): TrainingKind {
  const { network, variant, seed, discount } = given;
  const settings = { ...defaultSettings(network), ...defined({ discount }) };
  return { settings, network, variant, credit: creditOf(given), seed };
}

/** Shares are learned as in the paper. Association needs the cost of each device, to assign the reward to devices. */
function creditOf({ credit, variant }: Options): CreditName {
  return credit ?? (variant === 'association' ? 'device' : 'team');
}

function requireSense({ network, variant, credit, resume, out }: Options): void {
  if (network === 'flat' && credit === 'device')
    throw badArgument('the flat network knows no single device', 'Take --network pairs, or --credit team.');
  if (network === 'flat' && variant === 'association')
    throw badArgument('the flat network learns shares only', 'Take --network pairs.');
  if (resume && out === undefined)
    throw badArgument('--resume needs a directory with an interrupted run', 'Give the directory with --out.');
}

/** The library that differentiates is for training only: nothing else loads it. */
async function loadTraining(): Promise<typeof import('./run.ts')> {
  try {
    await import('@jax-js/jax');
  } catch (error) {
    const remedy = 'Install what trains: npm install --no-save @jax-js/jax@0.1.25';
    throw badArgument("@jax-js/jax can't be loaded", remedy, { cause: error });
  }
  return import('./run.ts');
}

/** The command that makes the same weights again: it names the slots, even where minutes ended the run. */
function commandOf(given: Options, slots: number): string {
  const { scenario, set, variant, network, seed, discount } = given;
  const sets = set.map((one) => ` --set ${one}`).join('');
  const discounted = discount === undefined ? '' : ` --discount ${discount}`;
  return `outrider train masac --scenario ${scenario}${sets} --variant ${variant} --network ${network} --credit ${creditOf(given)} --slots ${slots} --seed ${seed}${discounted}`;
}

function sentenceOf({ slots, updates, minutes, reward }: CurvePoint): string {
  return `${minutes.toFixed(1)} min, ${slots} slots, ${updates} updates: reward ${reward.toFixed(5)}`;
}

function interrupted({ trainer }: TrainRun, directory: string | undefined): OutriderError {
  const remedy =
    directory === undefined
      ? 'Nothing was kept: give a directory with --out.'
      : 'Give the same command again, with --resume.';
  return new OutriderError('interrupted', `training stopped after ${trainer.slots} slots`, remedy);
}

/** Policies that need no training, on the same slots. */
const rivals = ['random', 'max-sinr', 'tma', 'tma+optimal', 'best'];

export function describeRun(run: TrainRun, heldOut: readonly HeldOutSlot[], cpuMinutes: number): Result {
  const { points, first, last, minutes, trainer } = run;
  const growth = last.reward - first.reward;
  const standardError = pairedError(last, first);
  const slope = lastThird(points);
  const others = new Map(rivals.map((name) => [name, evaluatePolicy(heldOut, createPolicy(name))]));
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
    ...[...others].map(([name, found]) => rowOf(name, found)),
  ];
  const rewardOf = (name: string): number => others.get(name)?.reward ?? Number.NaN;
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

function subtitleOf(params: TrainingKind & { readonly scenario: Scenario }): string {
  const { variant, network, credit, seed, scenario } = params;
  const { name, devices, servers } = scenario;
  const count = servers.placement.kind === 'grid' ? `, ${servers.placement.count} servers` : '';
  const many =
    typeof devices.count === 'number' ? devices.count : `${devices.count.minimum} to ${devices.count.maximum}`;
  return `Scenario ${name}: ${many} devices${count}. Variant ${variant}, network ${network}, credit ${credit}, seed ${seed}.`;
}
