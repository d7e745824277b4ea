// Loads a file in pieces, from what is kept and then from the edge, and gives it out only if its SHA-256 is right. A store may fail, or give
// other bytes back than it got: then its pieces are loaded again.

import type { PartInfo } from '../../src/processes/http/weights-info.ts';
import type { LookUpReason } from './tab-messages.ts';

/** What a file is loaded and kept in; the last piece may be shorter. */
export const pieceBytes = 4 * 1_048_576;

/** Keeps the pieces of one file. */
export interface PieceStore {
  /** Number of pieces, from the first one on without a gap. */
  count(): Promise<number>;
  get(index: number): Promise<Uint8Array>;
  put(index: number, bytes: Uint8Array): Promise<void>;
  /** Throws all of them away. */
  clear(): Promise<void>;
  close(): void;
}

/** Why a file is not there. */
export class LoadFailure extends Error {
  readonly reason: LookUpReason;

  constructor(reason: LookUpReason) {
    super(reason);
    this.reason = reason;
  }
}

export interface LoadPorts {
  /** Null: nothing is kept. */
  readonly store: PieceStore | null;
  /** The bytes from `from` to before `to`. @throws LoadFailure */
  readonly ask: (from: number, to: number) => Promise<Uint8Array>;
  /** SHA-256; hex. */
  readonly digest: (bytes: Uint8Array<ArrayBuffer>) => string | Promise<string>;
  readonly onProgress: (loadedBytes: number) => void;
}

export interface LoadedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the store has all of it. */
  readonly isKept: boolean;
}

/** @throws LoadFailure `cut`, `refused` (by `ask`), `wrong-bytes`, `no-memory` */
export async function loadWeights(part: PartInfo, ports: LoadPorts): Promise<LoadedFile> {
  const bytes = allocate(part.bytes);
  const first = await fill(bytes, ports, ports.store);
  if ((await ports.digest(bytes)) === part.sha256) return { bytes, isKept: first.isKept };
  await cleared(ports.store);
  if (first.fromStore === 0) throw new LoadFailure('wrong-bytes');
  const { isKept } = await fill(bytes, ports, ports.store);
  if ((await ports.digest(bytes)) === part.sha256) return { bytes, isKept };
  await cleared(ports.store);
  throw new LoadFailure('wrong-bytes');
}

/** @throws LoadFailure */
function allocate(byteLength: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(byteLength);
  } catch {
    throw new LoadFailure('no-memory');
  }
}

async function fill(
  bytes: Uint8Array<ArrayBuffer>,
  { ask, onProgress }: LoadPorts,
  store: PieceStore | null,
): Promise<{ readonly fromStore: number; readonly isKept: boolean }> {
  const kept = await countOf(store);
  let fromStore = 0;
  let isKept = store !== null;
  for (let index = 0, from = 0; from < bytes.length; index += 1, from += pieceBytes) {
    const to = Math.min(bytes.length, from + pieceBytes);
    const found = index < kept ? await readOf(store, index, to - from) : null;
    const piece = found ?? (await ask(from, to));
    bytes.set(piece, from);
    onProgress(to);
    if (found !== null) fromStore += 1;
    // A piece that is missing leaves no place for the next ones.
    else isKept &&= await putTo(store, index, piece);
  }
  return { fromStore, isKept };
}

async function countOf(store: PieceStore | null): Promise<number> {
  return store === null ? 0 : store.count().catch(() => 0);
}

async function readOf(store: PieceStore | null, index: number, byteLength: number): Promise<Uint8Array | null> {
  const piece = (await store?.get(index).catch(() => null)) ?? null;
  return piece?.length === byteLength ? piece : null;
}

async function putTo(store: PieceStore | null, index: number, piece: Uint8Array): Promise<boolean> {
  if (store === null) return false;
  return store.put(index, piece).then(
    () => true,
    () => false,
  );
}

async function cleared(store: PieceStore | null): Promise<void> {
  await store?.clear().catch(() => {});
}
