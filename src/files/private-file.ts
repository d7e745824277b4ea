// Files that only their owner may read: logs, keys, what keys have used. A file that is replaced keeps the owner and the mode that it had.

import { randomBytes } from 'node:crypto';
import { chmodSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { badArgument, OutriderError } from '../core/basics/errors.ts';

/** Mode of a new file. */
export const ownerOnly = 0o600;

/** Lets only the owner read a file that was there before. A device, a pipe and a file of another user stay as they are. */
export function hideFromOthers(path: string): void {
  const before = statSync(path);
  const isOwn = before.uid === (process.getuid?.() ?? before.uid);
  if (isOwn && before.isFile() && (before.mode & 0o077) !== 0) chmodSync(path, ownerOnly);
}

/**
 * Writes beside the file, then renames: a reader sees the old text or the new one, also after a crash. Only this user may read a new file.
 * @throws OutriderError `bad-argument`, `disk-full`
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${randomBytes(8).toString('hex')}.new`;
  try {
    const before = await stat(path).catch(() => null);
    await using file = await open(unfinished, 'wx', ownerOnly);
    await file.writeFile(text);
    if (before !== null) await keepAccess(file, before);
    await file.sync();
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw unwritable(path, error);
  }
}

/** Root may write the file of a service, which has to read it again. Who may not give a file away keeps it for himself. */
async function keepAccess(file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const isGiven = await file.chown(uid, gid).then(
    () => true,
    () => false,
  );
  if (isGiven) await file.chmod(mode & 0o755);
}

export function unwritable(path: string, error: unknown): OutriderError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const cause = `${path} can't be written: ${code}`;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new OutriderError('disk-full', cause, 'free room on the disk, or in the quota of its user', {
      cause: error,
    });
  return badArgument(cause, 'check the folder and its permissions', { cause: error });
}
