// One loaded model with a context that stands in for the engine's: what reaches the engine, and what is refused before.

import type { LlamaContext, LlamaModel } from 'node-llama-cpp';
import { expect, it } from 'vitest';
import { createToyTokenizer } from '../port/toy-tokenizer.ts';
import { LlamaLanguageModel } from './llama-model.ts';

const tokenizer = createToyTokenizer(1024);

/** Gives token 7 at each row, and keeps what it was asked for. */
function open() {
  const asked: unknown[] = [];
  const sequence = {
    nextTokenIndex: 0,
    needsCheckpoints: false,
    controlledEvaluate: async (input: readonly unknown[]) => {
      asked.push(...input);
      sequence.nextTokenIndex += input.length;
      return input.map(() => ({ next: { logits: new Map([[7, 1]]) } }));
    },
  };
  const dispose = async (): Promise<void> => {};
  const context = { contextSize: 512, totalSequences: 1, getSequence: () => sequence, dispose };
  const loaded = { gpuLayers: 0, tokenizer: { ofModel: true }, dispose };
  const model = new LlamaLanguageModel(loaded as never as LlamaModel, context as never as LlamaContext, tokenizer);
  return { model, asked, loaded };
}

it('cuts the ids that are not allowed out of the whole vocabulary', async () => {
  const { model, asked, loaded } = open();
  const allowed = new Uint32Array(1024 / 32).fill(0xffff_ffff);
  allowed[0] = 0xffff_fff0;
  const sequence = model.openSequence();
  const [rows] = await model.evaluate([{ sequence, tokens: [5], rows: 1, asks: [{ allowed }] }]);
  expect(rows).toEqual([{ ids: [7], logits: [1] }]);
  const biases = new Map([0, 1, 2, 3].map((id) => [id, Number.NEGATIVE_INFINITY]));
  const tokenBias = { _tokenizer: loaded.tokenizer, _biases: biases };
  expect(asked).toMatchObject([[5, { generateNext: { options: { tokenBias } } }]]);
});

it('gives no sequence once it is being closed, and evaluates nothing', async () => {
  const { model } = open();
  const sequence = model.openSequence();
  await sequence.release();
  const closing = model.close();
  expect(() => model.openSequence()).toThrow('openSequence of a closed model');
  expect(() => model.evaluate([])).toThrow('evaluate of a closed model');
  await closing;
});
