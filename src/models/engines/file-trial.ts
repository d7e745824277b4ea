// Opens a file that no one vouches for in a child process first: an abort in the engine's native code can't be caught, and would end the
// process of an edge or of an application. Success is remembered beside the laws, so a file is tried once on a machine.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OutriderError } from '../../core/basics/errors.ts';
import { defaultCacheDirectory, hashText, lawDirectory } from '../files/cache.ts';
import { type LlamaOptions, readLlamaFacts } from './llama.ts';
import { gpuChoiceOf, startLlamaEngine, threadsOf } from './llama-engine.ts';
import { lawKeyOf } from './llama-recipe.ts';
import { type TrialMessage, type TrialOptions, trialProcessUrl } from './trial-process.ts';

export interface TriedFile extends LlamaOptions, Pick<TrialOptions, 'encodes'> {
  readonly sha256: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves at once for a file that was opened in the same way before, on this engine.
 * @throws OutriderError what opening throws; `model-unreadable` where the engine aborts, `memory-full` where the system ends it
 */
export async function tryFileOnce(file: TriedFile): Promise<void> {
  const { onLawProgress, countsChanges: _, signal, ...options } = file;
  const { path, exact, threads = exact ? 1 : 0, sequences, contextLength } = options;
  await readLlamaFacts(path);
  const engine = await startLlamaEngine(gpuChoiceOf(file.gpu));
  const parts = { engine, sha256: file.sha256, threads: threadsOf(engine, threads) };
  const { recipe } = lawKeyOf(parts, { sequences, contextLength });
  const notes = new TrialNotes(file.cacheDirectory ?? defaultCacheDirectory(), JSON.stringify({ ...recipe, exact }));
  if (await notes.has()) return;
  await tryInChild(options, { onLawProgress, signal });
  await notes.add();
}

/** The record holds the model's digest, by which its laws are forgotten as well. */
class TrialNotes {
  readonly #directory: string;
  readonly #path: string;
  readonly #text: string;

  constructor(cacheDirectory: string, recipe: string) {
    this.#directory = lawDirectory(cacheDirectory);
    this.#path = join(this.#directory, `tried-${hashText(recipe).slice(0, 24)}.json`);
    this.#text = JSON.stringify({ format: 'outrider-tried-1', recipe });
  }

  async has(): Promise<boolean> {
    return (await readFile(this.#path, 'utf8').catch(() => '')) === this.#text;
  }

  /** A failure to store it costs time later and is no error. */
  async add(): Promise<void> {
    await mkdir(this.#directory, { recursive: true }).catch(() => undefined);
    await writeFile(this.#path, this.#text).catch(() => undefined);
  }
}

async function tryInChild(
  options: TrialOptions,
  { onLawProgress, signal }: Pick<TriedFile, 'onLawProgress' | 'signal'>,
): Promise<void> {
  const isGivenUp = (): boolean => signal?.aborted === true;
  if (isGivenUp()) throw interrupted(options.path);
  const child = spawn(process.execPath, [fileURLToPath(trialProcessUrl), JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // The engine would start a debugger to print where it has aborted.
    env: { ...process.env, GGML_NO_BACKTRACE: '1' },
    // Its own group: Ctrl-C is for this process, which then ends the child.
    detached: true,
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  signal?.addEventListener('abort', end);
  try {
    const { last, said, how } = await outcomeOf(child, onLawProgress);
    if (isGivenUp()) throw interrupted(options.path);
    if (last === 'done') return;
    if (typeof last === 'object') throw new OutriderError(last.code, last.cause, last.remedy);
    throw last === 'started' ? abortedOn(options.path, how, said) : notStarted(how, said);
  } finally {
    process.off('exit', end);
    signal?.removeEventListener('abort', end);
  }
}

interface Outcome {
  /** The last that it said of itself. */
  readonly last: 'nothing' | 'started' | 'done' | Extract<TrialMessage, { kind: 'failed' }>;
  /** The end of its standard error. */
  readonly said: string;
  /** A signal's name, or "status 1". */
  readonly how: string;
}

const keptCharacters = 4000;

function outcomeOf(child: ChildProcess, onLawProgress: LlamaOptions['onLawProgress']): Promise<Outcome> {
  let last: Outcome['last'] = 'nothing';
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    said = `${said}${part}`.slice(-keptCharacters);
  });
  child.on('message', (message: TrialMessage) => {
    if (message.kind === 'progress') onLawProgress?.(message.text, message.done, message.total);
    else last = message.kind === 'failed' ? message : message.kind;
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ last, said, how: error.message }));
    child.once('close', (status, signal) => resolve({ last, said, how: signal ?? `status ${status}` }));
  });
}

function interrupted(path: string): OutriderError {
  return new OutriderError('interrupted', `trying ${path} was interrupted`, 'repeat the command');
}

function abortedOn(path: string, how: string, said: string): OutriderError {
  if (how === 'SIGKILL') {
    const cause = `the system has ended the process that tried ${path}, as it does where memory is short`;
    return new OutriderError(
      'memory-full',
      cause,
      'close other programs, or take a smaller model or a shorter context',
    );
  }
  const assertion = /GGML_ASSERT\(.*|what\(\): .*/.exec(said)?.[0];
  return new OutriderError(
    'model-unreadable',
    `the engine aborted on this file, ${path} (${assertion ?? how})`,
    'take another model: llama.cpp of this version can not run this one, or its file is damaged',
  );
}

function notStarted(how: string, said: string): OutriderError {
  const cause = `the process in which unknown files are tried did not start (${how}${said === '' ? '' : `: ${said.split('\n', 1)[0]}`})`;
  return new OutriderError('internal', cause, 'report it with the command that you ran');
}
