// The first line of a trace file: JSON about the origin of its sessions.

import { z } from 'zod';
import { badArgument, OutriderError } from '../../src/core/basics/errors.ts';
import { type Sampling, validateSampling } from '../../src/core/decoding/sampling.ts';
import type { TraceHeader } from './trace.ts';

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

const isId = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isBias = (pair: unknown): boolean =>
  Array.isArray(pair) && pair.length === 2 && pair.every((value) => typeof value === 'number');
const listOf = (isEntry: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(isEntry);

const fault = (name: string, what: string) => ({ error: `"${name}" in its header ${what}` });
const text = (name: string) => z.string(fault(name, 'is not a text'));
const number = (name: string) => z.number(fault(`sampling.${name}`, 'is not a number'));
const wholeRange = 'is not a whole number from 1';
const whole = (name: string) => z.int(fault(name, wholeRange)).min(1, fault(name, wholeRange));
const model = (role: string) =>
  z.object({ name: text('name'), fingerprint: text('fingerprint') }, fault(role, 'is missing'));

const samplingSchema = z.object(
  {
    temperature: number('temperature'),
    topK: number('topK'),
    topP: number('topP'),
    minP: number('minP'),
    presencePenalty: number('presencePenalty'),
    frequencyPenalty: number('frequencyPenalty'),
    repetitionPenalty: number('repetitionPenalty'),
    logitBias: z.custom<Sampling['logitBias']>(
      listOf(isBias),
      fault('sampling.logitBias', 'are no pairs of id and bias'),
    ),
    seed: text('seed')
      .regex(/^\d{1,20}$/, fault('sampling.seed', 'is not a decimal text'))
      .transform((seed) => BigInt(seed)),
  },
  fault('sampling', 'is missing'),
);

const headerSchema = z.object({
  target: model('target'),
  draft: model('draft'),
  tokenizerHash: text('tokenizerHash'),
  vocabularySize: whole('vocabularySize'),
  endIds: z.custom<number[]>(listOf(isId), fault('endIds', 'are no ids')),
  sampling: samplingSchema,
  answerTokens: whole('answerTokens'),
  wrongDepth: whole('wrongDepth'),
  source: text('source'),
  licence: text('licence'),
});

/** @throws OutriderError `bad-argument`; `version-mismatch` for a trace of another version */
export function parseTraceHeader(line: string): TraceHeader {
  const fields = parseFields(line);
  const { version } = fields;
  if (!versions.includes(version as number)) {
    const isNewer = typeof version === 'number' && version > Math.max(...versions);
    const cause = `the trace has version ${JSON.stringify(version)}, this outrider reads ${versions.join(' and ')}`;
    throw new OutriderError('version-mismatch', cause, isNewer ? 'install a newer outrider' : 'record it again');
  }
  const parsed = headerSchema.safeParse(fields);
  if (!parsed.success) throw brokenTrace(parsed.error.issues[0]?.message ?? 'its header');
  const header = { ...parsed.data, hasRunnerUps: version === 2 };
  if (!/^[0-9a-f]{64}$/.test(header.tokenizerHash)) throw brokenTrace('"tokenizerHash" is not 64 hex digits');
  if (header.endIds.some((id) => id >= header.vocabularySize)) throw brokenTrace('an end id beyond the vocabulary');
  validateSampling(header.sampling, header.vocabularySize);
  return header;
}

function parseFields(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = null;
  }
  const fields = Object(value) as Readonly<Record<string, unknown>>;
  if (fields['format'] === format) return fields;
  const remedy = 'give a file that "outrider trace record" has written';
  throw badArgument('this is not a trace: its first line is not the JSON of one', remedy);
}
