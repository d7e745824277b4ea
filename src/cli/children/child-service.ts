// A command of this program as a child process: starts it, waits until it prints its address, passes its lines on, ends it. It is not
// specific to a command; edge-process.ts is.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { type ErrorCode, errorCodes, OutriderError } from '../../core/basics/errors.ts';
import { childVariable } from '../terminal/interrupt.ts';
import { mainFile } from './main-file.ts';

export interface ChildSettings {
  /** Main file of another program with the same command. Default: this one's. */
  readonly program?: string;
  /** Options of Node, as `--expose-gc`. */
  readonly nodeOptions?: readonly string[];
  /** Added to this process's own; undefined removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Each line of standard error, but for its address and for the error that it ends with. */
  readonly onNote?: (line: string) => void;
  /** What it sends over the channel (`process.send`). */
  readonly onMessage?: (message: unknown) => void;
}

export interface ChildService {
  /** As it printed it: "ws://127.0.0.1:8642"; of a worker with an engine "unix:PATH" or "tcp:PORT". */
  readonly url: string;
  readonly processId: number;
  /** Resolves when it has ended without {@link close} or {@link kill}; otherwise never. */
  readonly lost: Promise<OutriderError>;
  /** Resolves when it has ended, by whatever cause. */
  readonly ended: Promise<OutriderError>;
  /** Over the channel. @throws OutriderError `internal` when it has ended */
  send(message: object): void;
  /** Lets it end in order: the channel closes. Resolves when it has ended, with its output after the address. */
  close(): Promise<string>;
  /** Ends it at once. Resolves when it has ended. */
  kill(): Promise<void>;
}

const addressForm = /^(?:(?:ws|http)s?:\/\/\S+|unix:.+|tcp:\d+)$/;

/**
 * @param words the command and its flags; it must end when the channel closes ({@link childVariable})
 * @param endCode code of the error where it ends on its own and prints none
 * @throws OutriderError the one that it ends with before it listens, otherwise one with `endCode`
 */
export async function startChild(
  words: readonly string[],
  endCode: ErrorCode,
  { program = mainFile, nodeOptions = [], environment = {}, onNote = () => {}, onMessage }: ChildSettings = {},
): Promise<ChildService> {
  const child = spawn(process.execPath, [...nodeOptions, program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, [childVariable]: '1', ...environment },
    // Its own group: Ctrl-C is for this process, which then ends the child in order.
    detached: true,
  });
  if (onMessage !== undefined) child.on('message', onMessage);
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const failure = new ChildFailure();
  const ended = new Promise<OutriderError>((resolve) => {
    // Without a process it could not be started. Otherwise a message could not be sent, and how it has ended comes later.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(endedOf(words, endCode, error.message));
    });
    // Not 'close', which Node does not emit after `disconnect`.
    const outputEnds = Promise.all([child.stdout, child.stderr].map((stream) => stream && once(stream, 'close')));
    child.once('exit', async (status, signal) => {
      await outputEnds;
      process.off('exit', end);
      resolve(failure.or(endedOf(words, endCode, signal ?? `status ${status}`)));
    });
  });
  const output: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    readLines(child.stdout, resolve, (line) => output.push(line));
    readLines(child.stderr, resolve, (line) => {
      if (!failure.take(line)) onNote(line);
    });
    void ended.then(reject);
  });
  return serviceOf(child, url, ended, output);
}

/**
 * Lines end with "\n" and nothing else; a line that a killed process has not ended is dropped.
 * @param onAddress gets the first line that is an address; all others go to `onLine`
 */
function readLines(stream: Readable | null, onAddress: (line: string) => void, onLine: (line: string) => void): void {
  let text = '';
  let hasAddress = false;
  stream?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (hasAddress || !addressForm.test(line.trim())) onLine(line);
      else {
        hasAddress = true;
        onAddress(line.trim());
      }
    }
  });
}

function serviceOf(
  child: ChildProcess,
  url: string,
  ended: Promise<OutriderError>,
  output: readonly string[],
): ChildService {
  let isClosing = false;
  const lost = new Promise<OutriderError>((resolve) => {
    void ended.then((error) => {
      if (!isClosing) resolve(error);
    });
  });
  const finish = (end: () => void): Promise<unknown> => {
    isClosing = true;
    end();
    return ended;
  };
  return {
    url,
    lost,
    ended,
    processId: child.pid ?? 0,
    send(message) {
      if (!child.connected)
        throw new OutriderError('internal', 'the process has ended', 'its own message stands above');
      // A message that can't be sent any more is as one that was not read: the process ends, or has.
      child.send(message, () => {});
    },
    async close() {
      await finish(() => child.connected && child.disconnect());
      return output.join('\n');
    },
    async kill() {
      await finish(() => child.kill('SIGKILL'));
    },
  };
}

function endedOf([command]: readonly string[], code: ErrorCode, how: string): OutriderError {
  const remedy =
    'start again; a message of it stands above, and without one the system has ended it, as it does where memory is short';
  return new OutriderError(code, `the ${command} process has ended on its own (${how})`, remedy);
}

/** The error that a child process ends with, as failure.ts prints it: cause, then remedy and code. Passed on as this process's own. */
export class ChildFailure {
  #cause = '';
  #error: OutriderError | null = null;

  /** @returns whether the line is part of such an error */
  take(line: string): boolean {
    const plain = stripVTControlCharacters(line);
    if (plain.startsWith('✗ ') && !plain.startsWith('✗ a fault in outrider')) {
      this.#cause = plain.slice(2);
      return true;
    }
    const [, remedy, code] = /^ {2}(.+) \[([a-z-]+)\]$/.exec(plain) ?? [];
    const known = errorCodes.find((one) => one === code);
    if (this.#cause === '' || remedy === undefined || known === undefined) return false;
    this.#error = new OutriderError(known, this.#cause, remedy);
    return true;
  }

  /** @param fallback the error where it printed no known one */
  or(fallback: OutriderError): OutriderError {
    return this.#error ?? fallback;
  }
}
