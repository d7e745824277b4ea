// The cases of the engine contract about masks, bias, named ids and the normaliser of rows.

import { type Candidates, candidateLimit, isAllowed, type RowAsk } from '../../src/core/decoding/candidates.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { type ContractCase, expectSame, expectThat } from './contract-bench.ts';

function tokensOf(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 300 + (((index % 29) * 79) % 700));
}

/** The candidates after the last tokens of a text, asked for in one item. */
async function rowsOf(model: LanguageModel, asks: readonly (RowAsk | undefined)[]): Promise<Candidates[]> {
  const sequence = model.openSequence();
  try {
    const tokens = tokensOf(12);
    await model.evaluate([{ sequence, tokens: tokens.slice(0, -asks.length), rows: 0 }]);
    const [rows] = await model.evaluate([{ sequence, tokens: tokens.slice(-asks.length), rows: asks.length, asks }]);
    return rows as Candidates[];
  } finally {
    await sequence.release();
  }
}

async function rowOf(model: LanguageModel, ask: RowAsk | undefined): Promise<Candidates> {
  const [row] = await rowsOf(model, [ask]);
  return row as Candidates;
}

function maskOf(model: LanguageModel, isIn: (id: number) => boolean): Uint32Array {
  const { vocabularySize } = model.tokenizer;
  const mask = new Uint32Array(Math.ceil(vocabularySize / 32));
  for (let id = 0; id < vocabularySize; id++)
    if (isIn(id)) mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31));
  return mask;
}

/** An id that is not among the candidates. */
function farFrom({ ids }: Candidates): number {
  return Array.from({ length: 2000 }, (_, id) => id + 300).find((id) => !ids.includes(id)) as number;
}

const fewIds = 40;

const maskCase: ContractCase = {
  name: 'a mask acts before the cut, and leaves raw logits and other rows as they are',
  async run({ model }) {
    const plain = await rowsOf(model, [undefined, undefined, undefined, undefined]);
    const best = new Set(plain.flatMap(({ ids }) => ids.slice(0, 3)));
    // Nearly all, about half, and few ids are allowed.
    const rules = [(id: number) => !best.has(id), (id: number) => id % 2 === 0, (id: number) => id < fewIds];
    const masks = rules.map((isIn) => maskOf(model, isIn));
    const masked = await rowsOf(model, [...masks.map((allowed) => ({ allowed })), undefined]);
    expectSame('the row without a mask', masked[3], plain[3]);
    for (const [row, allowed] of masks.entries()) {
      const one = masked[row] as Candidates;
      expectSame('number of allowed candidates', one.ids.length, row === 2 ? fewIds : candidateLimit);
      expectMasked(one, plain[row] as Candidates, allowed, model.tokenizer.vocabularySize);
    }
  },
};

function expectMasked({ ids, logits }: Candidates, plain: Candidates, allowed: Uint32Array, vocabularySize: number) {
  const wrong = ids.filter((id) => id >= vocabularySize || !isAllowed(allowed, id));
  expectThat('candidates under a mask', wrong.length === 0, 'allowed ids only', wrong);
  const known = new Map(plain.ids.map((id, index) => [id, plain.logits[index]]));
  for (const [index, id] of ids.entries())
    if (known.has(id)) expectSame(`raw logit of id ${id} under a mask`, logits[index], known.get(id));
  const kept = plain.ids.filter((id) => isAllowed(allowed, id));
  const keptIds = new Set(kept);
  const left = ids.filter((id) => keptIds.has(id));
  expectSame('the largest that are allowed, in order', left, kept);
}

const biasCase: ContractCase = {
  name: 'a bias brings any id of the vocabulary among the candidates, with its raw logit',
  async run({ model }) {
    const plain = await rowOf(model, undefined);
    const far = farFrom(plain);
    const first = plain.ids[0] as number;
    const pairs: [number, number][] = [
      [far, 100],
      [first, -100],
    ];
    const { ids, logits } = await rowOf(model, { bias: pairs.sort(([one], [other]) => one - other) });
    expectThat('candidates with a bias of +100', ids.includes(far), `id ${far} among them`, ids);
    expectThat('candidates with a bias of -100', !ids.includes(first), `id ${first} not among them`, ids);
    expectSame('number of candidates with a bias', ids.length, candidateLimit);
    const raw = logits[ids.indexOf(far)] as number;
    const least = plain.logits.at(-1) as number;
    expectThat('the logit of an id with a bias', raw <= least, `the raw one, at most ${least}`, raw);
  },
};

const namedCase: ContractCase = {
  name: 'the raw logit of any id is given where a row is asked for it, and changes nothing else',
  async run({ model }) {
    const plain = await rowOf(model, { normalises: true });
    const { ids, logits } = plain;
    const named = [ids[0] as number, ids[5] as number, farFrom(plain)];
    const rows: Candidates[] = [];
    for (const logitOf of named) rows.push(await rowOf(model, { normalises: true, logitOf }));
    const asked = rows.slice(0, 2).map(({ askedLogit }) => askedLogit);
    expectSame('logits of named ids', asked, [logits[0], logits[5]]);
    const { askedLogit: farLogit } = rows[2] as Candidates;
    const least = logits.at(-1) as number;
    const isBelow = farLogit !== undefined && farLogit <= least;
    expectThat('the logit of a named id that is no candidate', isBelow, `at most ${least}`, farLogit);
    for (const { askedLogit: _asked, ...others } of rows) expectSame('a row with a named id', others, plain);
    expectSame('the named logit of a row that names none', plain.askedLogit, undefined);
  },
};

const normaliserCase: ContractCase = {
  name: 'the normaliser counts every id that may be a candidate, and no other',
  async run({ model }) {
    const half = maskOf(model, (id) => id % 2 === 0);
    const others = maskOf(model, (id) => id % 2 === 1);
    const few = maskOf(model, (id) => id >= 300 && id < 360);
    const found: number[] = [];
    for (const allowed of [undefined, half, others, few]) {
      const { logNormaliser, logits } = await rowOf(model, { allowed, normalises: true });
      const listed = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
      if (allowed === few) expectClose('the normaliser where all are listed', logNormaliser, listed, 5e-5);
      else expectAbove('the normaliser', logNormaliser, listed - 1e-4);
      found.push(logNormaliser as number);
    }
    const [all, one, other] = found as [number, number, number];
    expectClose('the normaliser of all, from its halves', Math.log(Math.exp(one) + Math.exp(other)), all, 5e-3);
  },
};

function expectClose(what: string, found: number | undefined, expected: number, tolerance: number): void {
  const isClose = found !== undefined && Math.abs(found - expected) < tolerance;
  expectThat(what, isClose, `${expected} (± ${tolerance})`, found);
}

function expectAbove(what: string, found: number | undefined, least: number): void {
  expectThat(what, found !== undefined && found > least, `above ${least}`, found);
}

export const askCases: readonly ContractCase[] = [maskCase, biasCase, namedCase, normaliserCase];
