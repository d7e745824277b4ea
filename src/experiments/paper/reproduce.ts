// `outrider reproduce`: the paper's figures, here. Which parts there are, what each needs, and how a run goes; what they measure is theirs.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../../files/document.ts';
import { makeDirectory } from '../../files/make-directory.ts';
import { checkRenderers } from '../../files/render-figure.ts';
import { readTrace } from '../../files/trace-files.ts';
import { claimRow, claimSummary } from '../../laboratory/claim.ts';
import type { Trace } from '../../traces/trace.ts';
import { type Part, runPart } from '../experiment.ts';
import { accuracyPart } from './accuracy.ts';
import { fig2Part } from './fig2.ts';
import { fig5Part, fig5Policies } from './fig5.ts';
import { fig6Part, fig6Policies } from './fig6.ts';
import { findPolicies } from './interpretations.ts';
import { sensitivityPart } from './sensitivity.ts';
import type { Size } from './sizes.ts';
import { type ConcludedPart, pageOf, writePart } from './write-output.ts';

export const figureNames = ['fig2', 'fig5', 'fig6', 'accuracy', 'sensitivity'] as const;
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
const learnedPolicies = ['tma-masac', 'masac-association'];

/** @throws OutriderError `bad-argument` when the directory holds another run */
export async function reproduce(options: ReproduceOptions): Promise<Result> {
  const { figures, size, directory, drawsPictures, onProgress } = options;
  if (drawsPictures) await checkRenderers();
  makeDirectory(directory);
  const done: ConcludedPart[] = [];
  for (const figure of figures) {
    const part = await partsOf[figure](options);
    const conclusion = await runPart(part, join(directory, `${part.name}.progress.jsonl`), onProgress);
    await writePart(directory, { part, conclusion }, drawsPictures);
    done.push({ part, conclusion });
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

const partsOf: Readonly<Record<FigureName, (options: ReproduceOptions) => Promise<Part>>> = {
  fig2: async ({ size, tracePath }) => fig2Part(size, ...traceOf(tracePath)),
  fig5: async ({ size }) => fig5Part(size, await findPolicies(fig5Policies, learnedPolicies)),
  fig6: async ({ size }) => fig6Part(size, await findPolicies(fig6Policies, learnedPolicies)),
  accuracy: async ({ size }) => accuracyPart(size),
  sensitivity: async ({ size, tracePath }) => sensitivityPart(size, ...traceOf(tracePath)),
};

/** With its SHA-256. */
function traceOf(path: string | null): [trace: Trace | null, sha256: string | null] {
  if (path === null) return [null, null];
  const trace = readTrace(path);
  return [trace, createHash('sha256').update(readFileSync(path)).digest('hex')];
}
