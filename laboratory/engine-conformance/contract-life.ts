// The cases of the engine contract about mistakes of the caller, the number of sequences, other instances and the end.

import type { EvaluateItem, LanguageModel, ModelSequence } from '../../src/models/port/model.ts';
import { type ContractCase, contractTokens, expectRefusal, expectSame, feed, withSequences } from './contract-bench.ts';

const mistakeCase: ContractCase = {
  name: 'mistakes of the caller are bugs, not results',
  run: ({ model }) =>
    withSequences(model, 1, async (sequence) => {
      const bug = { name: 'InvariantError' };
      const tokens = contractTokens(model, 3);
      const twice: EvaluateItem = { sequence, tokens, rows: 1 };
      const wrong: Readonly<Record<string, EvaluateItem[]>> = {
        'an item without tokens': [{ sequence, tokens: [], rows: 0 }],
        'more rows than tokens': [{ sequence, tokens, rows: 4 }],
        'an item that is too long': [
          { sequence, tokens: contractTokens(model, model.limits.maxItemTokens + 1), rows: 1 },
        ],
        'a sequence twice in a batch': [twice, twice],
      };
      for (const [what, items] of Object.entries(wrong)) await expectRefusal(what, () => model.evaluate(items), bug);
      await expectRefusal('a truncation beyond the end', () => sequence.truncate(1), bug);
      expectSame('length of the sequence', sequence.length, 0);
    }),
};

const sequencesCase: ContractCase = {
  name: 'no sequence beyond the limit, and a released one comes back clean',
  async run({ model }) {
    const tokens = contractTokens(model, 10);
    const opened = new Set<ModelSequence>();
    const open = (): ModelSequence => {
      const sequence = model.openSequence();
      opened.add(sequence);
      return sequence;
    };
    const refused = { code: 'edge-full' };
    try {
      const [first] = Array.from({ length: model.limits.maxSequences }, open) as [ModelSequence];
      await expectRefusal('a sequence beyond the limit', open, refused);
      const fresh = await feed(model, first, tokens, 10);
      opened.delete(first);
      await first.release();
      const again = open();
      expectSame('length of a new sequence', again.length, 0);
      expectSame('rows of a new sequence', await feed(model, again, tokens, 10), fresh);
      await expectRefusal('a sequence beyond the limit, after a release', open, refused);
    } finally {
      await Promise.all([...opened].map((sequence) => sequence.release()));
    }
  },
};

const instanceCase: ContractCase = {
  name: 'another instance of the same model says the same under the same fingerprint',
  async run({ model, open }) {
    const { identity } = model;
    const tokens = contractTokens(model, 25);
    let rows: unknown;
    await withSequences(model, 1, async (sequence) => {
      rows = await feed(model, sequence, tokens, 25);
    });
    await using other = await open();
    expectSame('identity of another instance', other.identity, identity);
    expectSame('rows of another instance', await feed(other, other.openSequence(), tokens, 5), rows);
  },
};

const closeCase: ContractCase = {
  name: 'close waits for work in flight and can be repeated',
  async run({ open }) {
    const model: LanguageModel = await open();
    const sequence = model.openSequence();
    const work = model.evaluate([{ sequence, tokens: contractTokens(model, 8), rows: 2 }]);
    await Promise.all([model.close(), model.close()]);
    expectSame('rows of the work in flight', (await work)[0]?.length, 2);
    await model[Symbol.asyncDispose]();
  },
};

/** The last two open another instance, which may end the one before. */
export const lifeCases: readonly ContractCase[] = [mistakeCase, sequencesCase, instanceCase, closeCase];
