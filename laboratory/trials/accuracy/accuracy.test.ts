import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { freeLaw } from '../../../src/core/decoding/shape-law.ts';
import { accuracyTrial } from './accuracy.ts';
import type { FoundWay } from './lm-eval.ts';

const way = (name: string, texts: readonly string[], score = 0.5): FoundWay => {
  return { way: name, samples: { gsm_step: texts.map((text) => [[text]]) }, scores: { gsm_step: score } };
};
const same = ['plain', 'edge', 'serve'].map((name) => way(name, ['1', '2']));
const narrow = { ...freeLaw, most: 4 };
const found = {
  ways: same,
  lmEval: '1',
  plainEngine: 'llama.cpp',
  law: freeLaw,
  weights: 'repacked' as 'repacked' | 'plain',
  drafts: { sent: 5, accepted: 3 },
  models: { target: 'a', draft: 'b' },
};
const options = { pair: 'default', samples: 2 } as never;
const conclude = (changes: object) => accuracyTrial.conclude({ ...found, ...changes }, options);

describe('the verdict', () => {
  it('is that all is equal', () => {
    const { summary, passed, remarks } = conclude({});
    expect(summary).toEqual({
      samples: 2,
      equalOutputs: 2,
      scores: 'gsm_step 0.500',
      equalScores: true,
      edgeAgainstServe: 0,
      sentDrafts: 5,
      acceptedDrafts: 3,
      law: 'any shape',
      usualCallsDiffering: 0,
    });
    expect({ passed, remarks }).toEqual({
      passed: true,
      remarks: ['every output and every score is the same in all ways'],
    });
  });

  it('lets the model alone differ under a law of shapes only', () => {
    const ways = [way('plain', ['1', 'x']), ...same.slice(1)];
    expect(conclude({ ways })).toMatchObject({ passed: false });
    const { passed, remarks } = conclude({ ways, law: narrow });
    expect(passed).toBe(true);
    expect(remarks?.[0]).toContain('1 outputs of llama.cpp alone differ');
    expect(remarks?.[0]).toContain('the law of the file is "at most 4 rows a call"');
    expect(conclude({ ways, weights: 'plain' })).toMatchObject({
      passed: true,
      summary: { law: 'any shape, weights not repacked' },
    });
  });

  it.each([
    [
      'drafts change an output, whatever the law',
      { law: narrow, ways: [...same.slice(0, 2), way('serve', ['1', 'x'])] },
    ],
    ['a score differs', { ways: [...same.slice(0, 2), way('serve', ['1', '2'], 0.25)] }],
    ['no draft was sent', { drafts: { sent: 0, accepted: 0 } }],
    ['the model is always right', { ways: same.map((one) => ({ ...one, scores: { gsm_step: 1 } })) }],
    ['nothing was compared', { ways: [] }],
  ])('is no pass where %s', (_, changes) => {
    expect(conclude(changes)).toMatchObject({ passed: false });
  });
});

it('shows calls of the usual size beside the others, and does not judge them', () => {
  const { rows, summary, passed } = conclude({ ways: [...same, way('plain-512', ['1', 'x'])] });
  expect(rows.at(-1)).toMatchObject({ way: 'plain-512', samples: 2, equalOutputs: 1 });
  expect(summary).toMatchObject({ equalOutputs: 2, usualCallsDiffering: 1 });
  expect(passed).toBe(true);
});

it('has a file of its own for each task, with a document for each sample', () => {
  for (const name of ['gsm_step', 'code_line', 'gsm_result', 'gsm_ending', 'gsm_perplexity']) {
    const text = readFileSync(new URL(`tasks/${name}.yaml`, import.meta.url), 'utf8');
    expect(text).toContain(`task: ${name}\n`);
    const [, file] = /test: (\w+\.jsonl)/.exec(text) ?? [];
    const lines = readFileSync(new URL(`tasks/${file}`, import.meta.url), 'utf8')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(40);
    expect(new Set(lines)).toHaveLength(40);
  }
});

it('makes a table with a column for each way', () => {
  const { rows } = conclude({});
  const document = { rows } as never;
  expect(accuracyTrial.page?.(document)).toBe(
    [
      '| task | samples | plain | edge | serve |',
      '| --- | --- | --- | --- | --- |',
      '| gsm_step | 2 | 0.500 (2 of 2 equal) | 0.500 (2 of 2 equal) | 0.500 (2 of 2 equal) |',
    ].join('\n'),
  );
});
