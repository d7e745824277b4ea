// The log of `outrider edge` and of `outrider serve`, and its flags: one line for each event, for people or as JSON, to standard error or to a
// file that rotates. Writing never waits for a terminal, a pipe or a disk.

import { write as writeTo } from 'node:fs';
import { styleText } from 'node:util';
import { badArgument } from '../../core/basics/errors.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { LineQueue, type LineSink } from '../../files/line-queue.ts';
import { RotatingFile } from '../../files/rotating-file.ts';
import { type EdgeLogEvent, isWanted, type LogLevel, levelOf } from '../../processes/edge/edge-events.ts';
import { foreignLine } from '../terminal/terminal-text.ts';

export const logOptions = {
  logLevel: {
    flag: '--log-level <level>',
    help: 'events of this level and of those before it are logged',
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

export const drainOption = {
  flag: '--drain <seconds>',
  help: 'how long answers may take to end after SIGTERM or Ctrl-C; a second signal ends it at once',
  number: [0, 86_400],
  default: 30,
} as const;

export type LogFlags = OptionsOf<typeof logOptions>;

export interface EdgeLogSettings {
  readonly level: LogLevel;
  readonly format: LogFlags['logFormat'];
  /** Null: standard error. */
  readonly file: string | null;
  readonly mostBytes: number;
  readonly kept: number;
}

export interface EdgeLog {
  event(event: EdgeLogEvent): void;
  /** A line of another kind. @param fields as JSON, with its `kind` @param words for people */
  line(level: LogLevel, fields: object, words: string): void;
  /** A line that belongs to no event. */
  note(level: LogLevel, text: string): void;
  /** Begins the file again under its name, for programs that rename log files. */
  reopen(): Promise<void>;
  close(): Promise<void>;
  /** Writes what waits at once, for the end of the process. */
  closeNow(): void;
}

/** Characters of lines that wait for a slow disk or reader. */
const mostWaiting = 4_194_304;
const pauseMs = 1000;

/** @throws the file system's error if the file can't be opened */
export async function openEdgeLog(settings: EdgeLogSettings): Promise<EdgeLog> {
  const { level, format, mostBytes, kept } = settings;
  const file = settings.file === null ? null : new RotatingFile(settings.file, { mostBytes, kept });
  await file?.open();
  let lost = 0;
  const queue: LineQueue = new LineQueue(file ?? standardError, {
    mostWaiting,
    pauseMs,
    failed: (error, lines) => {
      // The file can't show it; standard error may. Said once until lines arrive again.
      if (lost === 0 && file !== null) {
        process.stderr.write(`the log file can't be written, lines are dropped: ${foreignLine(String(error))}\n`);
      }
      lost += lines;
      return true;
    },
  });
  let reported = 0;
  const put = (line: string): void => {
    const { dropped } = queue;
    if (dropped > reported && queue.isIdle) {
      const count = dropped - reported;
      reported = dropped;
      lost = 0;
      queue.write(linesOf(format, new Date(), 'warn', { kind: 'dropped', lines: count }, `${count} lines dropped`));
    }
    queue.write(line);
  };
  const line = (grade: LogLevel, fields: object, words: string): void => {
    if (isWanted(grade, level)) put(linesOf(format, new Date(), grade, fields, words));
  };
  return {
    event: (event) => line(levelOf(event), event, describeEvent(event)),
    line,
    note: (grade, text) => line(grade, { kind: 'note', text }, text),
    reopen: async () => {
      await queue.flush();
      await file?.reopen();
    },
    close: async () => {
      await queue.flush();
      await file?.reopen();
    },
    closeNow: () => queue.flushNow(),
  };
}

/**
 * The log, until it is closed: SIGHUP opens its file again, for programs that rename log files, and at the end of the process it writes what
 * waits. @throws OutriderError `bad-argument` if the log file can't be used
 */
export async function openLog(flags: LogFlags): Promise<EdgeLog & AsyncDisposable> {
  const { logLevel: level, logFormat: format, logFile = null } = flags;
  const rotation = { mostBytes: flags.logFileSize * 1_000_000, kept: flags.logFilesKept };
  const log = await openEdgeLog({ level, format, file: logFile, ...rotation }).catch((cause: Error) => {
    throw badArgument(`can't use ${logFile}: ${cause.message}`, 'give another file', { cause });
  });
  const hungUp = (): void => onHangUp(log, logFile);
  process.on('SIGHUP', hungUp).on('exit', log.closeNow);
  return {
    ...log,
    async [Symbol.asyncDispose]() {
      process.off('SIGHUP', hungUp).off('exit', log.closeNow);
      await log.close();
    },
  };
}

/** Without a log file, a hang-up of the terminal stops the program. */
function onHangUp(log: EdgeLog, logFile: string | null): void {
  if (logFile !== null) void log.reopen().then(() => log.note('info', 'SIGHUP: the log file is opened again'));
  else if (process.stderr.isTTY) process.kill(process.pid, 'SIGTERM');
  else log.note('info', 'SIGHUP: ignored, there is no log file to open again');
}

function linesOf(format: LogFlags['logFormat'], date: Date, level: LogLevel, event: object, words: string): string {
  if (format === 'json') return JSON.stringify({ time: date.toISOString(), level, ...event });
  const time = date.toISOString().slice(0, 19).replace('T', ' ');
  return `${styleText('dim', `${time}Z`)} ${styleText(colours[level], level.padEnd(5))} ${foreignLine(words)}`;
}

const colours = { error: 'red', warn: 'yellow', info: 'cyan', debug: 'dim' } as const;

/** For people: one line. */
export function describeEvent(event: EdgeLogEvent): string {
  switch (event.kind) {
    case 'connection-opened':
      return `connection ${event.connection} from ${from(event.address)}`;
    case 'connection-closed':
      return `connection ${event.connection} from ${from(event.address)} closed by the ${event.by}: ${[event.code, event.detail].filter(Boolean).join(', ')}`;
    case 'refused':
      return `refused ${from(event.address)}${ofKey(event.key)}: ${event.code}, ${event.cause}`;
    case 'upgrade-refused':
      return `refused a connection of ${from(event.address)}: ${event.reason}, ${event.detail}`;
    case 'session-opened':
      return (
        `session ${event.session} opened from ${from(event.address)}${ofKey(event.key)}: ${event.mode}, ` +
        `${event.promptTokens} tokens${event.answerTokens === 0 ? '' : ` and ${event.answerTokens} of the answer`}`
      );
    case 'session-waiting':
      return `session ${event.session} waits for a place`;
    case 'session-placed':
      return `session ${event.session} has a place after ${event.waitedMs} ms`;
    case 'session-displaced':
      return `session ${event.session} has lost its place (${event.why})`;
    case 'session-lost':
      return `session ${event.session} has lost its device (${from(event.address)})`;
    case 'session-resumed':
      return `session ${event.session} resumed from ${from(event.address)}`;
    case 'session-ended':
      return `session ${event.session} ended${ofKey(event.key)}: ${event.reason}, ${figures(event)}`;
    case 'session-forgotten':
      return `session ${event.session} forgotten${ofKey(event.key)}, its device stayed away: ${figures(event)}`;
    case 'fault':
      return `fault: ${event.stack ?? event.cause}`;
    case 'key-revoked':
      return `key ${event.key} was revoked, has expired, or has a new secret: ${counted(event.sessions, 'session')} ended`;
    case 'engine-stalled':
      return 'the engine does not return from a step; every session is refused';
    case 'engine-returned':
      return 'the engine has returned; sessions are served again';
    case 'draining':
      return event.forMs === null
        ? `draining: no new session until that is taken back; ${counted(event.sessions, 'answer')} may end or move`
        : `going down: no new session, ${counted(event.sessions, 'answer')} may end within ${event.forMs / 1000} s`;
    case 'serving':
      return 'draining is taken back: sessions are opened again';
    case 'closed':
      return 'closed';
    case 'more':
      return (
        `and ${event.count.toLocaleString('en')} more in ${event.inMs / 1000} s: ${event.of}` +
        `${event.code === null ? '' : `, ${event.code}`}${event.address === null ? '' : `, from ${from(event.address)}`}`
      );
  }
}

/** A peer by its address, for people. */
export function from(address: string | null): string {
  return address === null || address === '' ? 'an unknown address' : address;
}

function counted(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}

export function ofKey(key: string | null): string {
  return key === null ? '' : ` (key ${key})`;
}

function figures(event: Extract<EdgeLogEvent, { kind: 'session-ended' | 'session-forgotten' }>): string {
  const { tokens, firstTokenMs, msPerToken, draftRows, acceptedRows } = event;
  const first = firstTokenMs === null ? '' : `, the first after ${Math.round(firstTokenMs)} ms`;
  const pace = msPerToken === null ? '' : `, then ${msPerToken.toFixed(1)} ms a token`;
  const drafts = draftRows === 0 ? '' : `, ${acceptedRows} of ${draftRows} drafts accepted`;
  return `${tokens} tokens${first}${pace}${drafts}`;
}

/** In a thread of the pool, so that a reader that pauses a pipe does not stop the edge. */
const standardError: LineSink = {
  append: (text) =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(text);
      const put = (from: number): void => {
        writeTo(2, bytes, from, bytes.length - from, null, (error, written) => {
          if (error !== null) reject(error);
          else if (from + written < bytes.length) put(from + written);
          else resolve();
        });
      };
      put(0);
    }),
  appendNow: (text) => void process.stderr.write(text),
};
