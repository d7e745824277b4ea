// Training, slot by slot: the actor's scores are drawn, decide the slot, and go into the replay buffer with their cost; every few
// slots there is an update. All random numbers are keyed by the seed and the number of slots or updates, so a run can be resumed to
// the bit. To restore a world, the decisions of the present episode are replayed.

import { createProblem } from '../../src/allocation/search/problem.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';
import { createRandom } from '../../src/core/basics/philox.ts';
import { describeSlot, scaleFeatures } from '../policies/learned/describe-slot.ts';
import { decideByScores, type LearnedActor, scoreSlot } from '../policies/learned/learned-policy.ts';
import { type Environment, worldSeed } from './environment.ts';
import { fitScale } from './fit-scale.ts';
import { createLearner, type Learner, type LearnerKind, type SavedTensors, type UpdateFigures } from './learner.ts';
import { addSlot, createReplay, type Replay } from './replay.ts';

/** The settings of a run. */
export type TrainingKind = Omit<LearnerKind, 'deviceCount' | 'serverCount' | 'scale' | 'rewards'>;

/** Slots decided so far, and decisions of the present episode; with the learner's tensors and the replay buffer all that resuming needs. */
export interface TrainingProgress extends Readonly<Record<'slots' | 'updates' | 'episode', number>> {
  readonly decisions: readonly Assignment[];
}

/** From {@link Trainer.save}; a later run starts with it. */
export interface SavedTraining {
  readonly kind: LearnerKind;
  readonly progress: TrainingProgress;
  readonly tensors: SavedTensors;
  readonly replay: Replay;
}

export interface Trainer {
  readonly kind: LearnerKind;
  readonly slots: number;
  readonly updates: number;
  /** Decides one slot, and updates when due. @returns the reward, and figures if there was an update */
  step(): { readonly reward: number; readonly figures?: UpdateFigures };
  /** The present policy. Its weights are copies. */
  actor(): LearnedActor;
  /** @throws OutriderError `internal` if a number is not finite */
  save(): SavedTraining;
  dispose(): void;
}

const scoreStream = 0x58000000;
/** Number of worlds, and of slots of each, for the scale. */
const scaleWorlds = 8;
const scaleSlots = 16;

/** Starts a run. {@link startJax} must have been awaited. */
export function beginTraining(environment: Environment, asked: TrainingKind): Trainer {
  // Episodes count from 0; these worlds come before.
  const seeds = Array.from({ length: scaleWorlds }, (_, index) => worldSeed(asked.seed, -1 - index));
  const { deviceCount, serverCount } = environment;
  const kind = { ...asked, deviceCount, serverCount, ...fitScale(environment, seeds, scaleSlots) };
  const replay = createReplay(asked.settings.replayCapacity, deviceCount, serverCount);
  const progress = { slots: 0, updates: 0, episode: 0, decisions: [] };
  return createTrainer(environment, kind, createLearner(kind), replay, progress);
}

/** Resumes a run. {@link startJax} must have been awaited. */
export function resumeTraining(environment: Environment, saved: SavedTraining): Trainer {
  const { kind, progress, tensors, replay } = saved;
  return createTrainer(environment, kind, createLearner(kind, tensors, progress.updates), replay, progress);
}

function createTrainer(
  environment: Environment,
  kind: LearnerKind,
  learner: Learner,
  replay: Replay,
  from: TrainingProgress,
): Trainer {
  const { settings, seed, network, variant, scale } = kind;
  let { slots, episode } = from;
  let decisions = [...from.decisions];
  let state = returnTo(environment, worldSeed(seed, episode), decisions);
  let weights = learner.actorWeights();

  function decide(): { readonly assignment: Assignment; readonly reward: number } {
    const problem = createProblem(state);
    const features = describeSlot(state, problem);
    const scaled = scaleFeatures(structuredClone(features), scale);
    const { mean, deviation } = scoreSlot({ network, variant, weights, scale }, problem, scaled);
    const { normal } = createRandom(seed, scoreStream + slots);
    const score = mean.map((one, at) => one + (deviation[at] as number) * normal());
    const assignment = decideByScores(state, problem, variant, score);
    const isLast = decisions.length + 1 >= settings.episodeSlots;
    const { reward, deviceCost, randomCostMs, next } = environment.step(assignment);
    addSlot(replay, { problem, features, assignment, score, deviceCost, reward, randomCostMs, isLast });
    state = next;
    return { assignment, reward };
  }

  return {
    kind,
    get slots() {
      return slots;
    },
    get updates() {
      return learner.updates;
    },
    step() {
      const { assignment, reward } = decide();
      slots++;
      decisions.push(assignment);
      if (decisions.length >= settings.episodeSlots) {
        decisions = [];
        state = environment.reset(worldSeed(seed, ++episode));
      }
      const isTime = slots >= settings.warmUpSlots && slots % settings.slotsPerUpdate === 0;
      if (!isTime) return { reward };
      const figures = learner.update(replay);
      if (!Object.values(figures).every(Number.isFinite)) throw astray(learner.updates, JSON.stringify(figures));
      weights = learner.actorWeights();
      return { reward, figures };
    },
    actor: () => ({ network, variant, weights, scale }),
    save: () => {
      const tensors = learner.save();
      for (const [name, { values }] of tensors) {
        if (!values.every(Number.isFinite)) throw astray(learner.updates, `${name} that is not finite`);
      }
      return { kind, progress: { slots, updates: learner.updates, episode, decisions }, tensors, replay };
    },
    dispose: () => learner.dispose(),
  };
}

/** Such weights must not get into a file. */
function astray(updates: number, what: string): OutriderError {
  const cause = `training has diverged: update ${updates} gives ${what}`;
  return new OutriderError('internal', cause, 'Another --seed may do; please report scenario and command.');
}

/** The next slot after these decisions in the world of a seed. */
function returnTo(environment: Environment, seed: number, decisions: readonly Assignment[]): SlotState {
  let state = environment.reset(seed);
  for (const assignment of decisions) state = environment.step(assignment).next;
  return state;
}
