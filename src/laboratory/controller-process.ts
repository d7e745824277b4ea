// A controller as a child process.

import { type ChildProcess, spawn } from 'node:child_process';
import { OutriderError } from '../basics/errors.ts';
import type { ControllerEvent } from '../controller/controller-events.ts';
import { ChildFailure } from './edge-process.ts';
import { mainFile } from './main-file.ts';

export interface ControllerProcess {
  readonly url: string;
  readonly processId: number;
  /** Resolves when it has ended, by whatever cause. */
  readonly lost: Promise<void>;
  /** Ends it at once. Resolves when it has ended. */
  kill(): Promise<void>;
  /** The same: it has nothing to finish. */
  close(): Promise<void>;
}

export interface ControllerOutput {
  /** With `--log` among the flags. */
  readonly onEvent?: (event: ControllerEvent) => void;
  /** What else it says on standard error, a line each. */
  readonly onNote?: (line: string) => void;
}

/**
 * @param flags of `outrider controller` @param port 0: a free one
 * @throws OutriderError that which it ends with before it listens, or `internal`
 */
export async function startControllerProcess(
  flags: readonly string[],
  port = 0,
  output: ControllerOutput = {},
): Promise<ControllerProcess> {
  const child = spawn(process.execPath, [mainFile, 'controller', '--port', `${port}`, '--until-input-ends', ...flags], {
    // It ends with this process, however that ends.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, OUTRIDER_CONTROLLER_KEY: undefined },
    detached: true,
  });
  const failure = new ChildFailure();
  readLines(child, (line) => {
    if (failure.take(line)) return;
    if (line.startsWith('{')) output.onEvent?.(JSON.parse(line) as ControllerEvent);
    else output.onNote?.(line);
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()));
    child.once('close', (status) => {
      const cause = `the controller process has ended with status ${status}`;
      reject(failure.or(new OutriderError('internal', cause, 'run it by hand')));
    });
  });
  const kill = async (): Promise<void> => {
    end();
    await ended;
    process.off('exit', end);
  };
  return { url, processId: child.pid ?? 0, lost: ended, kill, close: kill };
}

/** Of standard error. A line that a killed process has not ended is dropped. */
function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
