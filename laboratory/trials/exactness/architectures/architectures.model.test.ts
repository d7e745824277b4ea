// A few of the made files; `outrider trial exactness --architectures` has all. Needs node-llama-cpp, and no model.

import { expect, it } from 'vitest';
import { type ArchitectureRow, trialArchitectures } from './architectures.ts';

const files = [
  'llama-spm',
  'gpt2-short-context',
  'bert-bpe',
  'nan-weight',
  'split',
  'split-other-second',
  'split-first-alone',
  'cut-tensors',
  'heads-0',
];

it('files that are made for it are exact, or refused for the right reason, and none ends the process', async () => {
  const { rows, summary } = await trialArchitectures({ only: files, tokens: 8, promptCount: 1 });
  const wrong = (rows as readonly ArchitectureRow[]).filter(({ right }) => !right);
  expect(wrong).toEqual([]);
  expect(summary).toMatchObject({ files: files.length, exact: 4, wrong: 0, texts: 40, identical: 40 });
  // Each exact file's own texts beside the engine's, whatever its law.
  expect(summary['engineGreedyTexts']).toBe(4);
});
