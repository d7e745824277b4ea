// Lets the machine's own pip bring a wheel, so that its index, proxy and certificate settings hold. Nothing of a package is
// installed or run, and nothing of the working directory. What is in a wheel is not known here.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { OutriderError } from '../../core/basics/errors.ts';
import { fileBytes, isProcessAlive } from './cache.ts';

/** One version of one package. */
export interface PinnedPackage {
  readonly package: string;
  readonly version: string;
}

export interface PipOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of the wheel that have come; may overshoot a little at the end. */
  readonly onBytes?: ((byteCount: number) => void) | undefined;
  /** Size that the wheel should have; pip is stopped when its files are far larger. */
  readonly wheelBytes?: number | undefined;
  /** Command lines that start pip, tried in this order. */
  readonly pipCommands?: readonly (readonly string[])[] | undefined;
  /** Whether pip keeps a copy of the wheel in its own cache; default true. */
  readonly keepsCopy?: boolean;
}

/** `-I`: Python takes modules neither from the working directory nor from PYTHONPATH. */
const defaultPipCommands = [['python3', '-I', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-I', '-m', 'pip']];
const progressIntervalMs = 250;
/** pip removes its temporary files when it is asked to stop; after this long it is stopped for good. */
const stopTimeoutMs = 3_000;
const keptErrorLength = 64_000;
/** pip holds a wheel twice for a moment; beside that it may have small files of its own. */
const allowanceBytes = 64e6;
/** An error names at most so many versions, the newest. */
const namedVersions = 3;

function failed(reason: string): OutriderError {
  return new OutriderError('download-failed', reason, 'run the same pip command by hand to see the whole message');
}

/** @returns the path of that package's wheel in `folder`, if it is there. */
async function findWheel(folder: string, wanted: PinnedPackage): Promise<string | undefined> {
  // A wheel's file name spells the package with underscores.
  const prefix = `${wanted.package.replace(/[-_.]+/g, '_').toLowerCase()}-${wanted.version}-`;
  const names = await readdir(folder).catch(() => []);
  const name = names.find((one) => one.toLowerCase().startsWith(prefix) && one.endsWith('.whl'));
  return name === undefined ? undefined : join(folder, name);
}

async function bytesUnder(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(fileBytes));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** Gives `use` a folder below `directory` that belongs to this process, and removes it with all that is in it. */
export async function inOwnFolder<Outcome>(
  directory: string,
  use: (folder: string) => Promise<Outcome>,
): Promise<Outcome> {
  const folder = await mkdtemp(join(directory, `pip-${process.pid}-`));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the folders of processes that were killed, and wheels that an older version has left. @returns the bytes that became free. */
export async function removeAbandoned(directory: string): Promise<number> {
  let freedBytes = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const processId = /^pip-(\d+)-/.exec(name)?.[1];
    const isAbandoned = processId === undefined ? name.endsWith('.whl') : !isProcessAlive(Number(processId));
    if (!isAbandoned) continue;
    const path = join(directory, name);
    freedBytes += processId === undefined ? ((await fileBytes(path)) ?? 0) : await bytesUnder(path);
    await rm(path, { recursive: true, force: true });
  }
  return freedBytes;
}

/** The same environment with a PATH of absolute folders only: the working directory is not searched for a program. */
export function withAbsolutePath(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  return { ...environment, PATH: folders.join(delimiter) };
}

/** @returns the exit code undefined if there is no such command */
function run(
  command: readonly string[],
  cwd: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly exitCode: number | null | undefined; readonly errorText: string }> {
  const [program = '', ...parameters] = command;
  // pip collects the wheel in its temporary folder. There it is on the right disk, and its growth shows the progress.
  const env = { ...withAbsolutePath(process.env), TMPDIR: cwd, PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let errorText = '';
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill('SIGINT');
      killTimer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    };
    const finish = (): void => {
      clearTimeout(killTimer);
      signal?.removeEventListener('abort', stop);
    };
    signal?.addEventListener('abort', stop, { once: true });
    child.stderr.on('data', (piece: Buffer) => {
      errorText = (errorText + piece.toString('utf8')).slice(-keptErrorLength);
    });
    child.on('error', (error) => {
      finish();
      if ('code' in error && error.code === 'ENOENT') resolve({ exitCode: undefined, errorText: '' });
      else reject(error);
    });
    child.on('close', (exitCode) => {
      finish();
      resolve({ exitCode, errorText: printable(errorText) });
    });
  });
}

/** An index may put anything into its answers, and pip repeats it: without what could steer a terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '');
}

/**
 * Runs the first of some commands that there is.
 * @param folder the working directory, also for temporary files
 * @returns null: it has succeeded; otherwise its messages; undefined: there is none of the commands
 * @throws an error with the code ENOSPC; the reason of `signal` after an abort
 */
export async function runFirst(
  commands: readonly (readonly string[])[],
  parameters: readonly string[],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string | null | undefined> {
  for (const command of commands) {
    signal?.throwIfAborted();
    const { exitCode, errorText } = await run([...command, ...parameters], folder, signal);
    signal?.throwIfAborted();
    if (exitCode === 0) return null;
    if (exitCode === undefined || /No module named pip/.test(errorText)) continue;
    if (!/No space left on device/i.test(errorText)) return errorText;
    throw Object.assign(new Error(`${command.join(' ')}: no space`), { code: 'ENOSPC' });
  }
  return undefined;
}

/** The versions that the index has, if pip reports that it lacks the requested one. */
function explainAbsence(errorText: string, wanted: PinnedPackage): string | undefined {
  const list = /Could not find a version that satisfies the requirement .*\(from versions: (.*)\)/.exec(errorText)?.[1];
  if (list === undefined) return undefined;
  const others = list === 'none' ? '' : `, only ${list.split(', ').slice(-namedVersions).join(', ')}`;
  return `the index has no ${wanted.package} ${wanted.version}${others}`;
}

/** The most informative line of pip's messages. */
function summarize(errorText: string, wanted: PinnedPackage): string {
  const lines = errorText.split('\n').map((line) => line.trim());
  const unreachable = /NewConnectionError|Name or service not known|timed out|ProxyError/i;
  if (lines.some((line) => unreachable.test(line))) return 'no connection to the index';
  const absence = explainAbsence(errorText, wanted);
  if (absence !== undefined) return absence;
  const line = lines.find((one) => one.startsWith('ERROR:')) ?? lines.findLast((one) => one !== '');
  return (line ?? 'pip failed').replace(/^ERROR:\s*/, '').slice(0, 200);
}

function tooLarge(wanted: PinnedPackage, limitBytes: number): OutriderError {
  const cause = `the index sent more than ${Math.round(limitBytes / 1e6)} MB for ${wanted.package} ${wanted.version}`;
  return new OutriderError('download-failed', cause, 'name another index with PIP_INDEX_URL');
}

/** Reports the bytes in `folder` periodically. @returns ends that: nothing is reported afterwards */
export function watchFolder(folder: string, onBytes: (byteCount: number) => void): () => void {
  let isOver = false;
  const timer = setInterval(() => {
    void bytesUnder(folder).then((byteCount) => {
      if (!isOver) onBytes(byteCount);
    });
  }, progressIntervalMs);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

/**
 * Lets pip bring the wheel of a package.
 * @param directory an empty folder that only this process uses; see {@link inOwnFolder}.
 * @returns where the wheel lies in it.
 * @throws OutriderError `download-failed`; an error with the code ENOSPC; the reason of `signal` after an abort.
 */
export async function downloadWheel(
  wanted: PinnedPackage,
  directory: string,
  options: PipOptions = {},
): Promise<string> {
  const folder = resolve(directory);
  const { onBytes, wheelBytes = Infinity, pipCommands = defaultPipCommands, keepsCopy = true } = options;
  const limitBytes = 2 * wheelBytes + allowanceBytes;
  const limit = new AbortController();
  const signal = options.signal === undefined ? limit.signal : AbortSignal.any([options.signal, limit.signal]);
  const flags = ['--no-deps', '--only-binary=:all:', '--no-input', '--quiet', '--progress-bar=off', '--retries=2'];
  if (!keepsCopy) flags.push('--no-cache-dir');
  const request = ['download', ...flags, '-d', folder, `${wanted.package}==${wanted.version}`];
  const stopWatching = watchFolder(folder, (byteCount) => {
    if (byteCount > limitBytes) limit.abort(tooLarge(wanted, limitBytes));
    else onBytes?.(byteCount);
  });
  try {
    const errorText = await runFirst(pipCommands, request, folder, signal);
    if (errorText === undefined) throw failed('pip is not installed');
    if (errorText !== null) throw failed(summarize(errorText, wanted));
    const wheel = await findWheel(folder, wanted);
    if (wheel === undefined) throw failed(`pip brought no wheel of ${wanted.package} ${wanted.version}`);
    return wheel;
  } finally {
    stopWatching();
  }
}
