// Lengths of prompts and answers by task: deciles measured on public prompt sets. "outrider scenario lengths --data DIRECTORY"
// prints the table; each record names its source.

import table from './workload-lengths.json' with { type: 'json' };

export const taskKinds: readonly ['code', 'summarisation', 'chat'] = ['code', 'summarisation', 'chat'];

export type TaskKind = (typeof taskKinds)[number];

const deciles: ReadonlyMap<string, { readonly prompt: readonly number[]; readonly answer: readonly number[] }> =
  new Map(table.map(({ task, promptTokens, answerTokens }) => [task, { prompt: promptTokens, answer: answerTokens }]));

/** The length at a place in the distribution, linear between deciles. @param place uniform in [0, 1) */
export function drawTokens(kind: TaskKind, part: 'prompt' | 'answer', place: number): number {
  const values = deciles.get(kind)?.[part] ?? [];
  const last = values.length - 1;
  const index = Math.min(last - 1, Math.floor(place * last));
  const below = values[index] as number;
  const above = values[index + 1] as number;
  return Math.round(below + (above - below) * (place * last - index));
}

/** The mean of {@link drawTokens} over all places. */
export function meanTokens(kind: TaskKind, part: 'prompt' | 'answer'): number {
  const values = deciles.get(kind)?.[part] ?? [];
  const last = values.length - 1;
  let sum = 0;
  for (let index = 0; index < last; index++) sum += ((values[index] as number) + (values[index + 1] as number)) / 2;
  return sum / last;
}
