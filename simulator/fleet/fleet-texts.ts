// Questions of a live fleet of toys, as long as those of its scenario.

import { createRandom } from '../../src/core/basics/philox.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { drawKind, partEnds } from '../world/workload.ts';
import { drawTokens, type TaskKind } from '../world/workload-lengths.ts';

/** A prompt, and the limit of its answer. */
export interface Question {
  readonly prompt: readonly number[];
  readonly answerTokens: number;
}

const questionCount = 64;
const questionStream = 0x53900000;
/** Ids of words of a toy. */
const firstId = 60;
const idCount = 4000;

/** @param longestText tokens of a prompt and its answer */
export function drawQuestions(
  { workload }: Scenario,
  seed: number,
  { longestText, maxTokens }: { readonly longestText: number; readonly maxTokens: number },
): Question[] {
  const random = createRandom(seed, questionStream);
  const kinds = workload.tasks.map(({ kind }) => kind);
  const ends = partEnds(workload.tasks);
  return Array.from({ length: questionCount }, () => {
    const kind = kinds[drawKind(ends, random.uniform())] as TaskKind;
    const answerTokens = Math.max(1, Math.min(maxTokens, drawTokens(kind, 'answer', random.uniform())));
    const promptTokens = Math.max(
      1,
      Math.min(longestText - answerTokens, drawTokens(kind, 'prompt', random.uniform())),
    );
    return { prompt: Array.from({ length: promptTokens }, () => firstId + random.integer(idCount)), answerTokens };
  });
}
