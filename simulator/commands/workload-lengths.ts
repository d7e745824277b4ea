// `outrider scenario lengths`: measures prompts and answers of the workload's three tasks with a real tokenizer and prints the table
// simulator/world/workload-lengths.json. Answers come from the data, or else from the target, greedily.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badArgument } from '../../src/core/basics/errors.ts';
import { quantile } from '../../src/core/basics/statistics.ts';
import { openLlamaTokenizer } from '../../src/models/engines/llama-tokenizer.ts';
import { acquireModel } from '../../src/models/files/acquire.ts';
import type { Tokenizer } from '../../src/models/port/model.ts';
import { generateGreedily } from '../files/llama-greedy.ts';

/** Quantiles of token counts at 0, 10, .. 100 %. */
export interface TaskLengths {
  readonly task: string;
  readonly prompts: number;
  readonly promptTokens: readonly number[];
  readonly answerTokens: readonly number[];
  readonly source: string;
}

interface Example {
  readonly prompt: string;
  readonly answer: string | undefined;
}

const chatCategories = ['writing', 'roleplay', 'reasoning', 'math', 'coding', 'extraction', 'stem', 'humanities'];
const longestAnswer = 768;

/**
 * @param directory holds humaneval.jsonl and spec-bench.jsonl
 * @throws OutriderError `bad-argument` when one is missing
 */
export async function measureLengths(
  directory: string,
  model: string,
  progress: (label: string, done: number, total: number) => void,
): Promise<TaskLengths[]> {
  const { path } = await acquireModel(model, {});
  await using tokenizer = await openLlamaTokenizer(path);
  const code = (await readLines(directory, 'humaneval.jsonl')).map(
    (row): Example => ({ prompt: String(row['prompt']), answer: String(row['canonical_solution']) }),
  );
  const bench = await readLines(directory, 'spec-bench.jsonl');
  const summaries = bench.filter(({ category }) => category === 'summarization').map(benchExample);
  const chats = bench.filter(({ category }) => chatCategories.includes(String(category))).map(benchExample);
  const measure = async (task: string, examples: readonly Example[], source: string): Promise<TaskLengths> => {
    progress(task, 0, examples.length);
    const promptIds = examples.map(({ prompt }) => tokenizer.encodeChat([{ role: 'user', content: prompt }]));
    const given = examples.flatMap(({ answer }) => (answer === undefined ? [] : [tokenizer.encode(answer).length]));
    const open = promptIds.filter((_, index) => examples[index]?.answer === undefined);
    const answers = [...given, ...(await ownLengths(path, tokenizer, open))];
    const prompts = promptIds.map(({ length }) => length);
    return { task, prompts: prompts.length, promptTokens: deciles(prompts), answerTokens: deciles(answers), source };
  };
  return [
    await measure('code', code, 'HumanEval: prompt and canonical solution'),
    await measure('summarisation', summaries, 'Spec-Bench, summarization (CNN/DailyMail): prompt and reference'),
    await measure(
      'chat',
      chats.map(({ prompt }) => ({ prompt, answer: undefined })),
      `Spec-Bench, the first turns of MT-Bench; answers by ${model}, greedily, at most ${longestAnswer} tokens`,
    ),
  ];
}

function benchExample(row: Readonly<Record<string, unknown>>): Example {
  const [prompt = ''] = row['turns'] as readonly string[];
  const { reference } = row;
  const answer = Array.isArray(reference) ? (reference[0] as unknown) : reference;
  return { prompt, answer: typeof answer === 'string' ? answer : undefined };
}

/** Lengths of the model's own answers. */
async function ownLengths(path: string, { endIds }: Tokenizer, prompts: readonly number[][]): Promise<number[]> {
  if (prompts.length === 0) return [];
  const requests = prompts.map((prompt) => ({ prompt, maxTokens: longestAnswer, endIds }));
  return (await generateGreedily(path, requests)).map(({ length }) => length);
}

async function readLines(directory: string, name: string): Promise<Record<string, unknown>[]> {
  try {
    const text = await readFile(join(directory, name), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  } catch (error) {
    const cause = `${name} can't be read in ${directory}: ${(error as Error).message}`;
    throw badArgument(cause, 'Give the directory of the prompt sets with --data.', {
      cause: error,
    });
  }
}

function deciles(values: readonly number[]): number[] {
  return Array.from({ length: 11 }, (_, tenth) => Math.round(quantile(values, tenth / 10)));
}
