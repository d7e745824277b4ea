// A training run from its start or a checkpoint to its end: steps, evaluations at equal distances, checkpoints.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { makeDirectory } from '../../../src/files/make-directory.ts';
import { writeWhole } from '../../files/write-whole.ts';
import { writeActor } from '../../policies/learned/actor-file.ts';
import { createLearnedPolicy } from '../../policies/learned/learned-policy.ts';
import { readTensors, unreadable } from '../../policies/learned/safetensors.ts';
import { readCheckpoint, writeCheckpoint } from '../../training/checkpoint.ts';
import type { CurvePoint } from '../../training/curve.ts';
import type { Environment } from '../../training/environment.ts';
import { type Evaluation, evaluatePolicy, type HeldOutSlot } from '../../training/held-out.ts';
import { startJax, type UpdateFigures } from '../../training/learner.ts';
import { beginTraining, resumeTraining, type Trainer, type TrainingKind } from '../../training/trainer.ts';
import { checkpointName, weightsName } from './recipes.ts';
import { demandSame, demandSameScenario } from './same-run.ts';

export interface TrainRunOptions {
  readonly environment: Environment;
  readonly kind: TrainingKind;
  readonly heldOut: readonly HeldOutSlot[];
  /** The end of the run: a number of minutes or of slots. */
  readonly minutes: number;
  readonly slots: number | undefined;
  readonly directory: string | undefined;
  readonly resume: boolean;
  /** Metadata of the files: the command that makes them again, with slots and scenario. */
  readonly provenance: (slots: number) => Readonly<Record<'command' | 'scenario', string>>;
  readonly signal: AbortSignal;
  /** Slots, or seconds when minutes end the run. */
  readonly onProgress: (done: number, total: number) => void;
  readonly onPoint: (point: CurvePoint) => void;
}

export interface TrainRun {
  readonly points: readonly CurvePoint[];
  readonly first: Evaluation;
  readonly last: Evaluation;
  readonly minutes: number;
  readonly trainer: Trainer;
  readonly wasInterrupted: boolean;
}

const pointCount = 36;
const checkpointMs = 60_000;
/** Longest time between two checks of the signal. */
const yieldIntervalMs = 100;

interface History {
  readonly points: CurvePoint[];
  readonly first: Evaluation;
  readonly minutes: number;
}

/** @throws OutriderError `weights-unreadable`, `bad-argument` when there is no run to continue, when it has other settings, or when a run would be lost */
export async function trainRun(options: TrainRunOptions): Promise<TrainRun> {
  const { directory, heldOut, signal } = options;
  await startJax();
  if (directory !== undefined) makeDirectory(directory);
  const { trainer, history } = await begin(options);
  const startMs = performance.now();
  const minutesNow = (): number => history.minutes + (performance.now() - startMs) / 60_000;
  const doneNow = (): number =>
    options.slots === undefined ? minutesNow() / options.minutes : trainer.slots / options.slots;
  const pointAfter = (done: number): number => (Math.floor(done * pointCount) + 1) / pointCount;
  let nextPoint = pointAfter(doneNow());
  let savedMs = startMs;
  let yieldedMs = startMs;
  const since = createSums();
  while (doneNow() < 1 && !signal.aborted) {
    since.add(trainer.step());
    if (doneNow() >= nextPoint) {
      const reward = evaluatePolicy(heldOut, createLearnedPolicy(trainer.actor())).reward;
      const point = { slots: trainer.slots, updates: trainer.updates, minutes: minutesNow(), reward, ...since.take() };
      history.points.push(point);
      options.onPoint(point);
      nextPoint = pointAfter(doneNow());
    }
    if (performance.now() - yieldedMs < yieldIntervalMs) continue;
    if (options.slots === undefined) options.onProgress(Math.floor(60 * minutesNow()), Math.ceil(60 * options.minutes));
    else options.onProgress(trainer.slots, options.slots);
    await setImmediate();
    yieldedMs = performance.now();
    if (directory !== undefined && yieldedMs - savedMs > checkpointMs) {
      await keep(directory, trainer, { ...history, minutes: minutesNow() }, options.provenance);
      savedMs = performance.now();
    }
  }
  const whole = { ...history, minutes: minutesNow() };
  if (directory !== undefined) await keep(directory, trainer, whole, options.provenance);
  const last = evaluatePolicy(heldOut, createLearnedPolicy(trainer.actor()));
  return { ...whole, last, trainer, wasInterrupted: signal.aborted };
}

async function begin(options: TrainRunOptions): Promise<{ trainer: Trainer; history: History }> {
  const { environment, kind, heldOut, directory, resume } = options;
  if (resume && directory !== undefined) return takeUp(options, join(directory, checkpointName));
  if (directory !== undefined && existsSync(join(directory, checkpointName)))
    throw badArgument(`${directory} holds a training run`, 'Continue it with --resume, or name another directory.');
  const trainer = beginTraining(environment, kind);
  const first = evaluatePolicy(heldOut, createLearnedPolicy(trainer.actor()));
  const start = { trainingReward: null, criticLoss: null, alpha: null, entropy: null };
  const point = { slots: 0, updates: 0, minutes: 0, reward: first.reward, ...start };
  options.onPoint(point);
  return { trainer, history: { points: [point], first, minutes: 0 } };
}

async function takeUp(options: TrainRunOptions, file: string): Promise<{ trainer: Trainer; history: History }> {
  const { environment, kind, provenance } = options;
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const remedy = 'Name the directory of an interrupted run with --out, or leave out --resume.';
    throw badArgument(`there is no run to continue: ${file}: ${error.code}`, remedy);
  });
  const saved = readCheckpoint(bytes, file);
  const { metadata } = readTensors(bytes, file);
  const { deviceCount, serverCount } = saved.kind;
  const same = (what: string, here: unknown, there: unknown): void => demandSame(file, what, here, there);
  same('devices', environment.deviceCount, deviceCount);
  same('servers', environment.serverCount, serverCount);
  for (const key of ['network', 'credit', 'variant', 'seed'] as const) same(key, kind[key], saved.kind[key]);
  same('settings', JSON.stringify(kind.settings), JSON.stringify(saved.kind.settings));
  demandSameScenario(file, provenance(0).scenario, metadata['scenario']);
  const history = readHistory(metadata['history'], file);
  const { slots } = saved.progress;
  if (options.slots !== undefined && slots > options.slots) {
    const remedy = `Give --slots ${slots} or more, or another directory with --out.`;
    throw badArgument(`${file} has ${slots} slots already, more than the ${options.slots} asked for`, remedy);
  }
  same('held-out worlds', new Set(options.heldOut.map(({ world }) => world)).size, history.first.ofWorlds.length);
  return { trainer: resumeTraining(environment, saved), history };
}

function readHistory(text: string | undefined, file: string): History {
  try {
    const history = JSON.parse(text ?? '') as History;
    const { points, first, minutes } = history;
    const numbers = [
      minutes,
      first.reward,
      ...first.ofWorlds,
      ...points.flatMap(({ slots, reward }) => [slots, reward]),
    ];
    if (points.length > 0 && numbers.every(Number.isFinite)) return history;
  } catch {
    // A missing field causes a TypeError.
  }
  throw unreadable(file, 'its curve is damaged');
}

/** At any time there is a complete checkpoint. */
async function keep(
  directory: string,
  trainer: Trainer,
  history: History,
  provenance: TrainRunOptions['provenance'],
): Promise<void> {
  const saved = trainer.save();
  const actor = trainer.actor();
  const { seed, credit, settings } = trainer.kind;
  const recipe = { seed: String(seed), credit, discount: String(settings.discount) };
  const progress = { slots: String(trainer.slots), updates: String(trainer.updates) };
  const about = { ...provenance(trainer.slots), ...recipe, ...progress };
  const kept = { ...about, history: JSON.stringify(history) };
  const files = [
    [checkpointName, writeCheckpoint(saved, actor, kept)],
    [weightsName, writeActor(actor, about)],
  ] as const;
  for (const [name, bytes] of files) await writeWhole(join(directory, name), bytes);
}

/** Means since the last call of `take`. */
function createSums() {
  let rewards: number[] = [];
  let losses: number[] = [];
  let latest: UpdateFigures | undefined;
  return {
    add({ reward, figures }: { readonly reward: number; readonly figures?: UpdateFigures }): void {
      rewards.push(reward);
      if (figures === undefined) return;
      losses.push(figures.criticLoss);
      latest = figures;
    },
    take(): Pick<CurvePoint, 'trainingReward' | 'criticLoss' | 'alpha' | 'entropy'> {
      const meanOf = (values: readonly number[]): number | null => (values.length === 0 ? null : mean(values));
      const means = { trainingReward: meanOf(rewards), criticLoss: meanOf(losses) };
      rewards = [];
      losses = [];
      return { ...means, alpha: latest?.alpha ?? null, entropy: latest?.entropy ?? null };
    },
  };
}
