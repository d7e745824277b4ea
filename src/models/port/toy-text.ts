// The text that a toy target writes alone, one row at a time: the reference of trials and benches without a real model.

import { chooseToken } from '../../core/decoding/choose-token.ts';
import type { Sampling } from '../../core/decoding/sampling.ts';
import { createToyModel } from './toy.ts';

/** Penalties are not supported. */
export async function writeToyText(
  seed: number,
  prompt: readonly number[],
  sampling: Sampling,
  tokenCount: number,
): Promise<number[]> {
  await using model = createToyModel({ seed, role: 'target', sequences: 1 });
  const sequence = model.openSequence();
  const answer: number[] = [];
  let next = prompt;
  while (answer.length < tokenCount) {
    const [rows] = await model.evaluate([{ sequence, tokens: next, rows: 1 }]);
    const row = rows?.[0];
    if (row === undefined) throw new Error('the toy gave no row');
    const id = chooseToken(row, sampling, undefined, prompt.length + answer.length);
    answer.push(id);
    next = [id];
  }
  return answer;
}
