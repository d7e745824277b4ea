// Writes a planned GGUF file in pieces and computes its hash. The caller provides the pieces.

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { GgufPlan } from './write.ts';

export interface RewriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each written piece. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

export interface RewrittenFile {
  readonly byteLength: number;
  /** SHA-256 of the whole file; hex. */
  readonly sha256: string;
}

/**
 * `piecesOf(index)`: the bytes of the plan's tensor `index`, in order; this function adds the padding. An abort leaves an
 * unfinished file.
 */
export async function rewriteGguf(
  destination: string,
  plan: GgufPlan,
  piecesOf: (index: number) => AsyncIterable<Uint8Array>,
  { signal, onProgress }: RewriteOptions,
): Promise<RewrittenFile> {
  await using to = await open(destination, 'w');
  const hash = createHash('sha256');
  let doneBytes = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    signal?.throwIfAborted();
    hash.update(bytes);
    await to.writeFile(bytes);
    doneBytes += bytes.length;
    onProgress?.(doneBytes, plan.fileBytes);
  };
  await append(plan.header);
  for (const index of plan.positions.keys()) {
    for await (const piece of piecesOf(index)) await append(piece);
    const end = plan.positions[index + 1] ?? plan.fileBytes;
    if (end > doneBytes) await append(new Uint8Array(end - doneBytes));
  }
  return { byteLength: doneBytes, sha256: hash.digest('hex') };
}
