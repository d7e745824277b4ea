// A trained actor as a file: its weights, the feature scale, and metadata: network, variant, the command that made it. A checkpoint
// of a training run contains all of these, so either file serves as a policy.

import { featureCount } from './describe-slot.ts';
import { flatShapes } from './flat-network.ts';
import { type LearnedActor, networkNames, variantNames } from './learned-policy.ts';
import { pairShapes } from './pair-network.ts';
import { readTensors, type StoredTensor, type TensorFile, unreadable, writeTensors } from './safetensors.ts';

/** @param origin metadata beside network and variant: where the weights are from */
export function writeActor(actor: LearnedActor, origin: Readonly<Record<string, string>>): Uint8Array {
  return writeTensors(actorFile(actor, origin));
}

export function actorFile(actor: LearnedActor, origin: Readonly<Record<string, string>>): TensorFile {
  const shapes = shapesOf(actor.network, (name) => actor.weights[name]?.length ?? 0);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, shape] of Object.entries(shapes)) {
    tensors.set(name, { shape, values: actor.weights[name] as Float32Array });
  }
  tensors.set('input.centre', { shape: [featureCount], values: actor.scale.centre });
  tensors.set('input.deviation', { shape: [featureCount], values: actor.scale.deviation });
  return { tensors, metadata: { ...origin, network: actor.network, variant: actor.variant } };
}

/** @param what the file's name, for messages @throws OutriderError `weights-unreadable` when it is damaged, or not a file of weights */
export function readActor(bytes: Uint8Array, what: string): LearnedActor {
  return actorOf(readTensors(bytes, what), what);
}

/** @throws OutriderError `weights-unreadable` */
export function actorOf({ tensors, metadata }: TensorFile, what: string): LearnedActor {
  const network = networkNames.find((name) => name === metadata['network']);
  const variant = variantNames.find((name) => name === metadata['variant']);
  if (network === undefined) throw unreadable(what, `network ${JSON.stringify(metadata['network'])} is not known`);
  if (variant === undefined) throw unreadable(what, `variant ${JSON.stringify(metadata['variant'])} is not known`);
  const shapes = shapesOf(network, (name) => tensors.get(name)?.values.length ?? 0);
  const entries = Object.entries(shapes).map(([name, shape]) => [name, requireTensor(tensors, name, shape, what)]);
  return {
    network,
    variant,
    weights: Object.fromEntries(entries) as LearnedActor['weights'],
    scale: {
      centre: requireTensor(tensors, 'input.centre', [featureCount], what),
      deviation: requireDeviation(requireTensor(tensors, 'input.deviation', [featureCount], what), what),
    },
  };
}

/** @throws OutriderError `weights-unreadable` unless there is an array of float32 with this name and shape */
export function requireTensor(
  tensors: TensorFile['tensors'],
  name: string,
  shape: readonly number[],
  what: string,
): Float32Array {
  const found = tensors.get(name);
  if (found === undefined) throw unreadable(what, `there is no "${name}" in it`);
  if (!(found.values instanceof Float32Array)) throw unreadable(what, `"${name}" is not of dtype F32`);
  if (found.shape.length !== shape.length || !found.shape.every((one, axis) => one === shape[axis])) {
    throw unreadable(what, `"${name}" has shape [${found.shape.join(', ')}], not [${shape.join(', ')}]`);
  }
  return found.values;
}

function requireDeviation(deviation: Float32Array, what: string): Float32Array {
  if (!deviation.every((value) => value > 0))
    throw unreadable(what, '"input.deviation" has a value that is not above 0');
  return deviation;
}

/** Shapes of the actor's arrays, with the width of its biases. */
function shapesOf(
  network: LearnedActor['network'],
  lengthOf: (name: string) => number,
): Readonly<Record<string, readonly number[]>> {
  const hidden = Math.max(1, lengthOf('actor.bias1'));
  if (network === 'pairs') return pairShapes(hidden);
  return flatShapes(Math.max(1, Math.floor(lengthOf('actor.outBias') / 4)), hidden);
}
