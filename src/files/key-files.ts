// The file of keys on disk: read whole, replaced whole, changed by one command at a time.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  addKey,
  findKey,
  type KeyBook,
  type KeyEntry,
  type KeyTerms,
  revokeKey,
  rotateKey,
} from '../core/access/key-book.ts';
import { keysUnreadable, readKeyFile, writeKeyFile } from '../core/access/key-file.ts';
import { keyIdBytes, keyIdFrom, keySecretBytes, keyTextFrom } from '../core/access/key-text.ts';
import { badArgument } from '../core/basics/errors.ts';
import { hashText } from '../models/files/cache.ts';
import { makePrivateDirectory, stateDirectory } from './make-directory.ts';
import { ownerOnly, replaceFile, unwritable } from './private-file.ts';

/** Where `outrider keys` keeps keys unless another place is given. */
export function defaultKeyFile(): string {
  return join(stateDirectory(), 'keys.json');
}

/** A key that was just made, and its whole text, which nothing keeps. */
export interface MadeKey {
  readonly entry: KeyEntry;
  readonly key: string;
}

/** @throws OutriderError `keys-unreadable`, `version-mismatch` */
export async function loadKeys(path: string): Promise<KeyBook> {
  const { text, mode } = await readText(path);
  // Who may write the file may let anybody in. Reading it gives only digests.
  if (process.platform !== 'win32' && (mode & 0o022) !== 0) {
    throw keysUnreadable(`${path} may be written by others (mode ${(mode & 0o777).toString(8)}); chmod 600 it`);
  }
  return readKeyFile(text, path);
}

async function readText(path: string): Promise<{ readonly text: string; readonly mode: number }> {
  try {
    return { text: await readFile(path, 'utf8'), mode: (await stat(path)).mode };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cause = code === 'ENOENT' ? `there is no file of keys at ${path}` : `${path} can't be read: ${code ?? error}`;
    throw keysUnreadable(cause, { cause: error });
  }
}

/** @throws OutriderError `bad-argument`, `keys-unreadable` */
export async function addKeyTo(path: string, terms: KeyTerms, nowMs: number): Promise<MadeKey> {
  const id = keyIdFrom(randomBytes(keyIdBytes));
  // A key of 256 random bits can't be found by trying, so no slow digest is needed (docs/decisions).
  const key = keyTextFrom(id, randomBytes(keySecretBytes));
  const created = new Date(nowMs).toISOString();
  const entry: KeyEntry = { id, ...terms, sha256: hashText(key), created, revoked: null, former: null };
  await changeKeys(path, true, (book) => addKey(book, entry));
  return { entry, key };
}

/** @throws OutriderError `bad-argument`, `keys-unreadable` */
export async function revokeKeyIn(path: string, idOrName: string, nowMs: number): Promise<KeyEntry> {
  return changeKey(path, idOrName, (book, id) => revokeKey(book, id, new Date(nowMs).toISOString()));
}

/** @param graceMs how long the present secret is still taken @throws OutriderError `bad-argument`, `keys-unreadable` */
export async function rotateKeyIn(path: string, idOrName: string, nowMs: number, graceMs: number): Promise<MadeKey> {
  let key = '';
  const entry = await changeKey(path, idOrName, (book, id) => {
    key = keyTextFrom(id, randomBytes(keySecretBytes));
    return rotateKey(book, id, hashText(key), nowMs, graceMs);
  });
  return { entry, key };
}

async function changeKey(
  path: string,
  idOrName: string,
  change: (book: KeyBook, id: string) => KeyBook,
): Promise<KeyEntry> {
  let id = '';
  const book = await changeKeys(path, false, (before) => {
    ({ id } = findKey(before, idOrName));
    return change(before, id);
  });
  return findKey(book, id);
}

const lockWaitMs = 5000;
const lockPollMs = 20;

/** @param mayBegin whether a file that is not there is begun */
async function changeKeys(path: string, mayBegin: boolean, change: (book: KeyBook) => KeyBook): Promise<KeyBook> {
  const isNew = mayBegin && !existsSync(path);
  if (isNew) makePrivateDirectory(dirname(path));
  // The file itself is replaced, not a link to it.
  const target = isNew ? path : await realpath(path).catch(() => path);
  await using _lock = await takeLock(`${target}.lock`);
  const book = change(mayBegin && !existsSync(target) ? [] : await loadKeys(target));
  await replaceFile(target, writeKeyFile(book));
  return book;
}

/** A lock is never taken over: a command that was killed while it held it, a matter of milliseconds, leaves it for a person to delete. */
async function takeLock(path: string): Promise<AsyncDisposable> {
  const untilMs = performance.now() + lockWaitMs;
  for (;;) {
    const lock = await open(path, 'wx', ownerOnly).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw unwritable(path, error);
      return null;
    });
    if (lock !== null) {
      await lock.close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    }
    if (performance.now() > untilMs) {
      throw badArgument(
        `${path} is there: another command changes the keys`,
        'try again; if no other runs, delete that file',
      );
    }
    await setTimeout(lockPollMs);
  }
}
