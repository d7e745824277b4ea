// How a command ends. When it can't continue: one line of cause, one line of remedy, a stable code, an exit status. When the reader of its
// output has closed it, as `head` does: silently.

import { styleText } from 'node:util';
import { CommanderError } from 'commander';
import { isOutriderError } from '../basics/errors.ts';
import { foreignLine, foreignLines } from './terminal-text.ts';

/** 0: it ran; 1: it failed or a promise was broken; 2: bad usage; 130: interrupted. */
export function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isOutriderError(error)) {
    process.stderr.write(
      `${styleText('red', '✗')} ${foreignLine(error.message)}\n  ${foreignLine(error.remedy)} ${styleText('dim', `[${foreignLine(error.code)}]`)}\n`,
    );
    if (error.code === 'interrupted') return 130;
    return error.code === 'bad-argument' || error.code === 'model-unknown' ? 2 : 1;
  }
  const said = foreignLines(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`${styleText('red', '✗')} a fault in outrider: ${said}\n`);
  process.stderr.write(`  please report it with the command that you ran ${styleText('dim', '[internal]')}\n`);
  return 1;
}

/** 128 + SIGPIPE: what a shell sees of any program that ends so. */
const brokenPipeStatus = 141;

export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(brokenPipeStatus);
  });
  // A closed standard error is no reason to end: only progress and notes go there.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
