// The first line of a trace file: JSON about the origin of its sessions.

import { badArgument, OutriderError } from '../../src/core/basics/errors.ts';
import { type Sampling, validateSampling } from '../../src/core/decoding/sampling.ts';
import type { TraceHeader, TraceModel } from './trace.ts';

/** Files of version 1 hold no runners-up. */
const versions: readonly number[] = [1, 2];
const format = 'outrider-trace';

export function brokenTrace(cause: string): OutriderError {
  return badArgument(`the trace is broken: ${cause}`, 'get it again, or record it again');
}

/** Without the line's end. */
export function writeTraceHeader(header: TraceHeader): string {
  const { sampling, hasRunnerUps, ...rest } = header;
  return JSON.stringify({
    format,
    version: hasRunnerUps ? 2 : 1,
    ...rest,
    sampling: { ...sampling, seed: `${sampling.seed}` },
  });
}

/** @throws OutriderError `bad-argument`; `version-mismatch` for a trace of another version */
export function parseTraceHeader(line: string): TraceHeader {
  const fields = parseFields(line);
  const { version } = fields;
  if (!versions.includes(version as number)) {
    const isNewer = typeof version === 'number' && version > Math.max(...versions);
    const cause = `the trace has version ${JSON.stringify(version)}, this outrider reads ${versions.join(' and ')}`;
    throw new OutriderError('version-mismatch', cause, isNewer ? 'install a newer outrider' : 'record it again');
  }
  const header = {
    target: modelOf(fields, 'target'),
    draft: modelOf(fields, 'draft'),
    tokenizerHash: textOf(fields, 'tokenizerHash'),
    vocabularySize: wholeOf(fields, 'vocabularySize', 1),
    endIds: idsOf(fields),
    sampling: samplingOf(fields),
    answerTokens: wholeOf(fields, 'answerTokens', 1),
    wrongDepth: wholeOf(fields, 'wrongDepth', 1),
    hasRunnerUps: version === 2,
    source: textOf(fields, 'source'),
    licence: textOf(fields, 'licence'),
  };
  if (!/^[0-9a-f]{64}$/.test(header.tokenizerHash)) throw brokenTrace('"tokenizerHash" is not 64 hex digits');
  if (header.endIds.some((id) => id >= header.vocabularySize)) throw brokenTrace('an end id beyond the vocabulary');
  validateSampling(header.sampling, header.vocabularySize);
  return header;
}

type Fields = Readonly<Record<string, unknown>>;

function parseFields(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = null;
  }
  if (isFields(value) && value['format'] === format) return value;
  throw badArgument(
    'this is not a trace: its first line is not the JSON of one',
    'give a file that "outrider trace record" has written',
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw brokenTrace(`"${name}" in its header is not a text`);
}

function wholeOf(fields: Fields, name: string, least: number): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw brokenTrace(`"${name}" in its header is not a whole number from ${least}`);
}

function modelOf(fields: Fields, role: string): TraceModel {
  const value = fields[role];
  if (!isFields(value)) throw brokenTrace(`"${role}" in its header is missing`);
  return { name: textOf(value, 'name'), fingerprint: textOf(value, 'fingerprint') };
}

function idsOf(fields: Fields): number[] {
  const { endIds } = fields;
  if (Array.isArray(endIds) && endIds.every((id) => Number.isSafeInteger(id) && id >= 0)) return endIds as number[];
  throw brokenTrace('"endIds" in its header are no ids');
}

function samplingOf(fields: Fields): Sampling {
  const { sampling } = fields;
  if (!isFields(sampling)) throw brokenTrace('"sampling" in its header is missing');
  const number = (name: string): number => {
    const value = sampling[name];
    if (typeof value === 'number') return value;
    throw brokenTrace(`"sampling.${name}" in its header is not a number`);
  };
  const seed = textOf(sampling, 'seed');
  if (!/^\d{1,20}$/.test(seed)) throw brokenTrace('"sampling.seed" in its header is not a decimal text');
  return {
    temperature: number('temperature'),
    topK: number('topK'),
    topP: number('topP'),
    minP: number('minP'),
    presencePenalty: number('presencePenalty'),
    frequencyPenalty: number('frequencyPenalty'),
    repetitionPenalty: number('repetitionPenalty'),
    logitBias: biasOf(sampling),
    seed: BigInt(seed),
  };
}

function biasOf({ logitBias }: Fields): Sampling['logitBias'] {
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every((value) => typeof value === 'number');
  if (Array.isArray(logitBias) && logitBias.every(isPair)) return logitBias as [number, number][];
  throw brokenTrace('"sampling.logitBias" in its header are no pairs of id and bias');
}
