// One update of MASAC (Haarnoja et al. 2018; Koh & Yang 2025, section IV and eq. 9): both critics towards their target, the actor
// up the smaller critic plus entropy, the temperature towards the target entropy, the target networks by a step xi towards the
// critics. All in one compiled function. The agents' scores are drawn jointly and the reward is the team's, so one value serves all
// (BenchMARL: shared critic).

import { jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import type { VariantName } from '../policies/learned/learned-policy.ts';
import { adamStep, type Optimised } from './adam.ts';
import {
  type CriticRows,
  flatValue,
  pairLogCosts,
  pairValue,
  rowMean,
  type SlotBatch,
  scoreAll,
  scoreChosen,
  type Tensors,
} from './networks.ts';
import type { CreditName, MasacSettings } from './settings.ts';

/** Everything that an update changes. */
export type LearnerState = {
  actor: Optimised;
  /** Two critics and their target networks. */
  critics: Optimised[];
  targets: Tensors[];
  /** Its only weight is `logAlpha`, []. */
  alpha: Optimised;
};

/** The input of an update. */
export type UpdateBatch = {
  now: SlotBatch;
  /** Numbers of each device with its server and link; [B, M, featureCount]. */
  rows: np.Array;
  /** The scores that were used; [B, M, 2]. */
  score: np.Array;
  /** Scaled; [B, M]. */
  deviceCost: np.Array;
  /** Scaled; [B]. */
  reward: np.Array;
  /** The next slots; only with a discount. */
  next: SlotBatch[];
  nextRows: np.Array[];
  /** The discount, 0 where no slot follows; [B]. */
  discount: np.Array;
  /** Standard normal; [B, M, 2] or, for `association`, [B, M, E, 2], now and in the next slot. */
  noise: np.Array;
  nextNoise: np.Array;
  /** 1 - beta^step of both moments; [2]. */
  correction: np.Array;
};

/** [5]: loss of the critics, of the actor, alpha, entropy for each score, mean value. */
export type UpdateResult = { state: LearnerState; metrics: np.Array };

export type Update = ((state: LearnerState, batch: UpdateBatch) => UpdateResult) & { dispose(): void };

export interface UpdateKind {
  readonly settings: MasacSettings;
  readonly variant: VariantName;
  readonly network: 'pairs' | 'flat';
  readonly credit: CreditName;
}

/** Takes ownership of its arguments. */
export function createUpdate(kind: UpdateKind): Update {
  return jit(
    (state: LearnerState, batch: UpdateBatch): UpdateResult => update(kind, state, batch),
  ) as unknown as Update;
}

/** The same, not compiled. */
export function update(kind: UpdateKind, state: LearnerState, batch: UpdateBatch): UpdateResult {
  const { settings } = kind;
  const target = targetOf(kind, state, batch);
  const alpha = alphaOf(state);
  const lossOf = kind.credit === 'device' ? deviceLoss : teamLoss;
  let criticLoss: np.Array = np.zeros([]);
  const critics = state.critics.map((critic) => {
    const [loss, gradient] = valueAndGrad((p: Tensors) => lossOf(kind, p, batch, target))(borrow(critic.weights)) as [
      np.Array,
      Tensors,
    ];
    criticLoss = criticLoss.add(loss);
    return adamStep(critic, gradient, batch.correction, settings.criticRate, settings);
  });
  const [[actorLoss, entropy], actorGradient] = valueAndGrad(
    (p: Tensors): [np.Array, np.Array] => actorObjective(kind, p, critics, alpha, batch),
    { hasAux: true },
  )(borrow(state.actor.weights)) as unknown as [[np.Array, np.Array], Tensors];
  // The gradient of -log alpha (ln pi + target), which does not depend on alpha.
  const alphaGradient = { logAlpha: entropy.ref.sub(settings.targetEntropy) };
  const after = {
    actor: adamStep(state.actor, actorGradient, batch.correction, settings.actorRate, settings),
    critics,
    targets: state.targets.map((one, index) => approach(one, (critics[index] as Optimised).weights, settings.xi)),
    alpha: adamStep(state.alpha, alphaGradient, batch.correction, settings.alphaRate, settings),
  };
  return { state: after, metrics: np.stack([criticLoss, actorLoss, alpha, entropy, target.mean()]) };
}

function alphaOf({ alpha }: LearnerState): np.Array {
  return np.exp((alpha.weights['logAlpha'] as np.Array).ref);
}

/** r + discount (min Q' - alpha ln pi) of a newly drawn next action; without a discount r alone; [B]. */
function targetOf(kind: UpdateKind, state: LearnerState, batch: UpdateBatch): np.Array {
  const [next] = batch.next;
  if (next === undefined) return batch.reward.ref;
  const drawn = draw(kind, state.actor.weights, next, batch.nextNoise);
  const values = state.targets.map((p) => valueFor(kind, p, next, batch.nextRows[0] as np.Array, drawn));
  const least = np.minimum(values[0] as np.Array, values[1] as np.Array);
  const bonus = alphaOf(state).mul(drawn.entropy);
  return batch.reward.ref.add(batch.discount.ref.mul(least.add(bonus)));
}

/** The squared error of a slot's value, as in the paper. */
function teamLoss(kind: UpdateKind, p: Tensors, batch: UpdateBatch, target: np.Array): np.Array {
  const value = shareValue(kind, p, batch.now, batch.rows, takenShares(kind, batch));
  return np.square(value.sub(target.ref)).mean();
}

/**
 * Poisson deviance of the cost of each served device, up to a constant: least at the expected cost, like a squared error, but not
 * dominated by the few costs of a hundred times the mean. The expected value after the slot is shared evenly.
 */
function deviceLoss(kind: UpdateKind, p: Tensors, batch: UpdateBatch, target: np.Array): np.Array {
  const rows = rowsOf(batch.now, batch.rows, takenShares(kind, batch));
  const logCost = pairLogCosts(p, rows, batch.now.lnRandom);
  const future = np.expandDims(target.ref.sub(batch.reward.ref), 1);
  const cost = np.maximum(batch.deviceCost.ref.sub(future), 0);
  return rowMean(np.exp(logCost.ref).sub(cost.mul(logCost)), rows.weight).mean();
}

function actorObjective(
  kind: UpdateKind,
  p: Tensors,
  critics: readonly Optimised[],
  alpha: np.Array,
  batch: UpdateBatch,
): [np.Array, np.Array] {
  const drawn = draw(kind, p, batch.now, batch.noise);
  const values = critics.map(({ weights }) => valueFor(kind, weights, batch.now, batch.rows, drawn));
  const least = np.minimum(values[0] as np.Array, values[1] as np.Array);
  const entropy = drawn.entropy.mean();
  return [alpha.ref.mul(entropy.ref).neg().sub(least.mean()), entropy];
}

interface Drawn {
  /** [B, M, 2], or [B, M, E, 2]. */
  readonly score: np.Array;
  /** -ln pi for each score that counts: those of links in use; [B]. */
  readonly entropy: np.Array;
}

/** Scores by the reparametrised Gaussian, and their entropy (before the softmax). */
function draw(kind: UpdateKind, p: Tensors, batch: SlotBatch, noise: np.Array): Drawn {
  const isAssociation = kind.variant === 'association';
  const { mean, deviation } = isAssociation ? scoreAll(p, batch) : scoreChosen(p, batch);
  const score = mean.add(deviation.ref.mul(noise.ref));
  const surprise = np.log(deviation).add(np.square(noise.ref).mul(0.5).add(halfLogTwoPi));
  const used = isAssociation ? forYOnly(batch.eligible) : np.repeat(np.expandDims(batch.chosen.ref.sum(2), 2), 2, 2);
  const axes = isAssociation ? [1, 2, 3] : [1, 2];
  const count = np.maximum(used.ref.sum(axes), 1);
  return { score, entropy: surprise.mul(used).sum(axes).div(count) };
}

/** An association does not depend on the scores for z; [B, M, E, 2]. */
function forYOnly(eligible: np.Array): np.Array {
  return np.stack([eligible.ref, np.zerosLike(eligible.ref)], -1);
}

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

/** ln of the shares that the replayed scores gave; an association's critic does not see shares; [B, M, 2]. */
function takenShares(kind: UpdateKind, { now, score }: UpdateBatch): np.Array {
  return kind.variant === 'association' ? np.zeros(score.shape) : lnSharesOf(score, now.chosen);
}

function valueFor(kind: UpdateKind, p: Tensors, batch: SlotBatch, rows: np.Array, { score }: Drawn): np.Array {
  if (kind.variant !== 'association') return shareValue(kind, p, batch, rows, lnSharesOf(score, batch.chosen));
  const weight = associationOf(batch, score, kind.settings.associationTemperature);
  return pairValue(p, linkRows(batch, weight), batch.lnRandom);
}

/** The value of shares at the links chosen, [B]. @param rows numbers of each device with its server and link */
function shareValue(kind: UpdateKind, p: Tensors, batch: SlotBatch, rows: np.Array, lnShares: np.Array): np.Array {
  if (kind.network === 'flat') return flatValue(p, batch, lnShares);
  return pairValue(p, rowsOf(batch, rows, lnShares), batch.lnRandom);
}

function rowsOf({ chosen }: SlotBatch, features: np.Array, lnShares: np.Array): CriticRows {
  return { features, lnShares, server: chosen, weight: chosen.ref.sum(2) };
}

/** ln of each served device's softmax among its server's devices and the slack; 0 for others. */
export function lnSharesOf(score: np.Array, chosen: np.Array): np.Array {
  const bounded = np.clip(score.ref, -20, 20);
  const served = np.expandDims(chosen.ref.sum(2), 2);
  const sums = np.matmul(chosen.ref.transpose([0, 2, 1]), np.exp(bounded.ref)).add(1);
  const ofDevice = np.matmul(chosen.ref, np.log(sums));
  return bounded.sub(ofDevice).mul(served);
}

/** A relaxed association: the softmax of a device's scores for y over its eligible servers, near the highest one's; [B, M, E]. */
function associationOf({ eligible }: SlotBatch, score: np.Array, temperature: number): np.Array {
  const [forY] = np.split(score.ref, 2, -1) as [np.Array, np.Array];
  const logits = np.where(eligible.ref.greater(0.5), forY.reshape(eligible.shape).div(temperature), -1e4);
  return nn.softmax(logits, -1).mul(eligible.ref);
}

/** Every link as a row with its weight; [B, M, E]. */
function linkRows({ devices, servers, links, eligible }: SlotBatch, weight: np.Array): CriticRows {
  const [size, deviceCount, serverCount] = eligible.shape as [number, number, number];
  const grid = [size, deviceCount, serverCount];
  const count = deviceCount * serverCount;
  const own = np.broadcastTo(np.expandDims(devices.ref, 2), [...grid, devices.shape[2] as number]);
  const ofServer = np.broadcastTo(np.expandDims(servers.ref, 1), [...grid, servers.shape[2] as number]);
  const features = np.concatenate([own, ofServer, links.ref], 3).reshape([size, count, -1]);
  const places = np.broadcastTo(np.eye(serverCount), [...grid, serverCount]).reshape([size, count, serverCount]);
  const lnShares = np.zeros([size, count, 2]);
  return { features, lnShares, server: places, weight: weight.reshape([size, count]) };
}

/** target + xi (critic - target). */
function approach(target: Tensors, critic: Tensors, xi: number): Tensors {
  const entries = Object.entries(target).map(([name, one]) => {
    const other = critic[name] as np.Array;
    return [name, one.ref.mul(1 - xi).add(other.ref.mul(xi))];
  });
  return Object.fromEntries(entries) as Tensors;
}

/** References to the same arrays, for a function that takes ownership. */
function borrow(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, one.ref])) as Tensors;
}
