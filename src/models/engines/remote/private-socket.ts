// Whether a socket's file can be trusted: whoever may write it, or replace it in its folder, could answer in the worker's place.

import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OutriderError } from '../../../core/basics/errors.ts';

const writableByOthers = 0o022;
const sticky = 0o1000;
const root = 0;

/**
 * @returns the path without links
 * @throws OutriderError `engine-refused`; what `realpath` throws where there is no such file
 */
export async function demandPrivateSocket(path: string): Promise<string> {
  const real = await realpath(path);
  const own = process.geteuid?.();
  if (own === undefined) return real;
  const [file, folder] = await Promise.all([lstat(real), stat(dirname(real))]);
  if (!file.isSocket()) throw refused(`${path} is no socket`, 'give the path at which the worker listens');
  const isForeign = ({ uid }: { readonly uid: number }): boolean => uid !== own && uid !== root;
  if (isForeign(file) || isForeign(folder)) {
    throw refused(`${path} or its folder belongs to another user`, 'run the worker and the edge as the same user');
  }
  if ((file.mode & writableByOthers) !== 0) {
    throw refused(
      `others than its owner may write the socket ${path}`,
      `chmod 600 ${path}, or start the worker with umask 0177`,
    );
  }
  // In a folder such as /tmp others may write, but not replace what is not theirs.
  if ((folder.mode & writableByOthers) !== 0 && (folder.mode & sticky) === 0) {
    const remedy = `chmod 700 ${dirname(real)}, or let the worker listen in a private folder`;
    throw refused(`others may replace the socket ${path} in its folder`, remedy);
  }
  return real;
}

function refused(cause: string, remedy: string): OutriderError {
  return new OutriderError('engine-refused', cause, remedy);
}
