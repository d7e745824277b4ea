// The exactness trial on copies of one model in several weight formats: each is made, tried and deleted.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOutriderError } from '../basics/errors.ts';
import { acquireModel } from '../models/acquire.ts';
import { recodeModel } from '../models/recode.ts';
import type { WeightFormatName } from '../models/weight-formats.ts';
import type { Result } from './document.ts';
import { type ExactnessOptions, trialExactness } from './trial-exactness.ts';

/** A format for which no shape law holds counts as refused and not as wrong: nothing was promised. */
export async function trialFormats(formats: readonly WeightFormatName[], options: ExactnessOptions): Promise<Result> {
  const { path: source } = await acquireModel(options.target);
  const folder = await mkdtemp(join(tmpdir(), 'outrider-formats-'));
  try {
    const results: { format: string; result: Result | null }[] = [];
    for (const format of formats) {
      const path = join(folder, `${format}.gguf`);
      const report = (label: string, done: number, total: number): void =>
        options.onProgress?.(`${format}, ${label}`, done, total);
      await recodeModel(source, path, format, {
        onProgress: (done, total) => report('written', done, total ?? done),
      });
      results.push({ format, result: await tryOne({ ...options, target: path, onProgress: report }) });
      await rm(path);
    }
    return merge(results, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tryOne(options: ExactnessOptions): Promise<Result | null> {
  try {
    return await trialExactness(options);
  } catch (error) {
    if (isOutriderError(error) && error.code === 'exact-refused') return null;
    throw error;
  }
}

/** Counts are added up; of the longest accepted run the largest is taken. */
function merge(results: readonly { format: string; result: Result | null }[], options: ExactnessOptions): Result {
  const summary: Record<string, number> = { formats: results.length, refused: 0 };
  const laws: Record<string, unknown> = {};
  const rows: object[] = [];
  for (const { format, result } of results) {
    if (result === null) {
      summary['refused'] = (summary['refused'] ?? 0) + 1;
      laws[format] = 'exact is refused';
      continue;
    }
    laws[format] = (result.params as { readonly description?: string } | undefined)?.description;
    rows.push(...result.rows.map((row) => ({ format, ...(row as object) })));
    for (const [name, value] of Object.entries(result.summary)) {
      if (typeof value !== 'number') continue;
      const known = summary[name] ?? 0;
      summary[name] = name === 'longestAccepted' ? Math.max(known, value) : known + value;
    }
  }
  const { onProgress: _progress, ...params } = options;
  return {
    rows,
    summary,
    params: { ...params, laws },
    ...(results[0]?.result?.seed === undefined ? {} : { seed: results[0].result.seed }),
  };
}
