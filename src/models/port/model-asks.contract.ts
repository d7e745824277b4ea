// The cases of the model contract about masks, bias and the normaliser of rows.

import { expect } from 'vitest';
import { type Candidates, candidateLimit, isAllowed, type RowAsk } from '../../core/decoding/candidates.ts';
import type { LanguageModel } from './model.ts';

/** The names of these cases, for models that only draft and whose candidates are not their own: with the reason, a skip of each. */
export function skipAsks(reason: string): { readonly case: string; readonly reason: string }[] {
  return Object.values(names).map((name) => ({ case: name, reason }));
}

const names = {
  mask: 'a mask acts before the cut, and leaves raw logits and other rows as they are',
  bias: 'a bias brings any id of the vocabulary among the candidates, with its raw logit',
  named: 'the raw logit of any id is given where a row is asked for it, and changes nothing else',
  normaliser: 'the normaliser counts every id that may be a candidate, and no other',
} as const;

type Case = (name: string, body: (model: LanguageModel) => Promise<void>) => void;

function tokensOf(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 300 + (((index % 29) * 79) % 700));
}

/** The candidates after `tokens`, asked for in one item. */
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

function maskOf(model: LanguageModel, isIn: (id: number) => boolean): Uint32Array {
  const { vocabularySize } = model.tokenizer;
  const mask = new Uint32Array(Math.ceil(vocabularySize / 32));
  for (let id = 0; id < vocabularySize; id++)
    if (isIn(id)) mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31));
  return mask;
}

export function addAskCases(add: Case): void {
  add(names.mask, async (model) => {
    const plain = await rowsOf(model, [undefined, undefined, undefined, undefined]);
    const best = new Set(plain.flatMap(({ ids }) => ids.slice(0, 3)));
    const { vocabularySize } = model.tokenizer;
    // Nearly all, about half, and few ids are allowed.
    const masks = [(id: number) => !best.has(id), (id: number) => id % 2 === 0, (id: number) => id < 40].map((isIn) =>
      maskOf(model, isIn),
    );
    const masked = await rowsOf(model, [...masks.map((allowed) => ({ allowed })), undefined]);
    expect(masked[3]).toEqual(plain[3]);
    for (const [row, allowed] of masks.entries()) {
      const { ids, logits } = masked[row] as Candidates;
      expect(ids.length).toBe(Math.min(candidateLimit, row === 2 ? 40 : candidateLimit));
      expect(ids.every((id) => id < vocabularySize && isAllowed(allowed, id))).toBe(true);
      const known = new Map(plain[row]?.ids.map((id, index) => [id, plain[row]?.logits[index]]));
      for (const [index, id] of ids.entries()) if (known.has(id)) expect(logits[index]).toBe(known.get(id));
      // What was among the largest and is allowed stays among them, in the same order.
      const kept = plain[row]?.ids.filter((id) => isAllowed(allowed, id)) ?? [];
      expect(ids.filter((id) => kept.includes(id))).toEqual(kept);
    }
  });
  add(names.bias, async (model) => {
    const [plain] = await rowsOf(model, [undefined]);
    const far = Array.from({ length: 2000 }, (_, id) => id + 300).find((id) => !plain?.ids.includes(id)) as number;
    const [first] = plain?.ids ?? [];
    const bias = [
      [far, 100],
      [first as number, -100],
    ].sort(([one], [other]) => (one as number) - (other as number)) as [number, number][];
    const [biased] = await rowsOf(model, [{ bias }]);
    expect(biased?.ids).toContain(far);
    expect(biased?.ids).not.toContain(first);
    expect(biased?.ids.length).toBe(candidateLimit);
    expect(biased?.logits[biased.ids.indexOf(far)]).toBeLessThanOrEqual(plain?.logits.at(-1) as number);
  });
  add(names.named, async (model) => {
    const [plain] = await rowsOf(model, [{ normalises: true }]);
    const { ids, logits } = plain as Candidates;
    const far = Array.from({ length: 2000 }, (_, id) => id + 300).find((id) => !ids.includes(id)) as number;
    const asks = [ids[0] as number, ids[5] as number, far].map((id): RowAsk => ({ normalises: true, logitOf: id }));
    const rows: Candidates[] = [];
    for (const ask of asks) rows.push(...(await rowsOf(model, [ask])));
    expect(rows.slice(0, 2).map(({ askedLogit }) => askedLogit)).toEqual([logits[0], logits[5]]);
    expect(rows[2]?.askedLogit).toBeLessThanOrEqual(logits.at(-1) as number);
    for (const { askedLogit: _asked, ...others } of rows) expect(others).toEqual(plain);
    expect(plain?.askedLogit).toBeUndefined();
  });
  add(names.normaliser, async (model) => {
    const half = maskOf(model, (id) => id % 2 === 0);
    const others = maskOf(model, (id) => id % 2 === 1);
    const few = maskOf(model, (id) => id >= 300 && id < 360);
    const lists: number[] = [];
    for (const allowed of [undefined, half, others, few]) {
      const [row] = await rowsOf(model, [{ allowed, normalises: true }]);
      const { logNormaliser, logits } = row as Candidates;
      const listed = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
      if (allowed === few) expect(logNormaliser).toBeCloseTo(listed, 4);
      else expect(logNormaliser).toBeGreaterThan(listed - 1e-4);
      lists.push(logNormaliser as number);
    }
    const [all, one, other] = lists as [number, number, number];
    expect(Math.log(Math.exp(one) + Math.exp(other))).toBeCloseTo(all, 2);
  });
}
