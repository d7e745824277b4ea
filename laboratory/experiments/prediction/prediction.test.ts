import { describe, expect, it } from 'vitest';
import type { Document } from '../../../src/files/document.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { makeEdit } from './edit.ts';
import { predictionExperiment } from './prediction.ts';
import { createScriptedTarget, scriptChoices } from './scripted-edge.ts';

const { tokenizer } = createToyModel({ seed: 1, role: 'target' });

describe('the edit', () => {
  it('changes one name in 300 lines, with the file in the prompt or without', () => {
    const [inPrompt, elsewhere] = [makeEdit(tokenizer, true), makeEdit(tokenizer, false)];
    expect(inPrompt.answer.split('\n').length).toBe(301);
    expect(inPrompt.changedNames).toBeGreaterThan(5);
    expect(inPrompt.answer).not.toBe(inPrompt.prediction);
    expect(inPrompt.messages[0]?.content).toContain(inPrompt.prediction);
    expect(elsewhere.messages[0]?.content).not.toContain('import');
    expect(elsewhere.answer).toBe(inPrompt.answer);
  });
});

describe('a scripted target', () => {
  const script = { promptLength: 3, answer: [40, 41, 42, 43] };
  const plain = createScriptedTarget(script, tokenizer, { contextLength: 64, sequences: 1 });
  const engine = scriptChoices(createToyModel({ seed: 1, role: 'target' }), script);

  it.each([
    ['without an engine', plain],
    ['on an engine', engine],
  ])('writes its answer %s, in rows and after a roll-back', async (_, model) => {
    const sequence = model.openSequence();
    const [first] = await model.evaluate([{ sequence, tokens: [1, 2, 3], rows: 1 }]);
    expect(first?.map(({ ids }) => ids)).toEqual([[40]]);
    const [drafted] = await model.evaluate([{ sequence, tokens: [40, 41, 9], rows: 3 }]);
    expect(drafted?.map(({ ids }) => ids[0])).toEqual([41, 42, 43]);
    await sequence.truncate(5);
    const [again] = await model.evaluate([{ sequence, tokens: [42], rows: 1 }]);
    expect(again?.map(({ ids }) => ids[0])).toEqual([43]);
  });
});

describe('the conclusion', () => {
  const written = (ms: number, isIdentical = true) => ({
    isIdentical,
    ms,
    firstTextMs: 10,
    tokens: 100,
    acceptedTokens: ms < 500 ? 90 : 10,
    rejectedTokens: 5,
  });
  const options = {
    pair: 'default',
    profiles: ['edge-70b-a6000'],
    rtt: 10,
    repeats: 3,
    maxRows: 32,
    lines: 300,
    pacedOnly: false,
  } as Parameters<typeof predictionExperiment.conclude>[1];
  const found = [
    {
      edge: 'edge-70b-a6000',
      lines: 300,
      fileInPrompt: true,
      withoutPrediction: [1000, 900, 1200].map((ms) => written(ms)),
      withPrediction: [400, 450, 420].map((ms) => written(ms)),
    },
  ];

  it('takes medians, and the ratios of pairs as its spread', () => {
    const { rows, summary, passed } = predictionExperiment.conclude(found, options);
    expect(rows[0]).toMatchObject({ withoutMs: 1000, withMs: 420, ratioLow: 0.35, ratioHigh: 0.5 });
    expect(summary).toMatchObject({
      withOverWithout: 0.42,
      acceptedPredictionTokens: 90,
      unpaced: null,
      textsWrong: 0,
    });
    expect(passed).toBe(true);
    const page = predictionExperiment.page?.({ rows, params: options } as unknown as Document);
    expect(page).toContain('| edge-70b-a6000 | 300 | in the prompt | 3 | 100 | 1.0 | 0.4 | 0.420 | 0.350 | 0.500 |');
  });

  it('fails with a text that is not the target’s', () => {
    const wrong = found.map((one) => ({ ...one, withPrediction: [written(400, false)] }));
    expect(predictionExperiment.conclude(wrong, options).passed).toBe(false);
  });
});
