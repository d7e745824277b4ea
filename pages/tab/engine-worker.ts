// The worker of a tab's engine: loads and checks the weights, and evaluates. It blocks while it computes, so nothing else runs in it.

import { isOutriderError } from '../../src/core/basics/errors.ts';
import { Sha256 } from '../../src/core/basics/sha256.ts';
import { wasmKernelName } from '../../src/models/engines/wasm/kernel.ts';
import { openWasmModel } from '../../src/models/engines/wasm/wasm-model.ts';
import type { LanguageModel, ModelSequence } from '../../src/models/port/model.ts';
import { askPiece } from './ask-piece.ts';
import { LoadFailure, loadWeights } from './load-weights.ts';
import { openPieceStore } from './piece-stores.ts';
import type { EvaluateOrder, FromEngine, LoadOrder, LookUpReason, ToEngine } from './tab-messages.ts';

const post = (message: FromEngine): void => postMessage(message);

/** The text, and an alternative beside it. */
const sequenceCount = 2;
/** Keys and values take memory, and a draft of longer texts is no better. */
const contextLength = 2048;

let model: LanguageModel | undefined;
let sequences: readonly ModelSequence[] = [];

async function load({ edge, key, weights }: LoadOrder): Promise<void> {
  const store = await openPieceStore(weights.sha256, weights.bytes);
  const url = `${edge}/weights/${weights.sha256}`;
  const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));
  try {
    const { bytes, isKept } = await loadWeights(weights, {
      store,
      ask: (from, to) =>
        askPiece(url, from, to, key, {
          // What is kept is kept once.
          fetch: (address, init) => fetch(address, { ...init, cache: 'no-store' }),
          sleep,
        }),
      digest: sha256Of,
      onProgress: (loadedBytes) => post({ kind: 'progress', loadedBytes }),
    });
    const kernel = await (await fetch(new URL(`./kernel-${wasmKernelName()}.wasm`, import.meta.url))).arrayBuffer();
    const opened = await openWasmModel({ file: bytes, kernel, sequences: sequenceCount, contextLength });
    sequences = Array.from({ length: sequenceCount }, () => opened.openSequence());
    model = opened;
    const { maxItemTokens, maxSequences, contextLength: most } = opened.limits;
    post({ kind: 'loaded', isKept, limits: { contextLength: most, maxItemTokens, maxSequences } });
  } finally {
    store?.close();
  }
}

/** The browser's own is faster; a page from http:// in a LAN has none. */
async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (typeof crypto.subtle === 'undefined') return new Sha256().update(bytes).hex();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function evaluate({ id, items }: EvaluateOrder): Promise<void> {
  try {
    const asked = items.map(({ sequence, tokens, rows }) => ({
      sequence: sequences[sequence] as ModelSequence,
      tokens,
      rows,
    }));
    for (const { sequence, from } of items) await sequences[sequence]?.truncate(from);
    const rows = (await model?.evaluate(asked)) ?? [];
    post({ kind: 'rows', id, rows });
  } catch (error) {
    post({ kind: 'fault', id, message: String(error) });
  }
}

function reasonOf(error: unknown): LookUpReason {
  if (error instanceof LoadFailure) return error.reason;
  if (!isOutriderError(error)) return 'engine-failed';
  if (error.code === 'memory-full') return 'no-memory';
  return error.code === 'engine-missing' ? 'no-simd' : 'engine-failed';
}

/** One order after the other. */
let last: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToEngine>) => {
  last = last.then(async () => {
    if (data.kind === 'load') await load(data).catch((error) => post({ kind: 'not-loaded', reason: reasonOf(error) }));
    else if (data.kind === 'evaluate') await evaluate(data);
    else await sequences[data.to]?.copyFrom?.(sequences[data.from] as ModelSequence, data.length);
  });
};
