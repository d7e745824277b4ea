// The traces that the bench of drafts reads: recorded once for each draft, sampling and set of prompts, or given.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type RecordOptions, recordTrace } from '../../../simulator/commands/trace/record.ts';
import type { PromptFile } from '../../../simulator/files/prompt-files.ts';
import { readTrace } from '../../../simulator/files/trace-files.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { makeDirectory } from '../../../src/files/make-directory.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { demandComparable, isGreedy } from './comparable.ts';

/** The traces of a draft: at temperature 0, and at 0.8 with the shared noise. */
export interface DraftTraces {
  readonly greedy: Trace;
  readonly sampled?: Trace | undefined;
}

export const samplings: Readonly<Record<keyof DraftTraces, Sampling>> = {
  greedy: neutralSampling,
  sampled: { ...neutralSampling, temperature: 0.8, seed: 20_261_124n },
};

export interface RecordSettings extends Pick<RecordOptions, 'tokens' | 'modelLicence' | 'onProgress'> {
  readonly directory: string;
  /** A trace of another draft: its answers are the same ones and are not written again. */
  readonly known?: DraftTraces | undefined;
}

const wrongDepth = 8;

/** Reads the kept traces and records the others; continues an interrupted recording. */
export async function recordTraces(
  target: LanguageModel,
  draft: LanguageModel,
  prompts: PromptFile,
  settings: RecordSettings,
): Promise<DraftTraces> {
  const { name, fingerprint } = draft.identity;
  const models = [target.identity.fingerprint, fingerprint];
  const parts = [...models, settings.tokens, wrongDepth, JSON.stringify(prompts.prompts)];
  const mark = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
  const record = async (kind: keyof DraftTraces): Promise<Trace> => {
    const sampling = samplings[kind];
    const out = join(settings.directory, `${name.replaceAll(/[^\w.-]/g, '_')}-${kind}-${mark}.trace`);
    if (!existsSync(out)) {
      makeDirectory(settings.directory);
      const { tokens, modelLicence, known } = settings;
      const onProgress: RecordOptions['onProgress'] = (_, done, total) =>
        settings.onProgress?.(`${name}, ${kind}: tokens at most`, done, total);
      const made = { out, sampling, tokens, wrongDepth, modelLicence, onProgress, known: known?.[kind] };
      await recordTrace(target, draft, prompts, made);
    }
    return readTrace(out);
  };
  return { greedy: await record('greedy'), sampled: await record('sampled') };
}

/**
 * Recorded traces by the name of their draft.
 * @throws OutriderError `bad-argument` for a draft without one at temperature 0, and for traces that can't share a table
 */
export function readTraces(paths: readonly string[]): Map<string, DraftTraces> {
  const traces = paths.map(readTrace);
  demandComparable(traces);
  const byDraft = Map.groupBy(traces, ({ header }) => header.draft.name);
  return new Map(
    [...byDraft].map(([name, own]) => {
      const greedy = own.find(({ header }) => isGreedy(header));
      if (greedy !== undefined) return [name, { greedy, sampled: own.find(({ header }) => !isGreedy(header)) }];
      throw badArgument(`there is no trace of ${name} at temperature 0`, 'give one of each draft, or --prompts');
    }),
  );
}
