// What the cases of the engine contract need: a model, sequences that are always released, texts, and comparisons whose failure says in
// one line what was expected and what was found. It knows no test library.

import { type Candidates, candidateLimit } from '../../src/core/decoding/candidates.ts';
import type { LanguageModel, ModelSequence, Tokenizer } from '../../src/models/port/model.ts';

/** An engine that does not keep the contract. The message is one line: what was expected, and what was found. */
export class ContractFailure extends Error {
  override readonly name = 'ContractFailure';
}

export interface ContractBench {
  readonly model: LanguageModel;
  /** Length of the text in the sequences before some cases begin, tokens. */
  readonly prefixTokens: number;
  /** Another instance of the same model. It may close `model` first, where an engine serves one at a time. */
  open(): Promise<LanguageModel>;
}

export interface ContractCase {
  readonly name: string;
  /** What the model must have; without it the case is skipped by name. */
  readonly needs?: 'copyFrom';
  /** @throws ContractFailure, and what the engine throws where it should not */
  run(bench: ContractBench): Promise<void>;
}

export const usualPrefixTokens = 40;

/** A model, or what is known of one from its hello. */
interface HasVocabulary {
  readonly tokenizer: Pick<Tokenizer, 'vocabularySize'>;
}

/** Ids that are plain text in every vocabulary, with repetitions so that a look-up finds a match. */
export function contractTokens({ tokenizer }: HasVocabulary, count: number, salt = 0): number[] {
  const span = Math.min(tokenizer.vocabularySize - 300, 30_000);
  return Array.from({ length: count }, (_, index) => 300 + ((((index % 29) + salt) * 7919) % span));
}

/** Feeds tokens in calls of at most `chunk`, and returns the candidates after every one of them. */
export async function feed(
  model: LanguageModel,
  sequence: ModelSequence,
  tokens: readonly number[],
  chunk: number,
): Promise<Candidates[]> {
  const rows: Candidates[] = [];
  for (let at = 0; at < tokens.length; at += chunk) {
    const part = tokens.slice(at, at + chunk);
    const [result] = await model.evaluate([{ sequence, tokens: part, rows: part.length }]);
    rows.push(...(result as Candidates[]));
  }
  return rows;
}

/** Opens sequences for `body`, and releases them in any case. */
export async function withSequences(
  model: LanguageModel,
  count: number,
  body: (...sequences: ModelSequence[]) => Promise<void>,
): Promise<void> {
  const sequences = Array.from({ length: count }, () => model.openSequence());
  try {
    await body(...sequences);
  } finally {
    await Promise.all(sequences.map((sequence) => sequence.release()));
  }
}

/** The order of candidates that every row has. @throws ContractFailure */
export function expectOrder({ ids, logits }: Candidates, vocabularySize: number): void {
  expectSame('number of logits', logits.length, ids.length);
  expectThat('number of candidates', ids.length <= candidateLimit, `at most ${candidateLimit}`, ids.length);
  expectSame('number of different ids', new Set(ids).size, ids.length);
  for (const [index, logit] of logits.entries()) {
    const id = ids[index] as number;
    expectThat(`logit of id ${id}`, Math.fround(logit) === logit, 'a float32 value', logit);
    const isToken = Number.isInteger(id) && id >= 0 && id < vocabularySize;
    expectThat(`candidate ${index}`, isToken, `an id below ${vocabularySize}`, id);
    if (index === 0) continue;
    const before = logits[index - 1] as number;
    const isInOrder = before > logit || (before === logit && (ids[index - 1] as number) < id);
    expectThat(`order at candidate ${index}`, isInOrder, 'largest first, ties to the lower id', [before, logit]);
  }
}

/** @param isKept whether the expectation holds @throws ContractFailure */
export function expectThat(what: string, isKept: boolean, expected: string, found: unknown): asserts isKept {
  if (!isKept) throw new ContractFailure(`${what}: expected ${expected}, found ${show(found)}`);
}

/** Compares plain data by bits; a missing property equals an undefined one. @throws ContractFailure */
export function expectSame(what: string, found: unknown, expected: unknown): void {
  const difference = firstDifference(found, expected, what);
  if (difference === null) return;
  throw new ContractFailure(
    `${difference.what}: expected ${show(difference.expected)}, found ${show(difference.found)}`,
  );
}

/** @param property of the error, which distinguishes a refusal from a mistake of the caller @throws ContractFailure */
export async function expectRefusal(
  what: string,
  work: () => unknown,
  property: { readonly code: string } | { readonly name: string },
): Promise<void> {
  const [[key, value] = ['', '']] = Object.entries(property);
  const expected = `an error with ${key} ${value}`;
  try {
    await work();
  } catch (error) {
    const found = (error as Readonly<Record<string, unknown>>)[key];
    if (found === value) return;
    throw new ContractFailure(`${what}: expected ${expected}, found ${show(found)} (${(error as Error).message})`);
  }
  throw new ContractFailure(`${what}: expected ${expected}, found none`);
}

interface FoundDifference {
  readonly what: string;
  readonly expected: unknown;
  readonly found: unknown;
}

function firstDifference(found: unknown, expected: unknown, what: string): FoundDifference | null {
  if (Object.is(found, expected)) return null;
  if (!isObject(found) || !isObject(expected)) return { what, expected, found };
  const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
  for (const key of keys) {
    const inner = firstDifference(found[key], expected[key], `${what}, ${key}`);
    if (inner !== null) return inner;
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

const longestValue = 80;

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = Object.is(value, -0) ? '-0' : typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}...` : text;
}
