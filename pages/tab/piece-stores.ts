// Where a browser keeps the weights: its private file system, which only pages from https or this machine have, else IndexedDB. Only the
// files of the present draft are kept.

import { fileStore, type SyncHandle } from './file-store.ts';
import type { PieceStore } from './load-weights.ts';

/** @returns null: this browser keeps nothing, as in a private window */
export async function openPieceStore(sha256: string, byteLength: number): Promise<PieceStore | null> {
  for (const open of [openFiles, openDatabase]) {
    const store = await open(sha256, byteLength).catch(() => null);
    if (store !== null) return store;
  }
  return null;
}

const folderName = 'outrider-weights';
/** Another tab may be loading the same file. */
const attempts = 15;
const attemptMs = 2000;

async function openFiles(sha256: string, byteLength: number): Promise<PieceStore | null> {
  if (typeof navigator.storage?.getDirectory !== 'function') return null;
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(folderName, { create: true });
  for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) {
    if (name !== sha256) await folder.removeEntry(name).catch(() => {});
  }
  const file = await folder.getFileHandle(sha256, { create: true });
  const handle = await openHandle(file);
  return handle === null ? null : fileStore(handle, byteLength);
}

async function openHandle(file: FileSystemFileHandle): Promise<SyncHandle | null> {
  const { createSyncAccessHandle } = file as { createSyncAccessHandle?(): Promise<SyncHandle> };
  if (createSyncAccessHandle === undefined) return null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await createSyncAccessHandle.call(file);
    } catch (error) {
      if ((error as Error).name !== 'NoModificationAllowedError' || attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, attemptMs));
    }
  }
}

const databaseName = 'outrider';
const tableName = 'weights';

async function openDatabase(sha256: string): Promise<PieceStore | null> {
  if (typeof indexedDB === 'undefined') return null;
  const opening = indexedDB.open(databaseName, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(tableName);
  const database = await resultOf(opening);
  const table = (mode: IDBTransactionMode): IDBObjectStore =>
    database.transaction(tableName, mode).objectStore(tableName);
  const own = IDBKeyRange.bound([sha256], [sha256, []]);
  const change = (act: (table: IDBObjectStore) => void): Promise<void> => {
    const changed = table('readwrite');
    act(changed);
    return endOf(changed.transaction);
  };
  await change((all) => {
    all.delete(IDBKeyRange.upperBound([sha256], true));
    all.delete(IDBKeyRange.lowerBound([sha256, []], true));
  });
  return {
    async count() {
      const keys = (await resultOf(table('readonly').getAllKeys(own))) as unknown as (readonly [string, number])[];
      const gap = keys.findIndex(([, index], at) => index !== at);
      return gap < 0 ? keys.length : gap;
    },
    async get(index) {
      return (await resultOf(table('readonly').get([sha256, index]))) as Uint8Array;
    },
    put: (index, bytes) => change((pieces) => void pieces.put(bytes, [sha256, index])),
    clear: () => change((pieces) => void pieces.delete(own)),
    close: () => database.close(),
  };
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Whether a change is there is known only when its transaction is complete: the disk may be full. */
function endOf(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}
