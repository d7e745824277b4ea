// The Python side of `outrider draft fit`: finding an interpreter, setting up the pipeline's own environment, running its programs with
// their progress passed through. What they compute is in drafts/.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutriderError } from '../basics/errors.ts';
import { fileBytes } from '../model-files/cache.ts';
import { shippedPath } from '../model-files/shipped-path.ts';

export const draftsDirectory: string = shippedPath('drafts');

export interface Finished {
  readonly status: number;
  readonly output: string;
}

/** Standard error is passed through, so progress and refusals are seen as they come. */
function run(command: string, parameters: readonly string[], quiet: boolean): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'] });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    child.once('error', reject);
    // A Ctrl-C reaches the child as well: it says how to continue, and this process waits for it.
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
  for (const candidate of candidates) {
    const found = await run(candidate, ['-c', versionTest], true).catch(() => undefined);
    if (found?.status === 0 && found.output.trim() === 'True') return candidate;
  }
  const cause = named
    ? `PYTHON is "${named}", which is no Python 3.11 or newer with venv`
    : 'no Python 3.11 or newer with venv was found';
  const remedy = 'install one (on Debian and Ubuntu: python3 python3-venv), or set PYTHON to its path';
  throw new OutriderError('python-missing', cause, remedy);
}

/** The pipeline keeps an environment for each version of its requirements. */
export async function hasEnvironment(cacheDirectory: string): Promise<boolean> {
  const requirements = await readFile(join(draftsDirectory, 'requirements.txt'));
  const mark = createHash('sha256').update(requirements).digest('hex').slice(0, 12);
  return (await fileBytes(join(cacheDirectory, 'drafts', `python-${mark}`, 'complete'))) !== undefined;
}

/** @returns the environment's interpreter; null: it could not be set up, and standard error says why */
export async function setUpEnvironment(python: string): Promise<string | null> {
  const { status, output } = await run(python, [join(draftsDirectory, 'setup.py')], false);
  return status === 0 ? (output.trim().split('\n').at(-1) ?? null) : null;
}

export function runPipeline(interpreter: string, parameters: readonly string[]): Promise<Finished> {
  return run(interpreter, [join(draftsDirectory, 'fit.py'), ...parameters], false);
}
