// A controller as a child process.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ControllerEvent } from '../../allocation/controller/controller-events.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import type { ControllerStatus } from '../../processes/controller/controller-server.ts';
import { answerPrefix, ChildFailure } from './edge-process.ts';
import { mainFile } from './main-file.ts';

/** What a controller process says of itself when it is asked. */
export interface ControllerAccount extends ControllerStatus {
  /** Objects and buffers in use after a garbage collection, where the process can be made to collect; bytes. */
  readonly heldBytes: number;
  readonly residentBytes: number;
  /** Of the thread of its connections, since the start, ms. */
  readonly threadCpuMs: number;
  /** Of all threads: the policy's, and those of the JavaScript engine. */
  readonly cpuMs: number;
}

export interface ControllerProcess {
  readonly url: string;
  readonly processId: number;
  /** Resolves when it has ended, by whatever cause. */
  readonly lost: Promise<void>;
  /** @param isCollected whether it collects garbage first; it needs `--expose-gc` */
  account(isCollected?: boolean): Promise<ControllerAccount>;
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
 * @param flags of `outrider controller` @param port 0: a free one @param nodeOptions of Node
 * @throws OutriderError that which it ends with before it listens, or `internal`
 */
export async function startControllerProcess(
  flags: readonly string[],
  port = 0,
  output: ControllerOutput = {},
  nodeOptions: readonly string[] = [],
): Promise<ControllerProcess> {
  const own = ['controller', '--port', `${port}`, '--until-input-ends'];
  const child = spawn(process.execPath, [...nodeOptions, mainFile, ...own, ...flags], {
    // It ends with this process, however that ends.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, OUTRIDER_CONTROLLER_KEY: undefined },
    detached: true,
  });
  // It may end before it has read.
  child.stdin.on('error', () => {});
  const failure = new ChildFailure();
  readLines(child, (line) => {
    if (failure.take(line)) return;
    if (line.startsWith('{')) output.onEvent?.(JSON.parse(line) as ControllerEvent);
    else output.onNote?.(line);
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const asked: ((account: ControllerAccount) => void)[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith(answerPrefix)) asked.shift()?.(JSON.parse(line.slice(answerPrefix.length)));
      else resolve(line.trim());
    });
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
  const account = (isCollected = false): Promise<ControllerAccount> =>
    new Promise((resolve, reject) => {
      asked.push(resolve);
      const cause = 'the controller process has ended';
      void ended.then(() => reject(new OutriderError('internal', cause, 'run it by hand')));
      child.stdin.write(isCollected ? 'collect\n' : 'account\n');
    });
  return { url, processId: child.pid ?? 0, lost: ended, account, kill, close: kill };
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
