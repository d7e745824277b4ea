// llama.cpp itself reads the written files: copies of the real model in each format choose mostly the model's tokens.

import { rm } from 'node:fs/promises';
import type { ControlledEvaluateInputItem, Token } from 'node-llama-cpp';
import { beforeAll, describe, expect, it } from 'vitest';
import { acquireModel } from '../files/acquire.ts';
import { folderOfAll } from '../gguf/folder.fixture.ts';
import { readGguf } from '../gguf/gguf-file.ts';
import { recodeModel } from '../gguf/recode.ts';
import type { WeightFormatName } from '../gguf/weight-formats.ts';
import { loadLlamaModel, startLlamaEngine } from './llama-engine.ts';

const text = `Rivers begin as rain and melted snow in the hills, where small streams come together and cut their beds into
the rock. Further down the water slows, drops its sand and mud, and winds across a plain that it has made itself. People have
always lived there, because the soil is good and a boat is cheaper than a road. In spring the same river floods their fields, and
for a thousand years they have built walls to keep it where it is. The walls help until they break; then the water takes back in a
night what was taken from it in a century. Today engineers give rivers more room instead. They move the walls back, let meadows
stand under water for a month, and count the birds that return. It costs less than higher walls, and nobody has to leave home.`;
const here = folderOfAll();
let source: string;
let expected: (Token | undefined)[];

/** The choice of the model at `path` after each token of the text. */
async function choicesOf(path: string): Promise<(Token | undefined)[]> {
  const model = await loadLlamaModel(await startLlamaEngine('off'), path, { vocabularyOnly: false });
  try {
    const context = await model.createContext({ contextSize: 256, flashAttention: true, threads: 1 });
    const next = { generateNext: { token: true, options: { temperature: 0 } } } as const;
    const input = model.tokenize(text).map((token): ControlledEvaluateInputItem => [token, next]);
    const outputs = await context.getSequence().controlledEvaluate(input);
    return outputs.map((output) => output?.next.token ?? undefined);
  } finally {
    await model.dispose();
  }
}

beforeAll(async () => {
  source = (await acquireModel('smollm2-135m')).path;
  expected = await choicesOf(source);
});

describe('copies of SmolLM2-135M', () => {
  // Measured: 0.94, 0.89, 0.73, 0.78, 0.53, 0.67. The small model is sensitive to every bit; wrong bytes give almost 0.
  it.each<[WeightFormatName, matrixCount: number, least: number]>([
    ['Q8_0', 211, 0.87],
    // Its matrix rows have 576 weights, not a whole number of blocks of 256, except in each layer's ffn_down: 1,536.
    ['Q6_K', 30, 0.8],
    ['Q5_K', 30, 0.65],
    ['Q4_K', 30, 0.65],
    ['Q4_0', 211, 0.45],
    ['IQ4_NL', 211, 0.55],
  ])(
    'in %s, which %i matrices take, choose what the model chooses at %f of all places',
    async (format, matrixCount, least) => {
      const path = here(`${format}.gguf`);
      await recodeModel(source, path, format);
      const { tensors } = await readGguf(path);
      expect(tensors.filter(({ typeName }) => typeName === format)).toHaveLength(matrixCount);
      const choices = await choicesOf(path);
      await rm(path);
      const sameCount = choices.filter((id, index) => id !== undefined && id === expected[index]).length;
      expect(sameCount / expected.length).toBeGreaterThan(least);
    },
  );
});
