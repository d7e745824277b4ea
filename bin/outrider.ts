#!/usr/bin/env node

// `outrider`: how a command begins and ends.

import { endWithReader, failureOf, reportFailure } from '../src/cli/terminal/failure.ts';
import { isDocumentPrinted, printDocument } from '../src/files/document.ts';
import { commandWords, createProgram } from './program.ts';

endWithReader();
const program = createProgram();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
  const words = process.argv.slice(2);
  // A document that the command has printed itself tells more.
  if (process.exitCode !== 0 && words.includes('--json') && !isDocumentPrinted())
    printDocument(commandWords(program, words), { rows: [], summary: {} }, failureOf(error));
}
