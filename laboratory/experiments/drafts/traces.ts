// The traces that the bench of drafts reads: recorded once for each draft, sampling and set of prompts, or given; whether they may share a table,
// and belong to the models whose cost is used with them.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type RecordOptions, recordTrace } from '../../../simulator/commands/trace/record.ts';
import type { PromptFile } from '../../../simulator/files/prompt-files.ts';
import { readTrace } from '../../../simulator/files/trace-files.ts';
import type { Trace, TraceHeader, TraceModel } from '../../../simulator/traces/trace.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { makeDirectory } from '../../../src/files/make-directory.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { findModel } from '../../../src/models/files/manifest.ts';
import type { LanguageModel, ModelIdentity } from '../../../src/models/port/model.ts';

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

/** A model by its given name, and as it was opened. */
export interface NamedModel {
  /** A name in the manifest, or a path. */
  readonly spec: string;
  readonly identity: ModelIdentity;
}

/** One trace of each draft, and the same prompts and settings in all; at temperature 0 and above it. @throws OutriderError `bad-argument` */
function demandComparable(traces: readonly Trace[]): void {
  for (const [index, trace] of traces.entries()) {
    const { draft } = trace.header;
    const before = traces.slice(0, index).filter(({ header }) => isGreedy(header) === isGreedy(trace.header));
    const kind = isGreedy(trace.header) ? 'at temperature 0' : 'above temperature 0';
    if (before.some(({ header }) => header.draft.name === draft.name))
      throw badArgument(`two traces are of ${draft.name} ${kind}`, 'give one of them');
    const first = before[0];
    if (first === undefined) continue;
    const names = `the traces of ${first.header.draft.name} and ${draft.name} ${kind}`;
    if (!isDeepStrictEqual(settingsOf(first.header), settingsOf(trace.header)))
      throw badArgument(`${names} differ in sampling or in the length of answers`, 'record them with the same flags');
    if (!isDeepStrictEqual(first.sessions.map(promptOf), trace.sessions.map(promptOf)))
      throw badArgument(`${names} are of different prompts`, 'record them of the same prompts, or bench them apart');
  }
}

function isGreedy({ sampling }: TraceHeader): boolean {
  return sampling.temperature === 0;
}

/** Settings without the seed at temperature 0, where it has no effect. */
function settingsOf({ sampling, answerTokens }: TraceHeader): object {
  return { ...sampling, answerTokens, ...(sampling.temperature === 0 ? { seed: null } : {}) };
}

function promptOf({ id, task, prompt }: Trace['sessions'][number]): object {
  return { id, task, prompt };
}

/**
 * A fingerprint holds for a processor and an engine as well. So a trace of another machine is recognised by the file's hash, if the
 * manifest has it under the name in the trace; where the target's fingerprint is the same, the draft's must be.
 * @throws OutriderError `bad-argument` for a trace of another target or draft
 */
export async function demandModels(target: NamedModel, draft: NamedModel, traces: readonly Trace[]): Promise<void> {
  for (const { header } of traces) {
    const isSameEngine = header.target.fingerprint === target.identity.fingerprint;
    if (!isSameEngine && !(await isInManifest(target.spec, header.target)))
      throw badArgument(
        `the trace of ${header.draft.name} is of another ${differing(header.target, target)}`,
        targetRemedy,
      );
    if (header.draft.fingerprint === draft.identity.fingerprint) continue;
    const cause = `the trace of ${header.draft.name} is of another file of that name`;
    if (isSameEngine) throw badArgument(cause, draftRemedy);
    if (!(await isInManifest(draft.spec, header.draft)))
      throw badArgument(`${cause}, or from another machine`, draftRemedy);
  }
}

const targetRemedy = 'give its own --target, or record one of this target here: --prompts';
const draftRemedy = 'record it here, with one thread: "outrider trace record", or --prompts';

function differing(traced: TraceModel, { identity }: NamedModel): string {
  return traced.name === identity.name
    ? `target of the name ${traced.name}, or from another machine`
    : `target: ${traced.name}, not ${identity.name}`;
}

/** Whether the file of `spec` has the hash that the manifest gives for the name in the trace; a toy has no file. */
async function isInManifest(spec: string, { name }: TraceModel): Promise<boolean> {
  const entry = findModel(name);
  if (entry === undefined) return false;
  const file = await acquireModel(spec).catch(() => null);
  return file?.sha256 === entry.sha256;
}
