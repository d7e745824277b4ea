// Flags of a log of events, and the log that they ask for.

import { badArgument } from '../../core/basics/errors.ts';
import { type EdgeLog, openEdgeLog } from '../edge/edge-log.ts';
import type { OptionsOf } from './options.ts';

export const logOptions = {
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

export const drainOption = {
  group: 'Logs and stopping:',
  flag: '--drain <seconds>',
  help: 'how long answers may take to end after SIGTERM or Ctrl-C; a second signal ends it at once',
  number: [0, 86_400],
  default: 30,
} as const;

export type LogFlags = OptionsOf<typeof logOptions>;

/**
 * The log, until it is closed: SIGHUP opens its file again, for programs that rename log files, and at the end of the process it writes what
 * waits. @throws OutriderError `bad-argument` if the log file can't be used
 */
export async function openLog(flags: LogFlags): Promise<EdgeLog & AsyncDisposable> {
  const { logLevel: level, logFormat: format, logFile = null } = flags;
  const rotation = { mostBytes: flags.logFileSize * 1_000_000, kept: flags.logFilesKept };
  const log = await openEdgeLog({ level, format, file: logFile, ...rotation }).catch((cause: unknown) => {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw badArgument(`can't use ${logFile}: ${words}`, 'give another file', { cause });
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
