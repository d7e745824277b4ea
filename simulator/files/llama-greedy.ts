// The engine's own greedy generation, without our code in between: the reference of a trial. Not used for serving.

import type { Token } from 'node-llama-cpp';
import type { GpuChoice } from '../../src/core/basics/gpu-choice.ts';
import { invariant } from '../../src/core/basics/invariant.ts';
import { loadLlamaModel, startLlamaEngine } from '../../src/models/engines/llama-engine.ts';
import type { WeightLayout } from '../../src/models/engines/llama-weights.ts';

export interface GreedyRequest {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly endIds: ReadonlySet<number>;
}

/**
 * The ids that node-llama-cpp's `evaluate` writes at temperature 0, an end token included. One thread, flash attention and calls of
 * at most 63 tokens, single rows after the prompt: where the shape law is "any shape", these are the texts of exact mode.
 * @throws OutriderError `engine-missing`, `model-unreadable`
 */
export async function generateGreedily(
  path: string,
  requests: readonly GreedyRequest[],
  {
    weights = 'repacked',
    gpu = 'off',
  }: { readonly weights?: WeightLayout | undefined; readonly gpu?: GpuChoice | undefined } = {},
): Promise<number[][]> {
  const engine = await startLlamaEngine(gpu);
  const model = await loadLlamaModel(engine, path, { vocabularyOnly: false, weights });
  try {
    const longest = Math.max(...requests.map(({ prompt, maxTokens }) => prompt.length + maxTokens));
    const settings = { contextSize: longest + 64, batchSize: 63, threads: 1, flashAttention: true, sequences: 1 };
    const context = await model.createContext(settings);
    const sequence = context.getSequence();
    const answers: number[][] = [];
    for (const { prompt, maxTokens, endIds } of requests) {
      await sequence.clearHistory();
      const answer: number[] = [];
      for await (const token of sequence.evaluate([...prompt] as Token[], { temperature: 0, yieldEogToken: true })) {
        answer.push(token);
        if (endIds.has(token) || answer.length === maxTokens) break;
      }
      invariant(answer.length > 0, 'the engine wrote nothing');
      answers.push(answer);
    }
    await context.dispose();
    return answers;
  } finally {
    await model.dispose();
  }
}
