// A command as a process of its own, and a digest of all that it has found.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { measuredIn } from '../../../simulator/runner/run.ts';
import { mainFile } from '../../../src/cli/children/main-file.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';

export interface Ended {
  readonly digest: string;
  readonly seconds: number;
  /** Units that it has measured, and those that it had at its end; 0 of a run without --record. */
  readonly measured: number;
  readonly units: number;
}

export interface RunProcess {
  readonly child: ChildProcess;
  /** @throws OutriderError `internal`: it has failed, with its last line */
  readonly ended: Promise<Ended>;
}

/** Has the commands of the laboratory, too. */
const program = join(dirname(mainFile), 'clone.mjs');
/** Files of a directory that hold findings: data, pages, weights of an ended training. */
const foundIn = /\.csv$|\.md$|(^|\/)weights-\d+\.safetensors$/;

/** @param words a command that prints one document with --json @param directory where it leaves files; null: nowhere */
export function startRun(words: readonly string[], directory: string | null): RunProcess {
  const fromMs = performance.now();
  const child = spawn(process.execPath, [program, ...words, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const ended = output.then(async ([printed, said, [status]]): Promise<Ended> => {
    process.off('exit', end);
    if (status !== 0) {
      const last = said.trim().split('\n').slice(-2).join('; ');
      throw new OutriderError(
        'internal',
        `"outrider ${words.join(' ')}" ended with ${status}: ${last}`,
        'run it alone',
      );
    }
    const seconds = (performance.now() - fromMs) / 1000;
    return { digest: await digestOf(printed, directory), seconds, ...measuredIn(said) };
  });
  // It may end before anyone waits for it.
  ended.catch(() => {});
  return { child, ended };
}

/** Rows, summary and files, without the time that the machine took. */
async function digestOf(printed: string, directory: string | null): Promise<string> {
  const { rows, summary } = JSON.parse(printed) as { readonly rows: unknown; readonly summary: unknown };
  const withoutTimes = (key: string, value: unknown): unknown => (key === 'cpuMinutes' ? undefined : value);
  const hash = createHash('sha256').update(JSON.stringify([rows, summary], withoutTimes));
  const names = directory === null ? [] : await readdir(directory, { recursive: true });
  for (const name of names.filter((one) => foundIn.test(one)).toSorted())
    hash.update(`\n${name}\n`).update(await readFile(join(directory as string, name)));
  return hash.digest('hex');
}
