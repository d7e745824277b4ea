// How a command ends. When it can't continue: one line of cause, one line of remedy, a stable code, an exit status. When the reader of its
// output has closed it, as `head` does, or its terminal is gone: silently.

import { styleText } from 'node:util';
import { CommanderError } from 'commander';
import {
  asOutriderError,
  badArgument,
  type ErrorCode,
  isOutriderError,
  type OutriderError,
} from '../../core/basics/errors.ts';
import { foreignLine, foreignLines } from './terminal-text.ts';
import { hideWaiting } from './waiting-line.ts';

const usageCodes: readonly ErrorCode[] = ['bad-argument', 'clone-needed', 'model-unknown'];

/** 0: it ran; 1: it failed or a promise was broken; 2: bad usage; 130: interrupted. */
export function reportFailure(error: unknown): number {
  hideWaiting();
  if (error instanceof CommanderError) {
    // Help that was asked for, or printed where a subcommand is missing, is enough.
    if (error.exitCode !== 0 && error.code !== 'commander.help') printFailure(failureOf(error));
    return error.exitCode === 0 ? 0 : 2;
  }
  if (isOutriderError(error)) {
    printFailure(error);
    if (error.code === 'interrupted') return 130;
    return usageCodes.includes(error.code) ? 2 : 1;
  }
  const said = foreignLines(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`${styleText('red', '✗')} a fault in outrider: ${said}\n`);
  process.stderr.write(`  please report it with the command that you ran ${styleText('dim', '[internal]')}\n`);
  return 1;
}

function printFailure({ message, remedy, code }: OutriderError): void {
  const [cause, advice, name] = [message, remedy, code].map((text) => foreignLine(text));
  process.stderr.write(`${styleText('red', '✗')} ${cause}\n  ${advice} ${styleText('dim', `[${name}]`)}\n`);
}

/** The same failure as one error, for a JSON document. Commander's messages end in what is allowed, or in "(Did you mean ...?)". */
export function failureOf(error: unknown): OutriderError {
  if (!(error instanceof CommanderError)) return asOutriderError(error);
  const said = error.message.replace(/^error: /, '');
  const parts = /^(.* is invalid)\. (.+)$/s.exec(said) ?? /^(.*)\n\((Did you mean .+)\)$/s.exec(said) ?? [];
  const [, cause = said, remedy = 'outrider COMMAND --help shows what is possible'] = parts;
  return badArgument(cause, remedy);
}

/** 128 + SIGPIPE: what a shell sees of any program that ends so. */
const brokenPipeStatus = 141;
/** 128 + SIGHUP: the same for a terminal that is gone. */
const lostTerminalStatus = 129;

export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(brokenPipeStatus);
    if (isTerminalLost(error)) process.exit(lostTerminalStatus);
    throw error;
  });
  // A closed standard error is no reason to end: only progress and notes go there. A lost terminal is one.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (isTerminalLost(error)) process.exit(lostTerminalStatus);
    if (error.code !== 'EPIPE') throw error;
  });
}

/** What reading and writing say when a terminal was closed and its signal (SIGHUP) went to another process. */
export function isTerminalLost(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EIO' || code === 'ENXIO';
}
