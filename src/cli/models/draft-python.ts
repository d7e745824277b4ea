// The Python side of `outrider draft fit`: finding an interpreter, setting up the pipeline's own environment, running its programs with
// their progress passed through. What they compute is in drafts/.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve as resolvePath } from 'node:path';
import { OutriderError } from '../../core/basics/errors.ts';
import { fileBytes } from '../../models/files/cache.ts';
import { withAbsolutePath } from '../../models/files/pip.ts';
import { shippedPath } from '../../models/files/shipped-path.ts';

export const draftsDirectory: string = shippedPath('drafts');

export interface Finished {
  readonly status: number;
  readonly output: string;
}

/**
 * Runs a Python where no module of the reader's folder can stand in for one of its own: in the pipeline's folder, by a path without
 * relative folders. Standard error is passed through, so progress and refusals are seen as they come.
 */
function run(command: string, parameters: readonly string[], quiet: boolean): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd: draftsDirectory,
      env: withAbsolutePath(process.env),
      stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'],
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    child.once('error', reject);
    // A Ctrl-C reaches the child as well: it prints how to continue, and this process waits for it.
    const wait = (): void => {};
    process.on('SIGINT', wait);
    child.once('close', (code, signal) => {
      process.removeListener('SIGINT', wait);
      resolve({ status: code ?? (signal === 'SIGINT' ? 130 : 1), output });
    });
  });
}

const versionTest = 'import sys, venv, ensurepip; print(sys.version_info >= (3, 11))';

/** @throws OutriderError `python-missing` */
export async function findPython(named: string | undefined = process.env['PYTHON']): Promise<string> {
  const candidates = named ? [named] : ['python3', 'python', 'python3.13', 'python3.12', 'python3.11'];
  for (const name of candidates) {
    // A path is one from here, whatever folder the program then runs in.
    const candidate = /[/\\]/.test(name) ? resolvePath(name) : name;
    const found = await run(candidate, ['-I', '-c', versionTest], true).catch(() => undefined);
    if (found?.status === 0 && found.output.trim() === 'True') return candidate;
  }
  const cause = named
    ? `PYTHON is "${named}", which is no Python 3.11 or newer with venv`
    : 'no Python 3.11 or newer with venv was found';
  const remedy = 'install one (on Debian and Ubuntu: python3 python3-venv), or set PYTHON to its path';
  throw new OutriderError('python-missing', cause, remedy);
}

/** The pipeline keeps an environment for each version of its lists of packages. */
export async function hasEnvironment(cacheDirectory: string): Promise<boolean> {
  const lists = ['requirements.txt', 'torch.txt'].map((name) => readFile(join(draftsDirectory, name)));
  const mark = createHash('sha256')
    .update(Buffer.concat(await Promise.all(lists)))
    .digest('hex')
    .slice(0, 12);
  return (await fileBytes(join(cacheDirectory, 'drafts', `python-${mark}`, 'complete'))) !== undefined;
}

/** @returns the environment's interpreter; null: it could not be set up, and the reason is on standard error */
export function setUpEnvironment(python: string): Promise<string | null> {
  return setUp(python, [join(draftsDirectory, 'setup.py')]);
}

/** @returns the program of an engine's worker; null: its environment could not be set up, and the reason is on standard error */
export function setUpWorker(python: string, name: 'ik'): Promise<string | null> {
  return setUp(python, [shippedPath('workers/setup.py'), name]);
}

async function setUp(python: string, words: readonly string[]): Promise<string | null> {
  const { status, output } = await run(python, ['-I', ...words], false);
  return status === 0 ? (output.trim().split('\n').at(-1) ?? null) : null;
}

/** @param parameters paths among them are absolute. Python takes modules from the program's own folder first, and none from PYTHONPATH. */
export function runPipeline(interpreter: string, parameters: readonly string[]): Promise<Finished> {
  return run(interpreter, ['-E', '-s', join(draftsDirectory, 'fit.py'), ...parameters], false);
}
