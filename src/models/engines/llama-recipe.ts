// What the bits of a llama.cpp model depend on, besides the shapes of its calls: the content of fingerprints, and the key under which a found
// shape law is stored.

import { cpus } from 'node:os';
import type { LlamaEngine } from './llama-engine.ts';
import { batchTokens } from './llama-model.ts';
import type { LawKey } from './shape-law-memory.ts';

/** One model on one engine. */
export interface RecipeParts {
  readonly engine: Pick<LlamaEngine, 'version' | 'build' | 'backend' | 'repacking'> & {
    readonly llama: { readonly gpu: LlamaEngine['llama']['gpu'] };
  };
  readonly sha256: string;
  readonly threads: number;
}

/** Raised whenever more is compared: results of an earlier search are then searched again. */
export const searchVersion = 4;

export function recipeOf({ engine, sha256, threads }: RecipeParts): object {
  const processor = cpus()[0]?.model.trim() ?? '';
  return {
    model: sha256,
    engine: engine.version,
    build: engine.build,
    backend: engine.backend,
    ...(engine.llama.gpu === false ? {} : { gpu: engine.llama.gpu }),
    processor,
    threads,
    flashAttention: true,
    keyValueType: 'f16',
  };
}

/** The key holds more than the fingerprint: a law is searched again where anything else differs. */
export function lawKeyOf(
  parts: RecipeParts,
  size: { readonly sequences: number; readonly contextLength: number },
): LawKey {
  const recipe = {
    ...recipeOf(parts),
    searchVersion,
    batchTokens,
    canSwitchRepacking: parts.engine.repacking !== null,
  };
  return { recipe, size };
}

/** The split of layers between processor and graphics card changes from day to day, so there a law is searched each time. */
export function remembersLaws({ engine }: RecipeParts): boolean {
  return engine.llama.gpu === false;
}
