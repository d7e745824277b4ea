// Stores the found shape law of an engine in the cache, with everything on which it can depend, so a model is searched once on a
// machine. A file that is unreadable, or was written for anything else, counts as unknown.

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { candidateLaws, type LawSearch, smallestLimit } from '../exactness/shape-law-search.ts';
import { hashText, lawDirectory } from '../files/cache.ts';

/** The law with its layout of weights, and the times of calls: of that layout, and of the engine without a law. */
export interface LawFinding extends LawSearch {
  readonly weights: 'repacked' | 'plain';
  readonly nativeTimes: LawSearch['callTimes'];
}

/** `recipe`: the inputs of the bits; `size`: values on which bits should not depend. */
export interface LawKey {
  readonly recipe: object;
  readonly size: object;
}

const times = z.array(z.object({ rows: z.number(), ms: z.number() }));
const record = z.object({
  format: z.literal('outrider-shape-law-1'),
  recipe: z.string(),
  size: z.string(),
  finding: z.object({
    weights: z.enum(['repacked', 'plain']),
    // Only a law that a search can find: other laws in a file are refused.
    law: z
      .object({ multiple: z.int(), least: z.int(), most: z.int(), merges: z.boolean() })
      .refine((law) =>
        candidateLaws(2, Math.max(smallestLimit, law.most)).some((known) => isDeepStrictEqual(known, law)),
      )
      .nullable(),
    callTimes: times,
    nativeTimes: times,
    comparisons: z.number(),
    failed: z.array(z.object({ law: z.string(), history: z.string() })),
  }),
});

export class LawMemory {
  readonly #directory: string;
  readonly #recipe: string;
  readonly #size: string;

  constructor(cacheDirectory: string, { recipe, size }: LawKey) {
    this.#directory = lawDirectory(cacheDirectory);
    this.#recipe = JSON.stringify(recipe);
    this.#size = JSON.stringify(size);
  }

  /** The result for exactly this key. */
  async recall(): Promise<LawFinding | null> {
    const read = await this.#read(this.#fileName());
    return read !== null && read.size === this.#size ? read.finding : null;
  }

  /** The result for the same engine with another number of sequences or tokens. */
  async recallNear(): Promise<LawFinding | null> {
    const names = await readdir(this.#directory).catch(() => []);
    for (const name of names.filter((one) => one.startsWith(`${shortHash(this.#recipe)}-`)).sort()) {
      const read = await this.#read(name);
      if (read !== null && read.finding.law !== null) return read.finding;
    }
    return null;
  }

  /** A failure to store it costs time later and is no error. */
  async remember(finding: LawFinding): Promise<void> {
    const path = join(this.#directory, this.#fileName());
    const unfinished = `${path}.${process.pid}`;
    const written = { format: 'outrider-shape-law-1', recipe: this.#recipe, size: this.#size, finding };
    try {
      await mkdir(this.#directory, { recursive: true });
      await writeFile(unfinished, JSON.stringify(written));
      await rename(unfinished, path);
    } catch {
      await rm(unfinished, { force: true }).catch(() => undefined);
    }
  }

  #fileName(): string {
    return `${shortHash(this.#recipe)}-${shortHash(this.#size)}.json`;
  }

  async #read(name: string) {
    try {
      const read = record.parse(JSON.parse(await readFile(join(this.#directory, name), 'utf8')));
      return read.recipe === this.#recipe ? read : null;
    } catch {
      return null;
    }
  }
}

function shortHash(text: string): string {
  return hashText(text).slice(0, 24);
}
