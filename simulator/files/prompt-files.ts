// Prompt files: JSON lines in the forms of the known sets, or a plain form of our own. Which form a line has is read off its fields.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { badArgument, type OutriderError } from '../../src/core/basics/errors.ts';
import type { Message } from '../../src/models/port/model.ts';

export interface PromptLine {
  /** "spec-bench/81" */
  readonly id: string;
  /** Also called category. */
  readonly task: string;
  /** A conversation, in the model's chat format; or text that the model goes on with. */
  readonly form: { readonly messages: readonly Message[] } | { readonly text: string };
}

export interface PromptFile {
  readonly prompts: readonly PromptLine[];
  /** Set and authors, where the form tells. */
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

/** How many of the first file, and of each other; all where nothing is said. */
export interface PromptCounts {
  readonly first?: number | undefined;
  readonly others?: number | undefined;
}

/** Several files as one; of each so many, in turn from its tasks. @throws OutriderError `bad-argument` */
export function readPromptFiles(paths: readonly string[], { first, others }: PromptCounts = {}): PromptFile {
  const files = paths.map(readPromptFile);
  const together = (pick: (file: PromptFile) => string): string => [...new Set(files.map(pick))].join(', ');
  const prompts = files.flatMap((file, index) => takeInTurn(file.prompts, index === 0 ? first : others));
  const ids = new Set<string>();
  for (const { id } of prompts) {
    if (ids.has(id)) refuse(`two files have a prompt with the id ${id}`, 'give each its own');
    ids.add(id);
  }
  return { prompts, source: together(({ source }) => source), licence: together(({ licence }) => licence) };
}

/** @param name for messages, and as the source where the form tells none */
export function parsePrompts(text: string, name: string): PromptFile {
  const prompts: PromptLine[] = [];
  const used = new Set<Form>();
  const ids = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const fields = parseLine(line);
    const form = forms.find((candidate) => candidate.read(fields, prompts.length) !== undefined);
    const prompt = form?.read(fields, prompts.length);
    if (form === undefined || prompt === undefined) throw noPrompt(name, index + 1);
    if (ids.has(prompt.id)) refuse(`${name}, line ${index + 1}: the id ${prompt.id} occurs twice`, 'give each its own');
    ids.add(prompt.id);
    used.add(form);
    prompts.push(prompt);
  }
  if (prompts.length === 0)
    refuse(`${name} holds no prompt`, 'give a file of JSON lines: docs/research/traces.md has their forms');
  const known = [...used];
  return {
    prompts,
    source: known.map(({ source }) => source || name).join(', '),
    licence: known.map(({ licence }) => licence || 'unknown').join(', '),
  };
}

/** The first `limit`, taken in turn from the tasks, in the file's order; undefined: all. */
export function takeInTurn(prompts: readonly PromptLine[], limit: number | undefined): readonly PromptLine[] {
  if (limit === undefined) return prompts;
  const places = new Map<string, number>();
  const ranked = prompts.map((prompt, index) => {
    const turn = places.get(prompt.task) ?? 0;
    places.set(prompt.task, turn + 1);
    return { prompt, index, turn };
  });
  const chosen = ranked.toSorted((one, other) => one.turn - other.turn || one.index - other.index).slice(0, limit);
  return chosen.toSorted((one, other) => one.index - other.index).map(({ prompt }) => prompt);
}

/** The first `count` of each task. */
export function takeOfEach(prompts: readonly PromptLine[], count: number): PromptLine[] {
  const taken = new Map<string, number>();
  return prompts.filter(({ task }) => {
    const before = taken.get(task) ?? 0;
    taken.set(task, before + 1);
    return before < count;
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return refuse(`can't read ${path}: ${error instanceof Error ? error.message : String(error)}`, 'give another file');
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

function noPrompt(name: string, line: number): OutriderError {
  const remedy = 'write {"prompt": TEXT} or {"messages": [{"role": "user", "content": TEXT}]}, one a line';
  return badArgument(`${name}, line ${line} is no prompt`, remedy);
}

function refuse(cause: string, remedy: string): never {
  throw badArgument(cause, remedy);
}
