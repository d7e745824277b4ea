// `outrider engine install`: makes the environment of a worker in the cache, where `--engine` finds it.

import type { Command } from 'commander';
import { badArgument } from '../../core/basics/errors.ts';
import { findPython, setUpWorker } from '../models/draft-python.ts';
import { commandOf } from '../options/option-flags.ts';
import { print } from '../terminal/note.ts';

const options = {
  engine: { argument: '<engine>', help: 'ik: ik_llama.cpp (25 MB, Python 3.11 to 3.13)' },
} as const;

const notes = `It installs packages from where pip is set to, each checked against its hash, and prints the path of the worker.
PYTHON names another interpreter. What is installed, and by whom it is made: workers/ik/README.md.`;

export function engineInstallCommand(): Command {
  const description = 'set up an engine that runs in another process';
  return commandOf({ name: 'install', description, options, notes }, async ({ engine }) => {
    if (engine !== 'ik') throw badArgument(`"${engine}" is no engine that is installed so`, 'Give ik.');
    const program = await setUpWorker(await findPython(), 'ik');
    // The reason is on standard error.
    if (program === null) process.exitCode = 1;
    else print(program);
  });
}
