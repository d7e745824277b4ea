// A worker that this process starts for itself: it listens in a private folder, is killed when it is silent, started again when it is lost,
// and ends with this process through its input.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutriderError, OutriderError } from '../../../core/basics/errors.ts';
import { openSocket } from './external-worker.ts';
import { oneLine } from './frames.ts';
import { RemoteConnection } from './remote-connection.ts';
import type { EngineEvent, WorkerSource } from './remote-model.ts';

export interface ChildOptions {
  /** The program and its arguments, without the socket. */
  readonly command: readonly [string, ...string[]];
  /** See RemoteConnection. */
  readonly tickMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly note: (event: EngineEvent) => void;
}

/** So many starts in a row may fail. */
const mostStarts = 3;
/** The exit status of a worker that refuses its arguments or its place: its last two lines are cause and remedy. */
const refusedStatus = 2;
const pollMs = 50;
/** Its last words may come after its end; a process that it started may keep its output open. */
const mostLastPolls = 20;

interface Child {
  readonly process: ChildProcess;
  /** The last lines that it wrote, at most two. */
  lastLines: readonly string[];
  hasEnded: boolean;
  /** It has ended, and all that it wrote was read. */
  isSilent: boolean;
}

export class ChildWorker implements WorkerSource {
  readonly #options: ChildOptions;
  #folder: string | undefined;
  #child: Child | null = null;
  #isClosed = false;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  async connect(): Promise<RemoteConnection> {
    let why = '';
    for (let starts = 0; starts < mostStarts; starts += 1) {
      await this.#kill();
      const child = await this.#start();
      try {
        return await this.#meet(child);
      } catch (error) {
        if (isOutriderError(error)) throw error;
        if (child.process.exitCode === refusedStatus) throw refusalOf(child);
        why = [(error as Error).message, ...child.lastLines.slice(-1)].join(': ');
        this.#options.note({ kind: 'awaited', cause: `${this.#name}: ${why}` });
      }
    }
    await this.#kill();
    const cause = `${this.#name} failed at its start ${mostStarts} times in a row: ${why}`;
    throw new OutriderError(
      'engine-lost',
      cause,
      `run it by hand to see why: ${this.#options.command.join(' ')} --socket PATH`,
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#kill();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  get #name(): string {
    return basename(this.#options.command[0]);
  }

  async #start(): Promise<Child> {
    this.#demandOpen();
    this.#folder ??= await mkdtemp(join(tmpdir(), 'outrider-engine-'));
    await rm(this.#socket, { force: true });
    this.#demandOpen();
    const [program, ...words] = this.#options.command;
    // A group of its own: Ctrl-C is for the edge, which may still need the engine, and a worker may have processes of its own.
    const started = spawn(program, [...words, '--socket', this.#socket, '--until-input-ends'], { detached: true });
    const child: Child = { process: started, lastLines: [], hasEnded: false, isSilent: false };
    started.on('exit', () => {
      child.hasEnded = true;
    });
    started.on('error', (error) => {
      child.lastLines = [error.message];
      child.hasEnded = child.isSilent = true;
    });
    started.on('close', () => {
      child.isSilent = true;
    });
    started.stdin.on('error', () => undefined);
    for (const stream of [started.stdout, started.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#takeLine(child, oneLine(line.trim())));
    }
    this.#child = child;
    return child;
  }

  /** Lines that begin with the program's own name are progress, for the operator. */
  #takeLine(child: Child, line: string): void {
    if (line === '') return;
    child.lastLines = [...child.lastLines, line].slice(-2);
    if (line.startsWith(`${this.#name}: `)) this.#options.note({ kind: 'starting', cause: line });
  }

  /** As long as the worker lives, it may take its time to listen: a large model loads for minutes. */
  async #meet(child: Child): Promise<RemoteConnection> {
    for (;;) {
      this.#demandOpen();
      if (child.hasEnded) {
        for (let polls = 0; !child.isSilent && polls < mostLastPolls; polls += 1) await sleep(pollMs);
        throw new Error('it has ended');
      }
      const socket = await openSocket({ kind: 'unix', path: this.#socket }).catch((error: unknown) => {
        if (isOutriderError(error)) throw error;
        return null;
      });
      if (socket !== null) {
        const connection = new RemoteConnection(socket, { tickMs: this.#options.tickMs, awaitsHello: true });
        await connection.hello;
        return connection;
      }
      await sleep(pollMs);
    }
  }

  get #socket(): string {
    return join(this.#folder as string, 'rows');
  }

  #demandOpen(): void {
    if (!this.#isClosed && this.#options.signal?.aborted !== true) return;
    throw new OutriderError('interrupted', 'the wait for the engine was ended', 'start it again');
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.process.pid === undefined) return;
    const ended = child.hasEnded ? undefined : once(child.process, 'exit');
    try {
      // With the processes that it has started.
      process.kill(-child.process.pid, 'SIGKILL');
    } catch {
      child.process.kill('SIGKILL');
    }
    await ended;
  }
}

function refusalOf({
  lastLines: [cause = 'the engine refuses to start', remedy = "read the worker's page"],
}: Child): OutriderError {
  return new OutriderError('engine-lost', cause, remedy);
}
