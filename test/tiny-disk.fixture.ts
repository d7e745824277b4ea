// A small disk for one program, which sees it and no one else does: a tmpfs in a mount namespace of its own.

import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

/** @returns words that start a program; its own words come after them. @param first shell, run before it in the folder */
export function onTinyDisk(folder: string, size: string, first = 'true'): readonly string[] {
  const script = `mount -t tmpfs -o size=${size} none "$0" && (cd "$0"; ${first}); exec "$@"`;
  return ['unshare', '-rm', 'sh', '-c', script, folder];
}

/** Whether this user may. */
export function mayMount(): boolean {
  const [command = '', ...words] = onTinyDisk(tmpdir(), '64k');
  return spawnSync(command, [...words, 'true']).status === 0;
}
