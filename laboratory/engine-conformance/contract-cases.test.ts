import { describe, expect, it } from 'vitest';
import type { Candidates, RowAsk } from '../../src/core/decoding/candidates.ts';
import type { EvaluateItem, LanguageModel, ModelSequence } from '../../src/models/port/model.ts';
import { createToyModel, type ToyOptions } from '../../src/models/port/toy.ts';
import { type ContractBench, ContractFailure, expectSame } from './contract-bench.ts';
import { contractCases } from './contract-cases.ts';
import { type ModelScript, scriptModel } from './scripted.ts';

const toy = (options: Partial<ToyOptions> = {}): LanguageModel =>
  createToyModel({ seed: 7, role: 'target', sequences: 3, contextLength: 200, ...options });

/** An engine with one bug, and other instances of it. */
type Planted = Omit<ContractBench, 'prefixTokens'>;

const always = (model: LanguageModel, open = async (): Promise<LanguageModel> => toy()): Planted => ({ model, open });

const scripted = (script: ModelScript): Planted => always(scriptModel(toy(), script));

/** What an engine gives, changed where `isWrong` says so. */
const shifted = (isWrong: (items: readonly EvaluateItem[]) => boolean): Planted =>
  scripted({ afterEvaluate: (results, items) => (isWrong(items) ? eachRow(results, shift) : results) });

const eachRow = (results: Candidates[][], change: (row: Candidates) => Candidates): Candidates[][] =>
  results.map((rows) => rows.map(change));

const shift = (row: Candidates): Candidates => ({ ...row, logits: row.logits.map((logit) => Math.fround(logit + 1)) });

/** An engine that never sees a part of what is asked. */
function deafTo(part: keyof RowAsk): Planted {
  const model = toy();
  const without = (item: EvaluateItem): EvaluateItem => ({
    ...item,
    asks: item.asks?.map((ask) => (ask === undefined ? ask : { ...ask, [part]: undefined })),
  });
  return always({ ...model, evaluate: (items) => model.evaluate(items.map(without)) });
}

function withSequence(change: (sequence: ModelSequence) => void): Planted {
  const model = toy();
  const openSequence = (): ModelSequence => {
    const sequence = model.openSequence();
    change(sequence);
    return sequence;
  };
  return always({ ...model, openSequence });
}

function thatEndsEarly(): LanguageModel {
  const model = toy();
  let isClosed = false;
  return {
    ...model,
    async evaluate(items) {
      await new Promise(setImmediate);
      if (isClosed) throw new Error('the engine is gone');
      return model.evaluate(items);
    },
    async close() {
      isClosed = true;
    },
  };
}

function withoutRefusals(): Planted {
  const model = toy();
  return always({ ...model, evaluate: (items) => model.evaluate(items).catch(() => items.map(() => [])) });
}

const { identity, limits } = toy();

/** By the name of a case: an engine with a bug that this case finds. */
const planted: Readonly<Record<string, () => Planted>> = {
  'identity, tokenizer and limits are filled in': () =>
    always({ ...toy(), identity: { ...identity, fingerprint: 'unknown' } }),
  'returns one list of candidates per row asked for': () =>
    scripted({ afterEvaluate: (results) => results.map((rows) => rows.slice(0, 2)) }),
  'candidates come largest first, ties to the lower id, no id twice, at most 64': () =>
    scripted({
      afterEvaluate: (results) =>
        eachRow(results, ({ ids, logits }) => ({ ids: [...ids].reverse(), logits: [...logits].reverse() })),
    }),
  'a mask acts before the cut, and leaves raw logits and other rows as they are': () => deafTo('allowed'),
  'a bias brings any id of the vocabulary among the candidates, with its raw logit': () => deafTo('bias'),
  'the raw logit of any id is given where a row is asked for it, and changes nothing else': () => deafTo('logitOf'),
  'the normaliser counts every id that may be a candidate, and no other': () => deafTo('allowed'),
  'one by one, in pieces or at once: the same candidates': () => shifted(([item]) => item?.tokens.length === 1),
  'rows of the last tokens are the rows of all tokens': () =>
    shifted(([item]) => (item?.rows ?? 0) < (item?.tokens.length ?? 0)),
  'what was truncated leaves no trace': () => {
    const touched = new Set<ModelSequence>();
    return scripted({
      truncate: (sequence) => void touched.add(sequence),
      afterEvaluate: (results, [item]) =>
        touched.has(item?.sequence as ModelSequence) ? eachRow(results, shift) : results,
    });
  },
  'a copy holds what the original held, and neither changes the other afterwards': () =>
    withSequence((sequence) => Object.assign(sequence, { copyFrom: async () => {} })),
  'a batch of several sequences gives each what it gets alone': () => shifted((items) => items.length > 1),
  'results come in the order of the items': () => scripted({ afterEvaluate: (results) => results.reverse() }),
  'calls that overlap are done in the order they came': () =>
    scripted({ beforeEvaluate: ([item]) => new Promise((done) => (item?.rows === 6 ? setImmediate(done) : done())) }),
  'a full context is refused before anything is evaluated': () =>
    always({ ...toy({ contextLength: 300 }), limits: { ...limits, contextLength: 200 } }),
  'mistakes of the caller are bugs, not results': withoutRefusals,
  'no sequence beyond the limit, and a released one comes back clean': () =>
    always({ ...toy({ sequences: 4 }), limits: { ...limits, maxSequences: 3 } }),
  'another instance of the same model says the same under the same fingerprint': () =>
    always(toy(), async () => toy({ seed: 8 })),
  'close waits for work in flight and can be repeated': () => always(toy(), async () => thatEndsEarly()),
};

const run = (name: string, bench: Planted): Promise<void> =>
  contractCases.find((one) => one.name === name)?.run({ ...bench, prefixTokens: 40 }) as Promise<void>;

describe('the cases of the engine contract', () => {
  it('have a planted bug each', () => {
    expect(contractCases.map(({ name }) => name).sort()).toEqual(Object.keys(planted).sort());
  });

  it.each(Object.keys(planted))('pass a sound engine: %s', async (name) => {
    await run(name, always(toy()));
  });

  it.each(Object.entries(planted))('find a bug: %s', async (name, plant) => {
    const failure = await run(name, plant()).then(
      () => null,
      (error: unknown) => error as Error,
    );
    expect(failure).toBeInstanceOf(name.startsWith('close') ? Error : ContractFailure);
    expect(failure?.message).toMatch(name.startsWith('close') ? /gone/ : /^[^\n]+: expected [^\n]+, found [^\n]+$/);
  });

  it('say where the first difference is, and cut what is long', () => {
    const found = { rows: [{ ids: [1, 2], logits: [1, 0] }] };
    const expected = { rows: [{ ids: [1, 2], logits: [1, -0] }] };
    expect(() => expectSame('x', found, expected)).toThrow('x, rows, 0, logits, 1: expected -0, found 0');
    expect(() => expectSame('x', undefined, 'y'.repeat(100))).toThrow(/^x: expected "y{79}\.\.\., found nothing$/);
    expectSame('x', { one: 1, other: undefined }, { one: 1 });
  });
});
