// A controller as a child process.

import { spawn } from 'node:child_process';
import { OutriderError } from '../basics/errors.ts';
import { mainFile } from './main-file.ts';

export interface ControllerProcess {
  readonly url: string;
  readonly processId: number;
  /** Ends it at once. Resolves when it has ended. */
  kill(): Promise<void>;
}

/** @param port 0: a free one @throws OutriderError `internal` when it ends before it listens */
export async function startControllerProcess(flags: readonly string[], port = 0): Promise<ControllerProcess> {
  const child = spawn(process.execPath, [mainFile, 'controller', '--port', `${port}`, ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, OUTRIDER_CONTROLLER_KEY: undefined },
    detached: true,
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()));
    child.once('close', (status) => {
      reject(new OutriderError('internal', `the controller process has ended with status ${status}`, 'run it by hand'));
    });
  });
  return {
    url,
    processId: child.pid ?? 0,
    async kill() {
      end();
      await ended;
      process.off('exit', end);
    },
  };
}
