// Prompt files: JSON lines in the forms of the known sets, or a plain form of our own. The fields of a line say which form it has.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { badArgument } from '../../src/core/basics/errors.ts';
import type { Message } from '../../src/models/port/model.ts';

export interface PromptLine {
  /** "spec-bench/81" */
  readonly id: string;
  /** Also called category. */
  readonly task: string;
  /** A conversation, in the model's chat format; or text that the model continues. */
  readonly form: { readonly messages: readonly Message[] } | { readonly text: string };
}

export interface PromptFile {
  readonly prompts: readonly PromptLine[];
  /** Set and authors, where the form is of a known set. */
  readonly source: string;
  readonly licence: string;
}

interface Form {
  readonly source: string;
  readonly licence: string;
  /** Undefined: the line has another form. */
  read(fields: Readonly<Record<string, unknown>>, number: number): PromptLine | undefined;
}

const forms: readonly Form[] = [
  {
    source: 'Spec-Bench (Xia et al. 2024)',
    licence: 'Apache-2.0',
    read: ({ question_id: id, category, turns }) => {
      if (typeof category !== 'string' || !Array.isArray(turns) || typeof turns[0] !== 'string') return undefined;
      return { id: `spec-bench/${id}`, task: category, form: asked(turns[0]) };
    },
  },
  {
    source: 'HumanEval (Chen et al. 2021)',
    licence: 'MIT',
    read: ({ task_id: id, prompt }) => {
      if (typeof id !== 'string' || typeof prompt !== 'string') return undefined;
      return { id: id.toLowerCase(), task: 'code', form: { text: prompt } };
    },
  },
  {
    source: 'GSM8K (Cobbe et al. 2021)',
    licence: 'MIT',
    read: ({ question, answer }, number) => {
      if (typeof question !== 'string' || typeof answer !== 'string') return undefined;
      return { id: `gsm8k/${number}`, task: 'math', form: asked(question) };
    },
  },
  {
    source: '',
    licence: '',
    read: ({ id, task, prompt, messages }, number) => {
      const name = {
        id: typeof id === 'string' ? id : `prompt/${number}`,
        task: typeof task === 'string' ? task : 'prompt',
      };
      if (typeof prompt === 'string') return { ...name, form: { text: prompt } };
      return isConversation(messages) ? { ...name, form: { messages } } : undefined;
    },
  },
];

function asked(content: string): PromptLine['form'] {
  return { messages: [{ role: 'user', content }] };
}

const plainForms = 'write {"prompt": TEXT} or {"messages": [{"role": "user", "content": TEXT}]}, one a line';
const roles: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant']);

function isConversation(value: unknown): value is Message[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((message) => roles.has(message?.role) && typeof message.content === 'string')
  );
}

/** @throws OutriderError `bad-argument` with the number of the line that is no prompt */
export function readPromptFile(path: string): PromptFile {
  return parsePrompts(readText(path), basename(path));
}

/** Several files as one; of each so many, in turn from its tasks; default: all. @throws OutriderError `bad-argument` */
export function readPromptFiles(
  paths: readonly string[],
  counts: { readonly first?: number | undefined; readonly others?: number | undefined } = {},
): PromptFile {
  const files = paths.map(readPromptFile);
  const together = (pick: (file: PromptFile) => string): string => [...new Set(files.map(pick))].join(', ');
  const prompts = files.flatMap((file, index) => takeInTurn(file.prompts, index === 0 ? counts.first : counts.others));
  const ids = new Set<string>();
  for (const { id } of prompts) {
    if (ids.has(id)) throw badArgument(`two files have a prompt with the id ${id}`, 'give each its own');
    ids.add(id);
  }
  return { prompts, source: together(({ source }) => source), licence: together(({ licence }) => licence) };
}

/** @param name for messages, and as the source where the form has none */
export function parsePrompts(text: string, name: string): PromptFile {
  const prompts: PromptLine[] = [];
  const used = new Set<Form>();
  const ids = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const fields = parseLine(line);
    const form = forms.find((candidate) => candidate.read(fields, prompts.length) !== undefined);
    const prompt = form?.read(fields, prompts.length);
    const where = `${name}, line ${index + 1}`;
    if (form === undefined || prompt === undefined) throw badArgument(`${where} is no prompt`, plainForms);
    if (ids.has(prompt.id)) throw badArgument(`${where}: the id ${prompt.id} occurs twice`, 'give each its own');
    ids.add(prompt.id);
    used.add(form);
    prompts.push(prompt);
  }
  if (prompts.length === 0)
    throw badArgument(`${name} holds no prompt`, 'give a file of JSON lines: docs/research/traces.md has their forms');
  const known = [...used];
  return {
    prompts,
    source: known.map(({ source }) => source || name).join(', '),
    licence: known.map(({ licence }) => licence || 'unknown').join(', '),
  };
}

/** The first `limit`, taken in turn from the tasks, in the file's order; undefined: all. */
export function takeInTurn(prompts: readonly PromptLine[], limit: number | undefined): readonly PromptLine[] {
  const turns = turnsOf(prompts);
  const order = [...prompts.keys()].toSorted((one, other) => (turns[one] as number) - (turns[other] as number));
  const chosen = new Set(order.slice(0, limit));
  return prompts.filter((_, index) => chosen.has(index));
}

/** The first `count` of each task. */
export function takeOfEach(prompts: readonly PromptLine[], count: number): PromptLine[] {
  const turns = turnsOf(prompts);
  return prompts.filter((_, index) => (turns[index] as number) < count);
}

/** For each prompt, the number of prompts of its task before it. */
function turnsOf(prompts: readonly PromptLine[]): number[] {
  const counts = new Map<string, number>();
  return prompts.map(({ task }) => {
    const before = counts.get(task) ?? 0;
    counts.set(task, before + 1);
    return before;
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw badArgument(`can't read ${path}: ${(error as Error).message}`, 'give another file');
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
