// Adam (Kingma & Ba 2015), after clipping gradients by their norm, as BenchMARL does.

import { numpy as np } from '@jax-js/jax';
import type { Tensors } from './networks.ts';

/** Weights, and the running means of their gradients and of the squares. */
export type Optimised = { weights: Tensors; first: Tensors; second: Tensors };

const firstBeta = 0.9;
const secondBeta = 0.999;

/** 1 - beta^step of both moments, for update number `step`, from 1. */
export function correctionsAt(step: number): [number, number] {
  return [1 - firstBeta ** step, 1 - secondBeta ** step];
}

/** Borrows weights, means and correction; takes ownership of the gradient. @param correction [2], from {@link correctionsAt} */
export function adamStep(
  before: Optimised,
  gradient: Tensors,
  correction: np.Array,
  rate: number,
  { adamEpsilon, gradientNorm }: { readonly adamEpsilon: number; readonly gradientNorm: number },
): Optimised {
  const factor = clipFactor(gradient, gradientNorm);
  const [firstCorrection, secondCorrection] = np.split(correction.ref, 2) as [np.Array, np.Array];
  const after: Optimised = { weights: {}, first: {}, second: {} };
  for (const [name, weight] of Object.entries(before.weights)) {
    const cut = (gradient[name] as np.Array).mul(factor.ref);
    const mean = (before.first[name] as np.Array).ref.mul(firstBeta).add(cut.ref.mul(1 - firstBeta));
    const square = (before.second[name] as np.Array).ref.mul(secondBeta).add(np.square(cut).mul(1 - secondBeta));
    const ones = weight.shape.map(() => 1);
    const deviation = np.sqrt(square.ref.div(secondCorrection.ref.reshape(ones)));
    const direction = mean.ref.div(firstCorrection.ref.reshape(ones)).div(deviation.add(adamEpsilon));
    after.weights[name] = weight.ref.sub(direction.mul(rate));
    after.first[name] = mean;
    after.second[name] = square;
  }
  return after;
}

/** min(1, limit / norm of the gradient); as torch.nn.utils.clip_grad_norm_. */
function clipFactor(gradient: Tensors, limit: number): np.Array {
  let sum: np.Array = np.zeros([]);
  for (const one of Object.values(gradient)) sum = sum.add(np.square(one.ref).sum());
  return np.minimum(np.reciprocal(np.sqrt(sum).add(1e-6)).mul(limit), 1);
}
