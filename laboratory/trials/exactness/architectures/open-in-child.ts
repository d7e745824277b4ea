// Opens a file as a user does: `outrider models prepare`, in a process of its own, so that an abort of native code ends only that process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { ChildFailure } from '../../../../src/cli/children/child-service.ts';
import { mainFile } from '../../../../src/cli/children/main-file.ts';
import { defined } from '../../../../src/core/basics/defined.ts';
import { OutriderError } from '../../../../src/core/basics/errors.ts';

/** The result of the command. */
export type Opening =
  | { readonly kind: 'opened'; readonly law: string }
  | { readonly kind: 'refused'; readonly code: string; readonly cause: string }
  /** It ended neither with success nor with a documented error. */
  | { readonly kind: 'broken'; readonly cause: string };

interface ChildOptions {
  /** The cache of the child. */
  readonly cacheDirectory: string;
  readonly signal?: AbortSignal | undefined;
  /** Main file of another program with the same command; default: this one's. */
  readonly program?: string;
}

export async function openInChild(
  path: string,
  { cacheDirectory, signal, program = mainFile }: ChildOptions,
): Promise<Opening> {
  const child = spawn(process.execPath, [program, 'models', 'prepare', path, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OUTRIDER_CACHE: cacheDirectory },
    ...defined({ signal }),
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const [output, errors, [status, by]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), closed]);
  const lastLine = errors.trimEnd().split('\n').at(-1) ?? '';
  if (by !== null || ![0, 1, 2].includes(status ?? -1))
    return broken(`ended by ${by ?? `status ${status}`}: ${lastLine}`);
  if (status === 0) {
    const law = lawOf(output);
    return law === undefined ? broken('ended in order, and named no law') : { kind: 'opened', law };
  }
  const failure = new ChildFailure();
  for (const line of errors.split('\n')) failure.take(line);
  const none = new OutriderError(
    'internal',
    `ended with status ${status} and without an error: ${lastLine}`,
    'please report it',
  );
  const { code, message } = failure.or(none);
  return code === 'internal' ? broken(message) : { kind: 'refused', code, cause: message };
}

const broken = (cause: string): Opening => ({ kind: 'broken', cause });

function lawOf(output: string): string | undefined {
  try {
    const { summary } = JSON.parse(output) as { readonly summary: { readonly law?: string } };
    return summary.law;
  } catch {
    return undefined;
  }
}
