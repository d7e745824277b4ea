// Directories for results. Node's own `recursive` never returns where a new one is refused as if its parent were missing, as below /proc.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { badArgument, type OutriderError } from '../core/basics/errors.ts';

/**
 * Makes a directory, and those above it, unless it is there.
 * @throws OutriderError `bad-argument` when it can't be made
 */
export function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.push(path);
  try {
    for (const path of missing.reverse()) mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw refusal(directory, code ?? 'unknown', error);
  }
  if (!statSync(directory).isDirectory()) throw refusal(directory, 'it is a file');
}

function refusal(directory: string, why: string, cause?: unknown): OutriderError {
  return badArgument(`${directory} can't be made: ${why}`, 'Give another directory.', { cause });
}
