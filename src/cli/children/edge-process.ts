// An edge as a child process: starts it, waits until it listens, ends it, and reads its account.

import { type ChildProcess, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { errorCodes, OutriderError } from '../../core/basics/errors.ts';
import type { Document } from '../../files/document.ts';
import type { PacedStep, PacingCounts } from '../../models/port/paced.ts';
import { mainFile } from './main-file.ts';

/** Prefix of the child's answers to lines on its input, in their order; the rest is JSON. */
export const answerPrefix = 'answer: ';

/** Lines on the input of an edge process that are answered, and what with. */
export interface EdgeAnswers {
  /** Counts of steps, and of steps longer than the profile says; null without latency emulation. */
  readonly pacing: PacingCounts | null;
  /** The last steps, `endMs` since 1970; null without latency emulation. */
  readonly steps: readonly PacedStep[] | null;
  /** "GET /health": what its port answers over HTTP, from the app itself. */
  readonly routes: readonly string[];
  readonly resources: EdgeResources;
  /** The same after a garbage collection, where the process can be made to collect. */
  readonly collect: EdgeResources;
}

/** What an edge process holds. */
export interface EdgeResources {
  readonly sessions: number;
  /** Sessions that wait for a place. */
  readonly waiting: number;
  readonly connections: number;
  /** JavaScript objects in use, and the room that V8 has reserved for them, bytes. */
  readonly heapUsed: number;
  readonly heapTotal: number;
  /** Memory that belongs to JavaScript objects and lies outside that room, buffers included, bytes. */
  readonly external: number;
  /** Bytes. */
  readonly residentSet: number;
  /** How many of each kind keep the process running: sockets, timers, requests of files. */
  readonly handles: Readonly<Record<string, number>>;
  /** Whether the garbage was collected before. */
  readonly isCollected: boolean;
}

export interface EdgeProcessSettings {
  /** Options of Node: `--expose-gc` lets the process collect on demand. */
  readonly nodeOptions?: readonly string[];
  /** Port of the edge. Default: a free one. */
  readonly port?: number;
}

export interface EdgeProcess {
  readonly url: string;
  /** @throws OutriderError `internal` when the process has ended */
  ask<Question extends keyof EdgeAnswers>(question: Question): Promise<EdgeAnswers[Question]>;
  readonly processId: number;
  /** Resolves when it has ended without {@link close}; otherwise never. */
  readonly lost: Promise<OutriderError>;
  /** Ends it in order and resolves with its account. */
  close(): Promise<Document['summary']>;
}

/** @param flags of `outrider edge` @throws OutriderError when it ends before it listens */
export async function startEdgeProcess(
  flags: readonly string[],
  onNote: (text: string) => void,
  { nodeOptions = [], port = 0 }: EdgeProcessSettings = {},
): Promise<EdgeProcess> {
  const fixed = [
    '--port',
    `${port}`,
    '--json',
    '--until-input-ends',
    ...(flags.includes('--log-level') ? [] : ['--log-level', 'warn']),
  ];
  const child = spawn(process.execPath, [...nodeOptions, mainFile, 'edge', ...fixed, ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A key for some other edge is no key for this one.
    env: { ...process.env, OUTRIDER_KEY: undefined },
    // Its own group: Ctrl-C is for this process, which then ends the edge in order.
    detached: true,
  });
  const endWithThis = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithThis);
  child.once('close', () => process.off('exit', endWithThis));
  const output = collect(child);
  const failure = new ChildFailure();
  const asked: ((answer: unknown) => void)[] = [];
  const onLine = (line: string): void => {
    if (line.startsWith(answerPrefix)) asked.shift()?.(JSON.parse(line.slice(answerPrefix.length)));
    else if (!failure.take(line)) onNote(line);
  };
  const url = await listening(child, onLine, failure);
  let isClosing = false;
  const lost = new Promise<OutriderError>((resolve) => {
    child.once('close', (status, signal) => {
      if (!isClosing) resolve(failure.or(edgeLost(signal ?? `status ${status}`)));
    });
  });
  return {
    url,
    lost,
    ask(question) {
      return new Promise((resolve, reject) => {
        const fail = (): void => reject(edgeFailed('it has ended'));
        asked.push((answer) => {
          child.off('close', fail);
          resolve(answer as EdgeAnswers[typeof question]);
        });
        if (child.exitCode !== null || child.signalCode !== null) fail();
        child.once('close', fail);
        child.stdin?.write(`${question}\n`);
      });
    },
    processId: child.pid ?? 0,
    async close() {
      isClosing = true;
      child.stdin?.end();
      const text = await output;
      try {
        return (JSON.parse(text) as Document).summary;
      } catch {
        return {};
      }
    },
  };
}

function collect(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return new Promise((resolve) => child.once('close', () => resolve(text)));
}

/** The error that an edge ends with, as failure.ts prints it: cause, then remedy and code. Passed on as this process's own. */
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

  /** @param fallback the error where the edge printed no known one */
  or(fallback: OutriderError): OutriderError {
    return this.#error ?? fallback;
  }
}

function listening(child: ChildProcess, onLine: (line: string) => void, failure: ChildFailure): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('ws://')) resolve(line.trim());
        else onLine(line);
      }
    });
    child.once('error', (error) => reject(edgeFailed(error.message)));
    child.once('close', (status, signal) => reject(failure.or(edgeLost(signal ?? `status ${status}`))));
  });
}

function edgeLost(how: string): OutriderError {
  const cause = `the edge process has ended on its own (${how})`;
  const remedy =
    'start again; a message of it stands above, and without one the system has ended it, as it does where memory is short';
  return new OutriderError('edge-unreachable', cause, remedy);
}

function edgeFailed(detail: string): OutriderError {
  return new OutriderError('internal', `the edge process failed: ${detail}`, 'its own message stands above');
}
