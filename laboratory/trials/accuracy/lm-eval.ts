// lm-eval in a process of its own: python/lm-eval/evaluate.py. One job goes in, a line of JSON for each way of running the model comes out.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import type { PythonEnvironment } from '../../measuring/python-environment.ts';

/** A server with OpenAI's /v1/completions, and what it is asked. */
export interface AskedWay {
  readonly name: string;
  /** Address of the route. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
  /** Requests at the same time. */
  readonly concurrent: number;
  readonly tasks: readonly string[];
  /** Documents of each task. */
  readonly limit: number;
  /** Whether it is sent ids of tokens; otherwise texts. */
  readonly tokenized: boolean;
}

export interface Job {
  /** Folder of the task files. */
  readonly folder: string;
  /** Base of /tokenize, /detokenize and /tokenizer_info. */
  readonly tokenizer: string;
  readonly ways: readonly AskedWay[];
}

/** What lm-eval found of one way. */
export interface FoundWay {
  readonly way: string;
  /** By task, the first metric. */
  readonly scores: Readonly<Record<string, number>>;
  /** By task, for each document in its order: what was answered, as lm-eval logs it. */
  readonly samples: Readonly<Record<string, readonly unknown[]>>;
}

interface Line extends Partial<FoundWay> {
  readonly version?: string;
  readonly error?: string;
}

/** @throws OutriderError `internal` in lm-eval's words where a way fails */
export async function runLmEval(
  { interpreter, folder }: PythonEnvironment,
  job: Job,
  { signal, onWay }: { readonly signal: AbortSignal; readonly onWay: (done: number) => void },
): Promise<{ readonly version: string; readonly ways: readonly FoundWay[] }> {
  const child = spawn(interpreter, ['-I', join(folder, 'evaluate.py')], { stdio: ['pipe', 'pipe', 'pipe'], signal });
  const ended = once(child, 'close').catch(() => {});
  // The last of its own words, for a failure that has no line.
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes).slice(-2000);
  });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(job));
  let version = '';
  const ways: FoundWay[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    if (line.error !== undefined) throw failed(`${line.way}: ${line.error}`);
    if (line.version !== undefined) version = line.version;
    else ways.push(line as FoundWay);
    onWay(ways.length);
  }
  await ended;
  signal.throwIfAborted();
  if (ways.length < job.ways.length) throw failed(said.trim().split('\n').at(-1) ?? 'it has ended');
  return { version, ways };
}

function failed(what: string): OutriderError {
  const cause = `lm-eval failed: ${what.replaceAll(/\s+/g, ' ').slice(0, 400)}`;
  return new OutriderError('internal', cause, 'run it again; if it fails again, please report it');
}
