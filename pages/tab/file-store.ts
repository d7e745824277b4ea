// Pieces in one file of a browser's private file system, one after the other.

import { type PieceStore, pieceBytes } from './load-weights.ts';

/** The part of FileSystemSyncAccessHandle that is used; the types of a page do not have it. */
export interface SyncHandle {
  getSize(): number;
  read(bytes: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** @param byteLength of the whole file */
export function fileStore(handle: SyncHandle, byteLength: number): PieceStore {
  return {
    async count() {
      const size = handle.getSize();
      return size >= byteLength ? Math.ceil(byteLength / pieceBytes) : Math.floor(size / pieceBytes);
    },
    async get(index) {
      const bytes = new Uint8Array(Math.min(pieceBytes, byteLength - index * pieceBytes));
      return bytes.subarray(0, handle.read(bytes, { at: index * pieceBytes }));
    },
    async put(index, bytes) {
      if (handle.write(bytes, { at: index * pieceBytes }) !== bytes.length) throw new Error('no room is left');
      handle.flush();
    },
    async clear() {
      handle.truncate(0);
    },
    close: () => handle.close(),
  };
}
