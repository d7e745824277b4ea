#!/usr/bin/env node
// `outrider`: how a command begins and ends.

import { endWithReader, reportFailure } from './failure.ts';
import { createProgram } from './program.ts';

endWithReader();
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
