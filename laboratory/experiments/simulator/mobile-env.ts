// mobile-env (PyPI), the simulator that researchers of mobile networks train on, timed on this machine: its large scenario with random
// actions. Python and its packages live in an environment of their own in the cache, every version pinned.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheDirectory } from '../../../src/models/files/cache.ts';

const run = promisify(execFile);

const program = join(import.meta.dirname, 'mobile_env_speed.py');
const requirements = join(import.meta.dirname, 'mobile-env-requirements.txt');

export interface MobileEnvResult {
  /** Steps a second of processor time; null when it could not be timed. */
  readonly stepsPerSecond: number | null;
  /** The cause of a failure; empty when it was timed. */
  readonly skipped: string;
}

/** Never throws: without Python the bench continues without it. */
export async function timeMobileEnv(steps: number, repeats: number): Promise<MobileEnvResult> {
  const directory = join(defaultCacheDirectory(), 'mobile-env');
  try {
    const python = await preparePython(directory);
    const { stdout } = await run(python, [program, String(steps), String(repeats)], { timeout: 900_000 });
    const stepsPerSecond = Number(stdout.trim().split('\n').at(-1));
    if (!(stepsPerSecond > 0)) return { stepsPerSecond: null, skipped: `it printed "${stdout.trim()}"` };
    return { stepsPerSecond, skipped: '' };
  } catch (error) {
    return { stepsPerSecond: null, skipped: reasonOf(error as Failure) };
  }
}

async function preparePython(directory: string): Promise<string> {
  const python = join(directory, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
  const list = join(directory, 'installed.txt');
  if (existsSync(list)) return python;
  // The rest of an interrupted installation is useless.
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await run('python3', ['-m', 'venv', directory], { timeout: 300_000 });
  const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', '-r', requirements];
  await run(python, install, { timeout: 900_000 });
  await copyFile(requirements, list);
  return python;
}

type Failure = Error & { readonly code?: unknown; readonly stderr?: string };

function reasonOf({ code, message, stderr }: Failure): string {
  if (code === 'ENOENT') return 'Python (python3) was not found';
  const line = (stderr ?? '').trim().split('\n').at(-1) ?? '';
  return line === '' ? (message.split('\n')[0] ?? 'it failed') : line;
}
