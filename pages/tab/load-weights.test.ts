// Weights in a browser that keeps them, keeps a part, keeps other bytes, or keeps nothing; and from an edge that is lost, busy, or wrong.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type AskPorts, askPiece } from './ask-piece.ts';
import { fileStore } from './file-store.ts';
import { LoadFailure, loadWeights, type PieceStore, pieceBytes } from './load-weights.ts';

const file = Uint8Array.from({ length: 2 * pieceBytes + 1000 }, (_, index) => (index * 7) % 253);
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const weights = { sha256: sha256Of(file), bytes: file.length };

/** To compare them value by value takes seconds. */
const isFile = ({ bytes }: { readonly bytes: Uint8Array }): boolean => Buffer.compare(bytes, file) === 0;

class FakeStore implements PieceStore {
  readonly pieces: Uint8Array[] = [];
  clears = 0;
  count = async () => this.pieces.length;
  get = async (index: number) => this.pieces[index] as Uint8Array;
  put = async (index: number, bytes: Uint8Array) => {
    this.pieces[index] = bytes.slice();
  };
  clear = async () => {
    this.clears += 1;
    this.pieces.length = 0;
  };
  close = () => {};
}

const rejects = () => Promise.reject(new Error('the disk is broken'));

function load(store: PieceStore | null, served: Uint8Array = file) {
  const asked: number[] = [];
  const progress: number[] = [];
  const loaded = loadWeights(weights, {
    store,
    digest: sha256Of,
    onProgress: (bytes) => progress.push(bytes),
    async ask(from, to) {
      asked.push(from / pieceBytes);
      return served.slice(from, to);
    },
  });
  return { loaded, asked, progress };
}

function flip(bytes: Uint8Array | undefined, at: number): void {
  if (bytes !== undefined) bytes[at] = (bytes[at] ?? 0) ^ 1;
}

describe('loadWeights', () => {
  it('keeps what it loads, and asks for nothing the next time', async () => {
    const store = new FakeStore();
    const first = load(store);
    expect((await first.loaded).isKept).toBe(true);
    expect(isFile(await first.loaded)).toBe(true);
    expect(first.asked).toEqual([0, 1, 2]);
    expect(first.progress).toEqual([pieceBytes, 2 * pieceBytes, file.length]);
    const again = load(store);
    expect(isFile(await again.loaded)).toBe(true);
    expect(again.asked).toEqual([]);
  });

  it('goes on after the pieces that are there', async () => {
    const store = new FakeStore();
    await store.put(0, file.slice(0, pieceBytes));
    const { loaded, asked } = load(store);
    expect((await loaded).isKept).toBe(true);
    expect(asked).toEqual([1, 2]);
  });

  it('loads all again where the store gives other bytes back, once', async () => {
    const store = new FakeStore();
    await load(store).loaded;
    flip(store.pieces[1], 5);
    const { loaded, asked } = load(store);
    expect(isFile(await loaded)).toBe(true);
    expect(asked).toEqual([0, 1, 2]);
    expect(store.clears).toBe(1);
    // Pieces of another length, too.
    store.pieces[1] = new Uint8Array(3);
    const short = load(store);
    expect(isFile(await short.loaded)).toBe(true);
    expect(short.asked).toEqual([1]);
  });

  it('throws wrong bytes of the edge away', async () => {
    const wrong = file.slice();
    flip(wrong, pieceBytes + 1);
    const store = new FakeStore();
    const { loaded, asked } = load(store, wrong);
    await expect(loaded).rejects.toMatchObject({ reason: 'wrong-bytes' });
    expect(asked).toEqual([0, 1, 2]);
    expect(store.pieces).toEqual([]);
    // Both the store and the edge are wrong: it ends.
    await load(store).loaded;
    flip(store.pieces[0], 0);
    await expect(load(store, wrong).loaded).rejects.toMatchObject({ reason: 'wrong-bytes' });
    expect(store.pieces).toEqual([]);
  });

  it.each(['count', 'get', 'put', 'clear'] as const)('works with a store whose %s fails', async (method) => {
    const store = new FakeStore();
    await load(store).loaded;
    const broken = Object.assign(new FakeStore(), { pieces: store.pieces, [method]: rejects });
    expect(isFile(await load(broken).loaded)).toBe(true);
    await store.clear();
    const { loaded, asked } = load(broken);
    expect((await loaded).isKept).toBe(method !== 'put');
    expect(asked).toEqual([0, 1, 2]);
  });

  it('leaves no gap where the disk is full in the middle', async () => {
    const store = new FakeStore();
    const { put } = store;
    store.put = (index, bytes) => (index === 1 ? rejects() : put(index, bytes));
    const { loaded } = load(store);
    expect((await loaded).isKept).toBe(false);
    expect(store.pieces.length).toBe(1);
  });

  it('works without a store', async () => {
    const { loaded } = load(null);
    expect(isFile(await loaded)).toBe(true);
    expect((await loaded).isKept).toBe(false);
  });

  it('keeps the pieces of a file that was cut', async () => {
    const store = new FakeStore();
    const ask = async (from: number, to: number) => {
      if (from > 0) throw new LoadFailure('cut');
      return file.slice(from, to);
    };
    const loaded = loadWeights(weights, { store, ask, digest: sha256Of, onProgress: () => {} });
    await expect(loaded).rejects.toMatchObject({ reason: 'cut' });
    expect(load(store).asked).toEqual([]);
    const rest = load(store);
    await rest.loaded;
    expect(rest.asked).toEqual([1, 2]);
  });
});

describe('fileStore', () => {
  it('counts whole pieces only, and the last one by the length of the file', async () => {
    let content = new Uint8Array(0);
    const handle = {
      getSize: () => content.length,
      read: (bytes: Uint8Array, { at }: { readonly at: number }) => {
        const part = content.subarray(at, at + bytes.length);
        bytes.set(part);
        return part.length;
      },
      write: (bytes: Uint8Array, { at }: { readonly at: number }) => {
        const longer = new Uint8Array(Math.max(content.length, at + bytes.length));
        longer.set(content);
        longer.set(bytes, at);
        content = longer;
        return bytes.length;
      },
      truncate: (size: number) => {
        content = content.slice(0, size);
      },
      flush: () => {},
      close: () => {},
    };
    const store = fileStore(handle, file.length);
    await load(store).loaded;
    expect(await store.count()).toBe(3);
    handle.truncate(file.length - 1);
    expect(await store.count()).toBe(2);
    handle.truncate(pieceBytes - 1);
    expect(await store.count()).toBe(0);
    expect(isFile(await load(store).loaded)).toBe(true);
    handle.write = () => 0;
    await store.clear();
    expect((await load(store).loaded).isKept).toBe(false);
  });
});

describe('askPiece', () => {
  const bytes = file.slice(0, 10);
  const part = (): Response => new Response(bytes, { status: 206 });

  /** @param answers in turn; the last one again and again */
  function asking(...answers: readonly (() => Response | Promise<Response>)[]) {
    const sleeps: number[] = [];
    const headers: Readonly<Record<string, string>>[] = [];
    const ports: AskPorts = {
      async fetch(_url, init) {
        headers.push(init.headers);
        return (answers[Math.min(headers.length, answers.length) - 1] as () => Response)();
      },
      sleep: async (ms) => void sleeps.push(ms),
    };
    return { piece: askPiece('/weights/x', 20, 30, 'secret', ports), sleeps, headers };
  }

  it('asks for a range with the key', async () => {
    const { piece, headers } = asking(part);
    expect(await piece).toEqual(bytes);
    expect(headers).toEqual([{ range: 'bytes=20-29', authorization: 'Bearer secret' }]);
  });

  it('asks again after a lost connection, a short answer and one that is no part', async () => {
    const short = () => new Response(bytes.slice(0, 3), { status: 206 });
    const { piece, sleeps } = asking(rejects, short, () => new Response('all of it'), part);
    expect(await piece).toEqual(bytes);
    expect(sleeps).toEqual([500, 1000, 2000]);
  });

  it('waits as long as the edge says', async () => {
    const later = () => new Response('', { status: 429, headers: { 'retry-after': '7' } });
    const { piece, sleeps } = asking(later, later, part);
    expect(await piece).toEqual(bytes);
    expect(sleeps).toEqual([7000, 7000]);
  });

  it.each([401, 403, 404])('is refused by status %i at once', async (status) => {
    const { piece, sleeps } = asking(() => new Response('', { status }));
    await expect(piece).rejects.toMatchObject({ reason: 'refused' });
    expect(sleeps).toEqual([]);
  });

  it('gives a lost file up in the end', async () => {
    const { piece, sleeps } = asking(rejects);
    await expect(piece).rejects.toMatchObject({ reason: 'cut' });
    expect(sleeps.length).toBe(5);
  });
});
