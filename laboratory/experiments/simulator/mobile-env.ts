// mobile-env (PyPI), the simulator that researchers of mobile networks train on, timed on this machine: its large scenario with random
// actions. Python and its packages live in an environment of their own in the cache, every version pinned.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheDirectory } from '../../../src/models/files/cache.ts';

const run = promisify(execFile);

/** mobile-env and its dependencies. */
const requirements = [
  'cloudpickle==3.1.3',
  'contourpy==1.3.3',
  'cycler==0.12.1',
  'Farama-Notifications==0.0.6',
  'fonttools==4.68.0',
  'gymnasium==1.4.0',
  'kiwisolver==1.5.1',
  'matplotlib==3.11.2',
  'mobile-env==2.1.0',
  'numpy==2.4.6',
  'packaging==26.3',
  'pandas==3.1.1',
  'pillow==13.0.0',
  'pygame==2.6.1',
  'pyparsing==3.3.3',
  'python-dateutil==4.0.0',
  'shapely==2.2.0',
  'svgpath2mpl==1.0.0',
  'typing_extensions==4.16.0',
  'tzdata==2026.6',
];

/** Actions are drawn beforehand, so that only the simulator is timed. Prints steps per second of processor time. */
const program = `
import sys, time
import gymnasium, mobile_env
steps, repeats = int(sys.argv[1]), int(sys.argv[2])
env = gymnasium.make("mobile-large-central-v0")
env.reset(seed=1)
env.action_space.seed(1)
actions = [env.action_space.sample() for _ in range(steps)]
best = 0.0
for _ in range(repeats):
    env.reset(seed=1)
    start = time.process_time()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset(seed=1)
    best = max(best, steps / (time.process_time() - start))
print(best)
`;

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
    const { stdout } = await run(python, ['-c', program, String(steps), String(repeats)], { timeout: 900_000 });
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
  const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', ...requirements];
  await run(python, install, { timeout: 900_000 });
  await writeFile(list, `${requirements.join('\n')}\n`);
  return python;
}

type Failure = Error & { readonly code?: unknown; readonly stderr?: string };

function reasonOf({ code, message, stderr }: Failure): string {
  if (code === 'ENOENT') return 'Python (python3) was not found';
  const line = (stderr ?? '').trim().split('\n').at(-1) ?? '';
  return line === '' ? (message.split('\n')[0] ?? 'it failed') : line;
}
