// `outrider serve` as a child process: starts it, waits until it listens, asks it for its routes, ends it.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { OutriderError } from '../../core/basics/errors.ts';
import { answerPrefix, ChildFailure } from './edge-process.ts';
import { mainFile } from './main-file.ts';

export interface ServeProcess extends AsyncDisposable {
  /** Base URL for OpenAI's clients: "http://127.0.0.1:PORT/v1". */
  readonly baseUrl: string;
  readonly processId: number;
  /** "GET /health": what it answers, from the app itself. @throws OutriderError `internal` when the process has ended */
  routes(): Promise<readonly string[]>;
  /** Ends it in order. */
  close(): Promise<void>;
}

/**
 * @param flags of `outrider serve`; it listens on a free port @param environment for keys, which are no flags of a process
 * @throws OutriderError that which it ends with before it listens, or `internal`
 */
export async function startServeProcess(
  flags: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  onNote: (line: string) => void = () => {},
): Promise<ServeProcess> {
  const child = spawn(process.execPath, [mainFile, 'serve', '--port', '0', '--until-input-ends', ...flags], {
    // It ends with this process, however that ends.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, OUTRIDER_KEY: undefined, OUTRIDER_CLIENT_KEY: undefined, ...environment },
    detached: true,
  });
  // It may end before it has read.
  child.stdin.on('error', () => {});
  const endWithThis = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithThis);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => process.off('exit', endWithThis));
  const failure = new ChildFailure();
  const asked: ((routes: readonly string[]) => void)[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith(answerPrefix)) asked.shift()?.(JSON.parse(line.slice(answerPrefix.length)));
    else if (!failure.take(line)) onNote(line);
  });
  const baseUrl = await listening(child, failure);
  const close = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  return {
    baseUrl,
    processId: child.pid ?? 0,
    routes: () =>
      new Promise((resolve, reject) => {
        asked.push(resolve);
        void ended.then(() => reject(serveFailed('it has ended')));
        child.stdin.write('routes\n');
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listening(child: ChildProcess, failure: ChildFailure): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', (line) => resolve(line.trim()));
    child.once('error', (error) => reject(serveFailed(error.message)));
    child.once('close', (status, signal) => reject(failure.or(serveFailed(`status ${signal ?? status}`))));
  });
}

function serveFailed(detail: string): OutriderError {
  return new OutriderError('internal', `the serve process failed: ${detail}`, 'its own message stands above');
}
