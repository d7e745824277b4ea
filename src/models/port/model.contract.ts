// The contract of every engine behind the model port, as one suite; each engine's test file runs it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invariant } from '../../core/basics/invariant.ts';
import { type Candidates, candidateLimit } from '../../core/decoding/candidates.ts';
import type { EvaluateItem, LanguageModel, ModelSequence } from './model.ts';
import { addAskCases } from './model-asks.contract.ts';

export interface ContractSkip {
  /** The full name of a case. */
  readonly case: string;
  readonly reason: string;
}

export interface ContractOptions {
  readonly skip?: readonly ContractSkip[];
  /** Length of the text in the sequences before the cases begin. Default 40. */
  readonly prefixTokens?: number;
}

type Case = (name: string, body: (model: LanguageModel) => Promise<void>) => void;

/** Ids that are plain text in every vocabulary, with repetitions so that a look-up finds a match. */
export function contractTokens(model: LanguageModel, count: number, salt = 0): number[] {
  const span = Math.min(model.tokenizer.vocabularySize - 300, 30_000);
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

/** @param open must give at least three sequences of at least 160 tokens */
export function describeModelContract(
  name: string,
  open: () => Promise<LanguageModel>,
  options: ContractOptions = {},
): void {
  describe(`model contract: ${name}`, () => {
    let model: LanguageModel;
    const skips = new Map((options.skip ?? []).map((skip) => [skip.case, skip.reason]));
    beforeAll(async () => {
      model = await open();
    }, 60_000);
    afterAll(() => model.close());
    const add: Case = (caseName, body) => {
      const reason = skips.get(caseName);
      if (reason === undefined) it(caseName, () => body(model), 120_000);
      else it.skip(`${caseName} (${reason})`, () => undefined);
    };
    addShapeCases(add);
    addAskCases(add);
    addMemoryCases(add, options.prefixTokens ?? 40);
    addCopyCases(add, options.prefixTokens ?? 40);
    addBatchCases(add, options.prefixTokens ?? 40);
    addRefusalCases(add);
    addLifeCases(add, open);
  });
}

/** Cases with sequences of their own, which are always released. */
async function withSequences(
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

function addShapeCases(add: Case): void {
  add('identity, tokenizer and limits are filled in', async (model) => {
    expect(model.identity.name).not.toBe('');
    expect(model.identity.description).not.toBe('');
    expect(model.identity.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(model.tokenizer.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(model.limits.maxSequences).toBeGreaterThanOrEqual(3);
    expect(model.limits.contextLength).toBeGreaterThanOrEqual(160);
    expect(model.limits.maxItemTokens).toBeGreaterThanOrEqual(16);
  });
  add('returns one list of candidates per row asked for', (model) =>
    withSequences(model, 1, async (sequence) => {
      for (const [count, rows] of [
        [5, 0],
        [5, 1],
        [5, 3],
        [4, 4],
      ] as const) {
        const result = await model.evaluate([{ sequence, tokens: contractTokens(model, count), rows }]);
        expect(result.map((lists) => lists.length)).toEqual([rows]);
      }
      expect(sequence.length).toBe(19);
    }),
  );
  add('candidates come largest first, ties to the lower id, no id twice, at most 64', (model) =>
    withSequences(model, 1, async (sequence) => {
      for (const { ids, logits } of await feed(model, sequence, contractTokens(model, 60), 12)) {
        expect(ids.length).toBe(logits.length);
        expect(ids.length).toBeLessThanOrEqual(candidateLimit);
        expect(new Set(ids).size).toBe(ids.length);
        for (const [index, logit] of logits.entries()) {
          expect(Math.fround(logit)).toBe(logit);
          const id = ids[index] as number;
          expect(Number.isInteger(id) && id >= 0 && id < model.tokenizer.vocabularySize).toBe(true);
          if (index === 0) continue;
          const before = logits[index - 1] as number;
          expect(before > logit || (before === logit && (ids[index - 1] as number) < id)).toBe(true);
        }
      }
    }),
  );
}

function addMemoryCases(add: Case, prefixTokens: number): void {
  add('one by one, in pieces or at once: the same candidates', (model) =>
    withSequences(model, 2, async (first, second) => {
      const tokens = contractTokens(model, prefixTokens + 24);
      const whole = await feed(model, first, tokens, Math.min(16, model.limits.maxItemTokens));
      for (const chunk of [1, 2, 5, 13]) {
        expect(await feed(model, second, tokens, chunk), `in calls of ${chunk}`).toEqual(whole);
        await second.truncate(0);
      }
    }),
  );
  add('rows of the last tokens are the rows of all tokens', (model) =>
    withSequences(model, 2, async (first, second) => {
      const tokens = contractTokens(model, 12);
      const all = await feed(model, first, tokens, 12);
      expect(await model.evaluate([{ sequence: second, tokens, rows: 3 }])).toEqual([all.slice(-3)]);
    }),
  );
  add('what was truncated leaves no trace', (model) =>
    withSequences(model, 2, async (first, second) => {
      const tokens = contractTokens(model, prefixTokens + 20);
      const plain = await feed(model, first, tokens, 10);
      const found: Candidates[] = [];
      for (let at = 0; at < tokens.length; at += 10) {
        await feed(model, second, contractTokens(model, 7, 5 + at), 7);
        await second.truncate(at);
        found.push(...(await feed(model, second, tokens.slice(at, at + 10), 10)));
        expect(second.length).toBe(at + 10);
      }
      expect(found).toEqual(plain);
      await second.truncate(3);
      expect(await feed(model, second, tokens.slice(3), 10)).toEqual(plain.slice(3));
    }),
  );
}

function addCopyCases(add: Case, prefixTokens: number): void {
  add('a copy holds what the original held, and neither changes the other afterwards', (model) =>
    withSequences(model, 3, async (original, copy, plain) => {
      invariant(copy.copyFrom !== undefined, 'a model whose sequences copy nothing skips this case, with a reason');
      const [tokens, other] = [contractTokens(model, prefixTokens + 20), contractTokens(model, 20, 5)];
      const all = await feed(model, plain, tokens, 10);
      await feed(model, original, tokens, 10);
      // What it held before is forgotten, also where it was more.
      await feed(model, copy, contractTokens(model, prefixTokens + 30, 9), 10);
      for (const length of [prefixTokens + 20, prefixTokens, 1, 0, prefixTokens]) {
        await copy.copyFrom(original, length);
        expect([copy.length, original.length]).toEqual([length, prefixTokens + 20]);
        expect(await feed(model, copy, tokens.slice(length, length + 10), 10)).toEqual(all.slice(length, length + 10));
      }
      await original.truncate(prefixTokens);
      await feed(model, original, other, 10);
      await copy.truncate(prefixTokens);
      expect(await feed(model, copy, tokens.slice(prefixTokens), 10)).toEqual(all.slice(prefixTokens));
      await plain.truncate(prefixTokens);
      await original.truncate(prefixTokens);
      expect(await feed(model, original, other, 10)).toEqual(await feed(model, plain, other, 10));
    }),
  );
}

function addBatchCases(add: Case, prefixTokens: number): void {
  add('a batch of several sequences gives each what it gets alone', (model) =>
    withSequences(model, 3, async (...sequences) => {
      const texts = sequences.map((_, index) => contractTokens(model, prefixTokens + 30, index * 3));
      const alone: Candidates[][] = [];
      for (const [index, sequence] of sequences.entries()) {
        alone.push(await feed(model, sequence, texts[index] as number[], 10));
        await sequence.truncate(0);
      }
      const together = await feedTogether(model, sequences, texts);
      expect(together).toEqual(alone);
    }),
  );
  add('results come in the order of the items', (model) =>
    withSequences(model, 3, async (first, second, third) => {
      const tokens = contractTokens(model, 6);
      const item = (sequence: ModelSequence | undefined, count: number): EvaluateItem => ({
        sequence: sequence as ModelSequence,
        tokens: tokens.slice(0, count),
        rows: count,
      });
      const result = await model.evaluate([item(third, 2), item(first, 6), item(second, 1)]);
      expect(result.map((lists) => lists.length)).toEqual([2, 6, 1]);
      expect(result[0]).toEqual(result[1]?.slice(0, 2));
      expect(result[2]).toEqual(result[1]?.slice(0, 1));
    }),
  );
  add('calls that overlap are done in the order they came', (model) =>
    withSequences(model, 2, async (first, second) => {
      const tokens = contractTokens(model, 20);
      const plain = await feed(model, first, tokens, 20);
      const parts = [tokens.slice(0, 6), tokens.slice(6, 7), tokens.slice(7)];
      const results = await Promise.all(
        parts.map((part) => model.evaluate([{ sequence: second, tokens: part, rows: part.length }])),
      );
      expect(results.flatMap(([rows]) => rows)).toEqual(plain);
    }),
  );
}

/** Uneven items in one batch, in orders that differ between sequences. */
async function feedTogether(
  model: LanguageModel,
  sequences: readonly ModelSequence[],
  texts: readonly (readonly number[])[],
): Promise<Candidates[][]> {
  const results: Candidates[][] = texts.map(() => []);
  for (let turn = 0; sequences.some((sequence, index) => sequence.length < textAt(texts, index).length); turn++) {
    const batch: { index: number; item: EvaluateItem }[] = [];
    for (const [index, sequence] of sequences.entries()) {
      const count = 1 + ((turn * 5 + index * 4) % 9);
      const tokens = textAt(texts, index).slice(sequence.length, sequence.length + count);
      if (tokens.length > 0) batch.push({ index, item: { sequence, tokens, rows: tokens.length } });
    }
    const rows = await model.evaluate(batch.map(({ item }) => item));
    for (const [at, { index }] of batch.entries()) results[index]?.push(...(rows[at] as Candidates[]));
  }
  return results;
}

function textAt(texts: readonly (readonly number[])[], index: number): readonly number[] {
  return texts[index] as readonly number[];
}

function addRefusalCases(add: Case): void {
  add('a full context is refused before anything is evaluated', (model) =>
    withSequences(model, 2, async (full, other) => {
      const { contextLength, maxItemTokens } = model.limits;
      const tokens = contractTokens(model, contextLength);
      const left = 5;
      for (let at = 0; at < contextLength - left; ) {
        const part = tokens.slice(at, Math.min(at + maxItemTokens, contextLength - left));
        await model.evaluate([{ sequence: full, tokens: part, rows: 0 }]);
        at += part.length;
      }
      const tooLong = { sequence: full, tokens: contractTokens(model, left + 1), rows: 1 };
      const harmless = { sequence: other, tokens: contractTokens(model, 4), rows: 4 };
      await expect(model.evaluate([harmless, tooLong])).rejects.toMatchObject({ code: 'context-full' });
      expect([full.length, other.length]).toEqual([contextLength - left, 0]);
      const last = await feed(model, full, tokens.slice(contextLength - left), left);
      expect(last.length).toBe(left);
      expect(full.length).toBe(contextLength);
      await expect(feed(model, full, tokens.slice(0, 1), 1)).rejects.toMatchObject({ code: 'context-full' });
      await full.truncate(contextLength - 2);
      expect(await feed(model, full, tokens.slice(contextLength - 2), 2)).toEqual(last.slice(-2));
      expect((await model.evaluate([harmless]))[0]?.length).toBe(4);
    }),
  );
  add('mistakes of the caller are bugs, not results', (model) =>
    withSequences(model, 1, async (sequence) => {
      const evaluate = async (items: EvaluateItem[]): Promise<unknown> => model.evaluate(items);
      const tokens = contractTokens(model, 3);
      const wrong: EvaluateItem[][] = [
        [{ sequence, tokens: [], rows: 0 }],
        [{ sequence, tokens, rows: 4 }],
        [{ sequence, tokens: contractTokens(model, model.limits.maxItemTokens + 1), rows: 1 }],
        [
          { sequence, tokens, rows: 1 },
          { sequence, tokens, rows: 1 },
        ],
      ];
      for (const items of wrong) await expect(evaluate(items)).rejects.toMatchObject({ name: 'InvariantError' });
      await expect(sequence.truncate(1)).rejects.toMatchObject({ name: 'InvariantError' });
      expect(sequence.length).toBe(0);
    }),
  );
  add('no sequence beyond the limit, and a released one comes back clean', async (model) => {
    const tokens = contractTokens(model, 10);
    const sequences = Array.from({ length: model.limits.maxSequences }, () => model.openSequence());
    const refused = expect.objectContaining({ code: 'edge-full' });
    expect(() => model.openSequence()).toThrow(refused);
    const fresh = await feed(model, sequences[0] as ModelSequence, tokens, 10);
    await (sequences[0] as ModelSequence).release();
    const again = model.openSequence();
    expect(again.length).toBe(0);
    expect(await feed(model, again, tokens, 10)).toEqual(fresh);
    expect(() => model.openSequence()).toThrow(refused);
    await Promise.all([again, ...sequences.slice(1)].map((sequence) => sequence.release()));
  });
}

function addLifeCases(add: Case, open: () => Promise<LanguageModel>): void {
  add('another instance of the same model says the same under the same fingerprint', async (model) => {
    const other = await open();
    try {
      expect(other.identity).toEqual(model.identity);
      const tokens = contractTokens(model, 25);
      const [first, second] = [model.openSequence(), other.openSequence()];
      expect(await feed(other, second, tokens, 5)).toEqual(await feed(model, first, tokens, 25));
      await first.release();
    } finally {
      await other.close();
    }
  });
  add('close waits for work in flight and can be repeated', async () => {
    const model = await open();
    const sequence = model.openSequence();
    const work = model.evaluate([{ sequence, tokens: contractTokens(model, 8), rows: 2 }]);
    await Promise.all([model.close(), model.close()]);
    expect((await work)[0]?.length).toBe(2);
    await model[Symbol.asyncDispose]();
  });
}
