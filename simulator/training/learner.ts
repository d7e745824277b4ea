// The networks in training, between plain arrays and @jax-js/jax: creates them, makes an update from rows of the replay buffer,
// returns their weights. All its draws are keyed by seed and the number of updates.

import { defaultDevice, init, numpy as np, tree } from '@jax-js/jax';
import { createRandom } from '../../src/core/basics/philox.ts';
import { type FeatureScale, featureCount } from '../policies/learned/describe-slot.ts';
import { flatShapes } from '../policies/learned/flat-network.ts';
import type { Weights } from '../policies/learned/layers.ts';
import { pairShapes } from '../policies/learned/pair-network.ts';
import { correctionsAt, type Optimised } from './adam.ts';
import { drawNormals, gatherSlots, type RewardScale, rewardFactor, type SlotNumbers } from './batch.ts';
import { criticShapes, type SlotBatch, type Tensors } from './networks.ts';
import { drawRows, type Replay } from './replay.ts';
import { createUpdate, type LearnerState, type UpdateBatch, type UpdateKind } from './update.ts';

export interface LearnerKind extends UpdateKind {
  readonly seed: number;
  readonly deviceCount: number;
  readonly serverCount: number;
  readonly scale: FeatureScale;
  readonly rewards: RewardScale;
}

/**
 * Figures of an update. `criticLoss`: sum of both critics' losses, mean squared errors of scaled rewards or, with credit `device`, Poisson
 * deviances up to a constant. `entropy`: nats for each score. `value`: mean of the critics' regression target, the scaled reward plus the
 * expected value after it.
 */
export type UpdateFigures = Readonly<Record<'criticLoss' | 'actorLoss' | 'alpha' | 'entropy' | 'value', number>>;

export interface Learner {
  /** Number of updates so far. */
  readonly updates: number;
  update(replay: Replay): UpdateFigures;
  /** The weights for decisions with the actor. */
  actorWeights(): Weights;
  /** All that a later run needs; names such as `critics.0.row`. */
  save(): SavedTensors;
  dispose(): void;
}

const initialStream = 0x4e000000;
const rowStream = 0x4f000000;
const noiseStream = 0x51000000;
const nextNoiseStream = 0x52000000;

/** Await it once before making a learner. */
export async function startJax(): Promise<void> {
  await init('wasm');
  defaultDevice('wasm');
}

export type SavedTensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

/** @param saved from {@link Learner.save}, after `updates` updates; without it a new learner starts */
export function createLearner(kind: LearnerKind, saved?: SavedTensors, updates = 0): Learner {
  const run = createUpdate(kind);
  let state = stateOf(saved ?? drawTensors(kind));
  let count = updates;
  return {
    get updates() {
      return count;
    },
    update(replay) {
      count++;
      const result = run(state, batchOf(kind, replay, count));
      state = result.state;
      const [criticLoss, actorLoss, alpha, entropy, value] = result.metrics.dataSync() as unknown as number[];
      return { criticLoss, actorLoss, alpha, entropy, value } as UpdateFigures;
    },
    actorWeights() {
      const entries = Object.entries(state.actor.weights).map(([name, one]) => [`actor.${name}`, read(one)]);
      return Object.fromEntries(entries) as Weights;
    },
    save: () => new Map(namesOf(state).map(([name, one]) => [name, { shape: one.shape, values: read(one) }])),
    dispose() {
      tree.dispose(state);
      run.dispose();
    },
  };
}

function read(tensor: np.Array): Float32Array {
  return Float32Array.from(tensor.ref.dataSync() as Float32Array);
}

/** Every weight uniform in +-1 / sqrt(inputs), as torch.nn.Linear; moments 0; target networks equal to critics. */
export function drawTensors(kind: LearnerKind): SavedTensors {
  const { network, settings, deviceCount, serverCount } = kind;
  const random = createRandom(kind.seed, initialStream);
  const isFlat = network === 'flat';
  const actorShapes = isFlat ? flatShapes(deviceCount, settings.flatWidth) : pairShapes(settings.pairActorWidth);
  const criticWidth = isFlat ? settings.flatWidth : settings.pairCriticWidth;
  const shapes = criticShapes(network, criticWidth, deviceCount, serverCount);
  const all = new Map<string, { readonly shape: readonly number[]; readonly values: Float32Array }>();
  const add = (prefix: string, name: string, shape: readonly number[], draw: () => number): void => {
    const length = shape.reduce((product, one) => product * one, 1);
    all.set(prefix + name, { shape, values: Float32Array.from({ length }, draw) });
    for (const moment of ['first.', 'second.'])
      all.set(prefix + moment + name, { shape, values: new Float32Array(length) });
  };
  const addNetwork = (prefix: string, of: Readonly<Record<string, readonly number[]>>): void => {
    for (const [key, shape] of Object.entries(of)) {
      const name = key.replace('actor.', '');
      const bound = 1 / Math.sqrt(inputsOf(name, of, isFlat));
      add(prefix, name, shape, () => bound * (2 * random.uniform() - 1));
    }
  };
  addNetwork('actor.', actorShapes);
  for (const index of [0, 1]) addNetwork(`critics.${index}.`, shapes);
  for (const index of [0, 1]) {
    for (const name of Object.keys(shapes))
      all.set(`targets.${index}.${name}`, all.get(`critics.${index}.${name}`) as never);
  }
  add('alpha.', 'logAlpha', [], () => Math.log(settings.alpha));
  return all;
}

/** Number of inputs of a unit in the layer of a weight or bias. */
function inputsOf(name: string, shapes: Readonly<Record<string, readonly number[]>>, isFlat: boolean): number {
  const inputs = (key: string): number => (shapes[key] ?? shapes[`actor.${key}`] ?? [0])[0] as number;
  if (name.startsWith('out')) return inputs('out');
  if (isFlat) return name.endsWith('1') ? inputs('layer1') : inputs('layer2');
  if (['own', 'ofDevice', 'ofServer', 'ofAll', 'bias2'].includes(name)) return inputs('own');
  return inputs('row') === 0 ? featureCount : inputs('row') + 1;
}

type Owned = [name: string, array: np.Array];

/** Every array of a state by name. */
function namesOf({ actor, critics, targets, alpha }: LearnerState): Owned[] {
  const of = (prefix: string, tensors: Tensors): Owned[] =>
    Object.entries(tensors).map(([name, one]) => [prefix + name, one]);
  const all = (prefix: string, { weights, first, second }: Optimised): Owned[] => [
    ...of(prefix, weights),
    ...of(`${prefix}first.`, first),
    ...of(`${prefix}second.`, second),
  ];
  return [
    ...all('actor.', actor),
    ...critics.flatMap((one, index) => all(`critics.${index}.`, one)),
    ...targets.flatMap((one, index) => of(`targets.${index}.`, one)),
    ...all('alpha.', alpha),
  ];
}

function stateOf(saved: SavedTensors): LearnerState {
  const under = (prefix: string): Tensors => {
    const found: Tensors = {};
    for (const [name, { shape, values }] of saved) {
      const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '.';
      if (!rest.includes('.')) found[rest] = tensor(values.slice(), shape);
    }
    return found;
  };
  const all = (prefix: string): Optimised => {
    return { weights: under(prefix), first: under(`${prefix}first.`), second: under(`${prefix}second.`) };
  };
  return {
    actor: all('actor.'),
    critics: [all('critics.0.'), all('critics.1.')],
    targets: [under('targets.0.'), under('targets.1.')],
    alpha: all('alpha.'),
  };
}

function batchOf(kind: LearnerKind, replay: Replay, step: number): UpdateBatch {
  const { settings, seed, scale, rewards, deviceCount, serverCount } = kind;
  const { arrays } = replay;
  const size = settings.batchSize;
  const hasNext = settings.discount > 0;
  const rows = drawRows(replay, size, createRandom(seed, rowStream + step).uniform, hasNext);
  const now = gatherSlots(replay, rows, scale, rewards);
  const score = new Float32Array(size * deviceCount * 2);
  const reward = new Float32Array(size);
  const deviceCost = new Float32Array(size * deviceCount);
  const discount = new Float32Array(size).fill(settings.discount);
  for (const [index, row] of rows.entries()) {
    score.set(arrays.score.subarray(row * deviceCount * 2, (row + 1) * deviceCount * 2), index * deviceCount * 2);
    const factor = rewardFactor(replay, row, rewards, hasNext);
    for (let device = 0; device < deviceCount; device++) {
      const cost = (arrays.deviceCost[row * deviceCount + device] as number) * factor;
      deviceCost[index * deviceCount + device] = Math.min(settings.mostDeviceCost, cost);
    }
    reward[index] = Math.max(settings.leastReward, (arrays.reward[row] as number) * factor);
  }
  const following = hasNext ? [rows.map((row) => (row + 1) % replay.capacity)] : [];
  const next = following.map((ofNext) => gatherSlots(replay, ofNext, scale, rewards));
  const noiseShape = kind.variant === 'association' ? [size, deviceCount, serverCount, 2] : [size, deviceCount, 2];
  const noiseSize = noiseShape.reduce((product, one) => product * one, 1);
  const noise = (stream: number): np.Array => tensor(drawNormals(seed, stream + step, noiseSize), noiseShape);
  return {
    now: tensorsOf(now, size, deviceCount, serverCount),
    rows: tensor(now.rows, [size, deviceCount, featureCount]),
    score: tensor(score, [size, deviceCount, 2]),
    deviceCost: tensor(deviceCost, [size, deviceCount]),
    reward: tensor(reward, [size]),
    next: next.map((one) => tensorsOf(one, size, deviceCount, serverCount)),
    nextRows: next.map((one) => tensor(one.rows, [size, deviceCount, featureCount])),
    discount: tensor(discount, [size]),
    noise: noise(noiseStream),
    nextNoise: hasNext ? noise(nextNoiseStream) : np.zeros([1]),
    correction: np.array(correctionsAt(step)),
  };
}

/** Keeps the numbers' array: it must not be changed. */
function tensor(values: Float32Array, shape: readonly number[]): np.Array {
  return np.array(values as Float32Array<ArrayBuffer>).reshape([...shape]);
}

function tensorsOf(numbers: SlotNumbers, size: number, deviceCount: number, serverCount: number): SlotBatch {
  return {
    devices: tensor(numbers.devices, [size, deviceCount, -1]),
    servers: tensor(numbers.servers, [size, serverCount, -1]),
    links: tensor(numbers.links, [size, deviceCount, serverCount, -1]),
    eligible: tensor(numbers.eligible, [size, deviceCount, serverCount]),
    chosen: tensor(numbers.chosen, [size, deviceCount, serverCount]),
    lnRandom: tensor(numbers.lnRandom, [size, 1]),
  };
}
