// `outrider reproduce`: the paper's figures, here. Which parts there are, what each needs, and how a run goes; what they measure is theirs.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from './document.ts';
import { checkRenderers } from './figure-render.ts';
import { claimRow, claimSummary } from './reproduce-claim.ts';
import { fig2Part } from './reproduce-fig2.ts';
import { fig5Part, fig5Policies } from './reproduce-fig5.ts';
import { fig6Part, fig6Policies } from './reproduce-fig6.ts';
import { type ConcludedPart, makeDirectory, pageOf, writePart } from './reproduce-output.ts';
import { type Part, runPart } from './reproduce-part.ts';
import type { Size } from './reproduce-sizes.ts';
import { findPolicies } from './reproduce-slots.ts';
import { readTrace } from './trace-files.ts';

export const figureNames = ['fig2', 'fig5', 'fig6'] as const;
export type FigureName = (typeof figureNames)[number];

export interface ReproduceOptions {
  readonly figures: readonly FigureName[];
  readonly size: Size;
  /** Where data, pictures and pages go, and what is finished is kept. */
  readonly directory: string;
  readonly drawsPictures: boolean;
  /** Acceptance traces for Fig. 2; null: drafts are drawn. */
  readonly tracePath: string | null;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

/** Learned policies, which need weights; taken where they are there. */
const learnedPolicies = ['tma-masac'];

/** @throws OutriderError `bad-argument` when the directory holds another run */
export async function reproduce(options: ReproduceOptions): Promise<Result> {
  const { figures, size, directory, drawsPictures, onProgress } = options;
  if (drawsPictures) await checkRenderers();
  await makeDirectory(directory);
  const done: ConcludedPart[] = [];
  for (const figure of figures) {
    for (const part of await partsOf[figure](options)) {
      const conclusion = await runPart(part, join(directory, `${part.name}.progress.jsonl`), onProgress);
      await writePart(directory, { part, conclusion }, drawsPictures);
      done.push({ part, conclusion });
    }
  }
  if (done.length > 1) await writeFile(join(directory, 'all.md'), pageOf(done, drawsPictures));
  const claims = done.flatMap(({ conclusion }) => conclusion.claims);
  const { name, ...params } = size;
  return {
    rows: claims.map(claimRow),
    summary: { ...claimSummary(claims), claims: claims.length, held: claims.filter(({ holds }) => holds).length },
    params: { figures, size: name, ...params },
  };
}

const partsOf: Readonly<Record<FigureName, (options: ReproduceOptions) => Promise<Part[]>>> = {
  fig2: async ({ size, tracePath }) => {
    if (tracePath === null) return [fig2Part(size, null, null)];
    const sha256 = createHash('sha256').update(readFileSync(tracePath)).digest('hex');
    return [fig2Part(size, readTrace(tracePath), sha256)];
  },
  fig5: async ({ size }) => [fig5Part(size, await findPolicies(fig5Policies, learnedPolicies))],
  fig6: async ({ size }) => [fig6Part(size, await findPolicies(fig6Policies, learnedPolicies))],
};
