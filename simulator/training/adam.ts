// Adam (Kingma & Ba 2015), after clipping gradients by their norm, as BenchMARL does.

import { numpy as np } from '@jax-js/jax';
import type { Tensors } from './networks.ts';

/** Running means of gradients and of their squares. */
export type Moments = { first: Tensors; second: Tensors };

const firstBeta = 0.9;
const secondBeta = 0.999;

/** 1 - beta^step of both moments, for update number `step`, from 1. */
export function correctionsAt(step: number): [number, number] {
  return [1 - firstBeta ** step, 1 - secondBeta ** step];
}

/** Borrows weights, moments and correction; takes ownership of the gradient. @param correction [2], from {@link correctionsAt} */
export function adamStep(
  weights: Tensors,
  gradient: Tensors,
  moments: Moments,
  correction: np.Array,
  rate: number,
  { adamEpsilon, gradientNorm }: { readonly adamEpsilon: number; readonly gradientNorm: number },
): { weights: Tensors; moments: Moments } {
  const factor = clipFactor(gradient, gradientNorm);
  const [firstCorrection, secondCorrection] = np.split(correction.ref, 2) as [np.Array, np.Array];
  const next: Tensors = {};
  const first: Tensors = {};
  const second: Tensors = {};
  for (const [name, weight] of Object.entries(weights)) {
    const cut = (gradient[name] as np.Array).mul(factor.ref);
    const mean = (moments.first[name] as np.Array).ref.mul(firstBeta).add(cut.ref.mul(1 - firstBeta));
    const square = (moments.second[name] as np.Array).ref.mul(secondBeta).add(np.square(cut).mul(1 - secondBeta));
    const shape = weight.shape;
    const deviation = np.sqrt(square.ref.div(secondCorrection.ref.reshape(shape.map(() => 1))));
    const direction = mean.ref.div(firstCorrection.ref.reshape(shape.map(() => 1))).div(deviation.add(adamEpsilon));
    next[name] = weight.ref.sub(direction.mul(rate));
    first[name] = mean;
    second[name] = square;
  }
  return { weights: next, moments: { first, second } };
}

/** min(1, limit / norm of the gradient); as torch.nn.utils.clip_grad_norm_. */
function clipFactor(gradient: Tensors, limit: number): np.Array {
  let sum: np.Array = np.zeros([]);
  for (const one of Object.values(gradient)) sum = sum.add(np.square(one.ref).sum());
  return np.minimum(np.reciprocal(np.sqrt(sum).add(1e-6)).mul(limit), 1);
}
