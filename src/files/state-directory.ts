// Where outrider keeps what must outlive a cache: keys, and the certificate that an edge made for itself.

import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { badArgument } from '../core/basics/errors.ts';

/** OUTRIDER_STATE, or `outrider` in XDG_STATE_HOME or in ~/.local/state. */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  // An empty variable counts as not set, and the XDG specification says that relative paths are to be ignored.
  if (environment['OUTRIDER_STATE']) return resolve(environment['OUTRIDER_STATE']);
  const shared = environment['XDG_STATE_HOME'];
  return join(shared?.startsWith('/') ? shared : join(homedir(), '.local', 'state'), 'outrider');
}

/** Makes the directory, for this user only, unless it is there. @throws OutriderError `bad-argument` */
export function makePrivateDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const cause = `${directory} can't be made: ${(error as NodeJS.ErrnoException).code ?? error}`;
    throw badArgument(cause, 'give another place with --keys, or in OUTRIDER_STATE', { cause: error });
  }
}
