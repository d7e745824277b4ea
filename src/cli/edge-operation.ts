// What `outrider edge` does for whoever runs it: its logs, signals, and how it ends. SIGTERM and the first Ctrl-C let answers end, a second
// signal ends the process at once; an engine that does not return ends it with status 1, so that a supervisor starts it again.

import { badArgument } from '../basics/errors.ts';
import type { Edge } from '../edge/edge.ts';
import type { EdgeLogEvent } from '../edge/edge-events.ts';
import type { EdgeOptions } from '../edge/edge-options.ts';
import { logSessions, type SessionLogs } from '../files/event-log-file.ts';
import type { OptionsOf } from '../laboratory/options.ts';
import type { Tokenizer } from '../models/model.ts';
import type { Listener } from '../transport/transport.ts';
import { type EdgeLog, openEdgeLog } from './edge-log.ts';

export const operationOptions = {
  drain: {
    group: 'Logs and stopping:',
    flag: '--drain <seconds>',
    help: 'how long answers may take to end after SIGTERM or Ctrl-C; a second signal ends the edge at once',
    number: [0, 86_400],
    default: 30,
  },
  log: {
    flag: '--log <directory>',
    help: 'write the events of each session to a new folder there, for "outrider replay"; they hold the prompts',
  },
  logLevel: {
    flag: '--log-level <level>',
    help: 'events of this level and of those before it are told',
    choices: ['error', 'warn', 'info', 'debug'],
    default: 'info',
  },
  logFormat: {
    flag: '--log-format <format>',
    help: 'events as lines for people, or as JSON, one object a line',
    choices: ['text', 'json'],
    default: 'text',
  },
  logFile: { flag: '--log-file <file>', help: 'tell events there instead of on standard error; SIGHUP opens it again' },
  logFileSize: {
    flag: '--log-file-size <MB>',
    help: 'size at which the log file is renamed and a new one begun',
    whole: [1, 100_000],
    default: 50,
  },
  logFilesKept: {
    flag: '--log-files-kept <count>',
    help: 'renamed log files that are kept',
    whole: [1, 1000],
    default: 5,
  },
} as const;

type OperationFlags = OptionsOf<typeof operationOptions>;

/** Time that an edge whose engine hangs has to end in order, ms. */
const lastMomentsMs = 2000;

export class EdgeOperation implements AsyncDisposable {
  readonly #flags: OperationFlags;
  readonly #log: EdgeLog;
  readonly #signal: AbortSignal;
  readonly #undo: (() => void)[] = [];
  #sessionLogs: SessionLogs | null = null;
  #stalled = (): void => {};
  readonly #isStalled = new Promise<void>((resolve) => {
    this.#stalled = resolve;
  });

  /** @throws OutriderError `bad-argument` if the log file can't be used */
  static async open(flags: OperationFlags, signal: AbortSignal): Promise<EdgeOperation> {
    const { logLevel: level, logFormat: format, logFile = null } = flags;
    const rotation = { mostBytes: flags.logFileSize * 1_000_000, kept: flags.logFilesKept };
    try {
      return new EdgeOperation(flags, await openEdgeLog({ level, format, file: logFile, ...rotation }), signal);
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      throw badArgument(`can't use ${logFile}: ${words}`, 'give another file', { cause });
    }
  }

  private constructor(flags: OperationFlags, log: EdgeLog, signal: AbortSignal) {
    this.#flags = flags;
    this.#log = log;
    this.#signal = signal;
    this.#on('exit', () => this.#closeNow());
    this.#on('SIGHUP', () => this.#hungUp());
    signal.addEventListener('abort', () => {
      for (const [name, number] of [
        ['SIGINT', 2],
        ['SIGTERM', 15],
      ] as const) {
        this.#on(name, () => process.exit(128 + number));
      }
    });
  }

  /** @throws OutriderError `bad-argument` if the directory of event logs can't be made */
  callbacks(tokenizer: Tokenizer): Pick<EdgeOptions, 'onEvent' | 'onStep' | 'onForgotten'> {
    const onEvent = (event: EdgeLogEvent): void => {
      this.#log.event(event);
      if (event.kind === 'engine-stalled') this.#stalled();
    };
    if (this.#flags.log === undefined) return { onEvent };
    const logs = logSessions(this.#flags.log, tokenizer, { onEnded: (why) => this.#log.note('error', why) });
    this.#sessionLogs = logs;
    this.#log.note('info', `event logs in ${logs.directory}`);
    return { onEvent, onStep: logs.onStep, onForgotten: logs.onForgotten };
  }

  /** What the edge serves: where a run begins in the log. */
  began(text: string): void {
    this.#log.note('info', text);
  }

  /** A problem that does not end the edge, as a key file that can't be read. */
  warn(error: unknown): void {
    this.#log.note('error', error instanceof Error ? error.message : String(error));
  }

  /** Runs until `asked`, then ends the edge. An engine that hangs ends the process. */
  async run(edge: Edge, listener: Listener, asked: Promise<void>): Promise<void> {
    const isStalled = await Promise.race([asked.then(() => false), this.#isStalled.then(() => true)]);
    if (isStalled) await this.#giveUp(edge, listener);
    await edge.drain(this.#signal.aborted ? this.#flags.drain * 1000 : 0);
    await listener.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    await this.#sessionLogs?.close();
    await this.#log.close();
  }

  /** The engine's own threads may never end, and its model can't be closed. */
  async #giveUp(edge: Edge, listener: Listener): Promise<never> {
    this.#log.note('error', 'the engine hangs: the edge ends with status 1, to be started again');
    const ended = edge.close().then(() => listener.close());
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, lastMomentsMs))]);
    process.exit(1);
  }

  #hungUp(): void {
    if (this.#flags.logFile !== undefined) {
      void this.#log.reopen().then(() => this.#log.note('info', 'SIGHUP: the log file is opened again'));
    } else if (process.stderr.isTTY) process.kill(process.pid, 'SIGTERM');
    else this.#log.note('info', 'SIGHUP: ignored, there is no log file to open again');
  }

  #closeNow(): void {
    this.#sessionLogs?.closeNow();
    this.#log.closeNow();
  }

  #on(event: 'exit' | NodeJS.Signals, work: () => void): void {
    process.on(event, work);
    this.#undo.push(() => void process.off(event, work));
  }
}
