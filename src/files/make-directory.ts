// Directories for results, and the one that keeps what must outlive a cache: keys, and the certificate that an edge made for itself. Node's own `recursive` never returns where a new one is refused as if its parent were missing, as below /proc.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { badArgument } from '../core/basics/errors.ts';
import { ownDirectory } from '../models/files/cache.ts';

/**
 * Makes a directory, and those above it, unless it is there.
 * @param mode of the new ones
 * @throws OutriderError `bad-argument` when it can't be made
 */
export function makeDirectory(directory: string, mode = 0o777, remedy = 'Give another directory.'): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.push(path);
  try {
    for (const path of missing.reverse()) mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw badArgument(`${directory} can't be made: ${code}`, remedy, { cause: error });
  }
  if (!statSync(directory).isDirectory()) throw badArgument(`${directory} can't be made: it is a file`, remedy);
}

/** OUTRIDER_STATE, or `outrider` in XDG_STATE_HOME or in ~/.local/state. */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return ownDirectory(environment, 'STATE', '.local/state');
}

/** Makes the directory, for this user only, unless it is there. @throws OutriderError `bad-argument` */
export function makePrivateDirectory(directory: string): void {
  makeDirectory(directory, 0o700, 'give another place with --keys, or in OUTRIDER_STATE');
}
