// What the protocol limits of a request, told by the name of the field.

import { limits } from '../../core/protocol/wire/limits.ts';
import { ApiError } from './api-error.ts';
import type { CompletionRequest } from './completion-port.ts';

/** @param field as the route names it @throws ApiError 400 */
export function demandStops(stops: readonly string[], field: string): void {
  for (const stop of stops) {
    const bytes = Buffer.byteLength(stop);
    if (bytes === 0) throw wrong(field, 'has an empty text, which would end every answer at once');
    if (bytes > limits.stopStringBytes)
      throw wrong(field, `has a text of ${bytes} bytes; at most ${limits.stopStringBytes}`);
  }
}

/** @throws ApiError 400 */
export function demandBiases(biases: Readonly<Record<string, number>>): void {
  const count = Object.keys(biases).length;
  if (count > limits.logitBiases) throw wrong('logit_bias', `has ${count} ids; at most ${limits.logitBiases}`);
}

/** @throws ApiError 400 for an id that the model does not have */
export function demandVocabulary({ prompt, sampling }: CompletionRequest, vocabularySize: number): void {
  const beyond = (id: number): string => `there is no token ${id}; the model has ${vocabularySize}, from 0`;
  for (const [id] of sampling.logitBias ?? []) if (id >= vocabularySize) throw wrong(`logit_bias.${id}`, beyond(id));
  if (prompt.kind !== 'ids') return;
  for (const id of prompt.ids) if (id >= vocabularySize) throw wrong('prompt', beyond(id));
}

function wrong(param: string, what: string): ApiError {
  return new ApiError(400, 'invalid_value', `"${param}": ${what}`, { param });
}
