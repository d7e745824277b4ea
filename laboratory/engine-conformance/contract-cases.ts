// The contract of every engine behind the model port, as plain cases: a test suite runs them (model.contract.ts), and
// `outrider engine check`, by which others check an engine of their own.

import type { Candidates } from '../../src/core/decoding/candidates.ts';
import type { EvaluateItem, LanguageModel, ModelSequence } from '../../src/models/port/model.ts';
import { askCases } from './contract-asks.ts';
import {
  type ContractCase,
  contractTokens,
  expectOrder,
  expectRefusal,
  expectSame,
  expectThat,
  feed,
  withSequences,
} from './contract-bench.ts';
import { lifeCases } from './contract-life.ts';

const shapeCases: readonly ContractCase[] = [
  {
    name: 'identity, tokenizer and limits are filled in',
    async run({ model: { identity, tokenizer, limits } }) {
      expectThat('the name', identity.name !== '', 'some text', identity.name);
      expectThat('the description', identity.description !== '', 'some text', identity.description);
      for (const hash of [identity.fingerprint, tokenizer.hash])
        expectThat('fingerprint and tokenizer hash', /^[0-9a-f]{64}$/.test(hash), '64 hexadecimal digits', hash);
      const { maxSequences, contextLength, maxItemTokens } = limits;
      expectThat('sequences', maxSequences >= 3, 'at least 3', maxSequences);
      expectThat('tokens of a sequence', contextLength >= 160, 'at least 160', contextLength);
      expectThat('tokens of an item', maxItemTokens >= 16, 'at least 16', maxItemTokens);
    },
  },
  {
    name: 'returns one list of candidates per row asked for',
    run: ({ model }) =>
      withSequences(model, 1, async (sequence) => {
        const shapes = [
          { count: 5, rows: 0 },
          { count: 5, rows: 1 },
          { count: 5, rows: 3 },
          { count: 4, rows: 4 },
        ];
        for (const { count, rows } of shapes) {
          const result = await model.evaluate([{ sequence, tokens: contractTokens(model, count), rows }]);
          expectSame(`lists for ${rows} rows`, lengthsOf(result), [rows]);
        }
        expectSame('length of the sequence', sequence.length, 19);
      }),
  },
  {
    name: 'candidates come largest first, ties to the lower id, no id twice, at most 64',
    run: ({ model }) =>
      withSequences(model, 1, async (sequence) => {
        for (const row of await feed(model, sequence, contractTokens(model, 60), 12))
          expectOrder(row, model.tokenizer.vocabularySize);
      }),
  },
];

const memoryCases: readonly ContractCase[] = [
  {
    name: 'one by one, in pieces or at once: the same candidates',
    run: ({ model, prefixTokens }) =>
      withSequences(model, 2, async (first, second) => {
        const tokens = contractTokens(model, prefixTokens + 24);
        const whole = await feed(model, first, tokens, Math.min(16, model.limits.maxItemTokens));
        for (const chunk of [1, 2, 5, 13]) {
          expectSame(`rows in calls of ${chunk}`, await feed(model, second, tokens, chunk), whole);
          await second.truncate(0);
        }
      }),
  },
  {
    name: 'rows of the last tokens are the rows of all tokens',
    run: ({ model }) =>
      withSequences(model, 2, async (first, second) => {
        const tokens = contractTokens(model, 12);
        const all = await feed(model, first, tokens, 12);
        expectSame('the last rows', await model.evaluate([{ sequence: second, tokens, rows: 3 }]), [all.slice(-3)]);
      }),
  },
  {
    name: 'what was truncated leaves no trace',
    run: ({ model, prefixTokens }) =>
      withSequences(model, 2, async (first, second) => {
        const tokens = contractTokens(model, prefixTokens + 20);
        const plain = await feed(model, first, tokens, 10);
        const found: Candidates[] = [];
        for (let at = 0; at < tokens.length; at += 10) {
          await feed(model, second, contractTokens(model, 7, 5 + at), 7);
          await second.truncate(at);
          found.push(...(await feed(model, second, tokens.slice(at, at + 10), 10)));
          expectSame('length after a truncation', second.length, at + 10);
        }
        expectSame('rows after truncations', found, plain);
        await second.truncate(3);
        expectSame('rows after a long truncation', await feed(model, second, tokens.slice(3), 10), plain.slice(3));
      }),
  },
];

const copyCase: ContractCase = {
  name: 'a copy holds what the original held, and neither changes the other afterwards',
  needs: 'copyFrom',
  run: ({ model, prefixTokens }) =>
    withSequences(model, 3, async (original, copy, plain) => {
      expectThat('copyFrom of a sequence', copy.copyFrom !== undefined, 'a function', copy.copyFrom);
      const [tokens, other] = [contractTokens(model, prefixTokens + 20), contractTokens(model, 20, 5)];
      const all = await feed(model, plain, tokens, 10);
      await feed(model, original, tokens, 10);
      // What it held before is forgotten, also where it was more.
      await feed(model, copy, contractTokens(model, prefixTokens + 30, 9), 10);
      for (const length of [prefixTokens + 20, prefixTokens, 1, 0, prefixTokens]) {
        await copy.copyFrom(original, length);
        expectSame('lengths of copy and original', [copy.length, original.length], [length, prefixTokens + 20]);
        const rows = await feed(model, copy, tokens.slice(length, length + 10), 10);
        expectSame(`rows after a copy of ${length}`, rows, all.slice(length, length + 10));
      }
      await original.truncate(prefixTokens);
      await feed(model, original, other, 10);
      await copy.truncate(prefixTokens);
      const rows = await feed(model, copy, tokens.slice(prefixTokens), 10);
      expectSame('rows of the copy of a changed original', rows, all.slice(prefixTokens));
      await plain.truncate(prefixTokens);
      await original.truncate(prefixTokens);
      const expected = await feed(model, plain, other, 10);
      expectSame('rows of the original', await feed(model, original, other, 10), expected);
    }),
};

const batchCases: readonly ContractCase[] = [
  {
    name: 'a batch of several sequences gives each what it gets alone',
    run: ({ model, prefixTokens }) =>
      withSequences(model, 3, async (...sequences) => {
        const texts = sequences.map((_, index) => contractTokens(model, prefixTokens + 30, index * 3));
        const alone: Candidates[][] = [];
        for (const [index, sequence] of sequences.entries()) {
          alone.push(await feed(model, sequence, texts[index] as number[], 10));
          await sequence.truncate(0);
        }
        expectSame('rows in shared batches', await feedTogether(model, sequences, texts), alone);
      }),
  },
  {
    name: 'results come in the order of the items',
    run: ({ model }) =>
      withSequences(model, 3, async (first, second, third) => {
        const tokens = contractTokens(model, 6);
        const item = (sequence: ModelSequence | undefined, count: number): EvaluateItem => ({
          sequence: sequence as ModelSequence,
          tokens: tokens.slice(0, count),
          rows: count,
        });
        const result = await model.evaluate([item(third, 2), item(first, 6), item(second, 1)]);
        expectSame('rows of the items', lengthsOf(result), [2, 6, 1]);
        expectSame('rows of the first item', result[0], result[1]?.slice(0, 2));
        expectSame('rows of the last item', result[2], result[1]?.slice(0, 1));
      }),
  },
  {
    name: 'calls that overlap are done in the order they came',
    run: ({ model }) =>
      withSequences(model, 2, async (first, second) => {
        const tokens = contractTokens(model, 20);
        const plain = await feed(model, first, tokens, 20);
        const parts = [tokens.slice(0, 6), tokens.slice(6, 7), tokens.slice(7)];
        const results = await Promise.all(
          parts.map((part) => model.evaluate([{ sequence: second, tokens: part, rows: part.length }])),
        );
        const rows = results.flatMap(([ofItem]) => ofItem);
        expectSame('rows of overlapping calls', rows, plain);
      }),
  },
];

function lengthsOf(result: readonly (readonly Candidates[])[]): number[] {
  return result.map((lists) => lists.length);
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

const contextCase: ContractCase = {
  name: 'a full context is refused before anything is evaluated',
  run: ({ model }) =>
    withSequences(model, 2, async (full, other) => {
      const { contextLength, maxItemTokens } = model.limits;
      const tokens = contractTokens(model, contextLength);
      const left = 5;
      for (let at = 0; at < contextLength - left; ) {
        const part = tokens.slice(at, Math.min(at + maxItemTokens, contextLength - left));
        await model.evaluate([{ sequence: full, tokens: part, rows: 0 }]);
        at += part.length;
      }
      const refused = { code: 'context-full' };
      const tooLong = { sequence: full, tokens: contractTokens(model, left + 1), rows: 1 };
      const harmless = { sequence: other, tokens: contractTokens(model, 4), rows: 4 };
      await expectRefusal('an item beyond the context', () => model.evaluate([harmless, tooLong]), refused);
      expectSame('lengths after the refusal', [full.length, other.length], [contextLength - left, 0]);
      const last = await feed(model, full, tokens.slice(contextLength - left), left);
      expectSame('rows to the end of the context', last.length, left);
      expectSame('length of the full sequence', full.length, contextLength);
      await expectRefusal('a token in a full context', () => feed(model, full, tokens.slice(0, 1), 1), refused);
      await full.truncate(contextLength - 2);
      const again = await feed(model, full, tokens.slice(contextLength - 2), 2);
      expectSame('rows at the end of the context', again, last.slice(-2));
      expectSame('rows of another sequence', (await model.evaluate([harmless]))[0]?.length, 4);
    }),
};

export const contractCases: readonly ContractCase[] = [
  ...shapeCases,
  ...askCases,
  ...memoryCases,
  copyCase,
  ...batchCases,
  contextCase,
  ...lifeCases,
];
