// Limits of a request: its body by the context of the model, its lists by their counts, its fields by the protocol. A refusal names the
// field.

import { limits } from '../../core/protocol/wire/limits.ts';
import { ApiError, invalid } from './api-error.ts';
import type { Completer, CompletionRequest } from './completion-port.ts';
import { mostPredicted } from './predicted-ids.ts';
import { maxTools } from './tools.ts';

export const maxChoices: number = 16;

export interface BodyLimits {
  readonly bytes: number;
  /** Brackets and separators, as {@link BodyScan.values} counts them. */
  readonly values: number;
}

/**
 * Bytes of JSON for a token: a token of four letters takes so many where each is written as \\uXXXX, as Python does with all that are not
 * ASCII. English takes 4 or 5.
 */
const bytesPerToken = 24;
/** Bytes beside the prompt: for schemas and metadata, and for prompts that are too long, so that the error can state by how much. */
const roomBytes = 262_144;
/** Bytes of a token of a prediction, most of whose characters are written as one. */
const bytesPerPredicted = 2;
/** A list of token ids has a value for each, a message five. */
const roomValues = 32_768;
const valuesPerToken = 4;
/** Clients send twenty at most. */
const mostFields = 128;

type Context = Pick<Completer, 'contextTokens'>;

/** @param path of the route */
export function bodyLimitsOf(path: string, { contextTokens = limits.textTokens }: Context): BodyLimits {
  const prediction = path.endsWith('/chat/completions') ? bytesPerPredicted * mostPredicted : 0;
  return {
    bytes: roomBytes + bytesPerToken * contextTokens + prediction,
    values: roomValues + valuesPerToken * contextTokens,
  };
}

/** Checks counts alone, before any schema walks through what is counted. @param body of any route @throws ApiError 400 */
export function demandCounts(body: unknown, { contextTokens = limits.textTokens }: Context): void {
  if (typeof body !== 'object' || body === null) return;
  const fields = body as Readonly<Record<string, unknown>>;
  const count = Object.keys(fields).length;
  if (count > mostFields)
    throw new ApiError(400, 'invalid_value', `the body has ${count} fields; at most ${mostFields}`);
  for (const [name, most, unit] of mostItems) {
    const items = countOf(fields[name]);
    if (items > most) throw invalid(name, `has ${items} ${unit}; at most ${most}`);
  }
  const isIds = Array.isArray(fields['prompt']) && typeof fields['prompt'][0] === 'number';
  // Each of them is a token at least.
  for (const name of ['messages', 'input', ...(isIds ? ['prompt'] : [])]) {
    const items = countOf(fields[name]);
    if (items < contextTokens || items <= mostFields) continue;
    const cause = `"${name}" has ${items} items, each a token at least; the edge's context holds ${contextTokens}`;
    throw new ApiError(400, 'context_length_exceeded', `${cause}; shorten it`, { param: name });
  }
  if (!isIds && countOf(fields['prompt']) > maxChoices)
    throw invalid('prompt', `asks for ${countOf(fields['prompt'])} answers, more than ${maxChoices}`);
}

/** Fields that are lists of few things, in any route. */
const mostItems: readonly (readonly [field: string, most: number, unit: string])[] = [
  ['logit_bias', limits.logitBiases, 'ids'],
  ['stop', limits.stopStrings, 'texts'],
  ['stop_sequences', limits.stopStrings, 'texts'],
  ['tools', maxTools, 'tools'],
  ['include', maxChoices, 'names'],
];

/** Fields with schemas, in any route. */
const schemaFields = ['tools', 'response_format', 'text'] as const;
/** A byte of a schema costs as much as so many bytes: it becomes a part of a grammar. */
const bytesPerSchemaByte = 8;

/** What the schemas of a body cost beside their bytes. */
export function schemaCost(body: unknown): number {
  const fields = Object(body) as Readonly<Record<string, unknown>>;
  const bytes = schemaFields.reduce((sum, name) => sum + (JSON.stringify(fields[name])?.length ?? 0), 0);
  return bytesPerSchemaByte * bytes;
}

/** Items of a list, or fields of an object. */
function countOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

/** @param field as the route names it @throws ApiError 400 */
export function demandStops(stops: readonly string[], field: string): void {
  for (const stop of stops) {
    const bytes = Buffer.byteLength(stop);
    if (bytes === 0) throw invalid(field, 'has an empty text, which would end every answer at once');
    if (bytes > limits.stopStringBytes)
      throw invalid(field, `has a text of ${bytes} bytes; at most ${limits.stopStringBytes}`);
  }
}

/** @throws ApiError 400 */
export function demandBiases(biases: Readonly<Record<string, number>>): void {
  const count = Object.keys(biases).length;
  if (count > limits.logitBiases) throw invalid('logit_bias', `has ${count} ids; at most ${limits.logitBiases}`);
}

/** @param ids tokens of the prompt @throws ApiError 400 where there are none: a tokenizer may make none of an empty text */
export function demandTokens({ promptField = 'prompt' }: CompletionRequest, ids: readonly number[]): void {
  if (ids.length === 0) throw invalid(promptField, 'is empty; give a text of one character at least');
}

/** @throws ApiError 400 for an id that the model does not have */
export function demandVocabulary({ prompt, sampling }: CompletionRequest, vocabularySize: number): void {
  const beyond = (id: number): string => `there is no token ${id}; the model has ${vocabularySize}, from 0`;
  for (const [id] of sampling.logitBias ?? []) if (id >= vocabularySize) throw invalid(`logit_bias.${id}`, beyond(id));
  if (prompt.kind !== 'ids') return;
  for (const id of prompt.ids) if (id >= vocabularySize) throw invalid('prompt', beyond(id));
}
