// Where outrider keeps what must outlive a cache: keys, and the certificate that an edge made for itself.

import { ownDirectory } from '../models/files/cache.ts';
import { makeDirectory } from './make-directory.ts';

/** OUTRIDER_STATE, or `outrider` in XDG_STATE_HOME or in ~/.local/state. */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return ownDirectory(environment, 'STATE', '.local/state');
}

/** Makes the directory, for this user only, unless it is there. @throws OutriderError `bad-argument` */
export function makePrivateDirectory(directory: string): void {
  makeDirectory(directory, 0o700, 'give another place with --keys, or in OUTRIDER_STATE');
}
