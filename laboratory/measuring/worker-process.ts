// A worker of the rows protocol as a process of its own, which an edge meets at a socket, as where somebody else runs the engine.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mainFile } from '../../src/cli/children/main-file.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';
import { openSocket } from '../../src/models/engines/remote/external-worker.ts';

export interface WorkerProcess {
  /** As `--engine` takes it. */
  readonly url: string;
  readonly processId: number;
  /** Resolves when it has ended, by whatever cause. */
  readonly lost: Promise<unknown>;
  close(): Promise<void>;
}

const pollMs = 50;
const mostLastWords = 500;

/** The command of a worker whose model is a toy. */
export function toyWorker(seed: number, sequences: number, contextLength: number): readonly [string, ...string[]] {
  const sizes = ['--sequences', `${sequences}`, '--context', `${contextLength}`];
  return [process.execPath, mainFile, 'engine', 'serve', '--model', `toy:${seed}`, ...sizes];
}

/**
 * @param command the program and its arguments, without the socket
 * @returns when it listens
 * @throws OutriderError `engine-lost` if it ends before
 */
export async function startWorker(
  [program, ...words]: readonly [string, ...string[]],
  socket: string,
): Promise<WorkerProcess> {
  // A worker that was killed leaves its socket.
  await rm(socket, { force: true });
  const child = spawn(program, [...words, '--socket', socket, '--until-input-ends'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  let lastWords = '';
  child.stderr.on('data', (text: Buffer) => {
    lastWords = `${lastWords}${text}`.slice(-mostLastWords);
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let hasEnded = false;
  const lost = new Promise<void>((resolve) => {
    child.once('error', () => resolve()).once('exit', () => resolve());
  }).finally(() => {
    hasEnded = true;
    process.off('exit', kill);
  });
  for (;;) {
    const met = await openSocket({ kind: 'unix', path: socket }).catch(() => null);
    if (met !== null) {
      met.destroy();
      break;
    }
    if (hasEnded) throw new OutriderError('engine-lost', `${program} has ended at its start`, lastWords);
    await sleep(pollMs);
  }
  return {
    url: `unix:${socket}`,
    processId: child.pid as number,
    lost,
    async close() {
      kill();
      await lost;
    },
  };
}

/** A folder for sockets, which only its owner may enter. */
export async function socketFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'outrider-engine-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
