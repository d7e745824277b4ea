import { describe, expect, it } from 'vitest';
import type { Candidates } from '../../core/decoding/candidates.ts';
import { chooseToken } from '../../core/decoding/choose-token.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { toyEndId } from '../../core/decoding/toy-language.ts';
import { describeModelContract } from './model.contract.ts';
import type { LanguageModel } from './model.ts';
import { createToyModel, type ToyOptions } from './toy.ts';
import { createToyTokenizer, textOf } from './toy-tokenizer.ts';

const target: ToyOptions = { seed: 7, role: 'target', sequences: 4, contextLength: 400 };
describeModelContract('toy target', async () => createToyModel(target));
describeModelContract('toy draft', async () =>
  createToyModel({ ...target, role: 'draft', agreement: 0.6, endRate: 0.1 }),
);

const warm = { ...neutralSampling, temperature: 0.8, seed: 99n };

/** Writes `count` tokens by the target's choices, and says at each position whether the draft would choose the same. */
async function agreements(options: { agreement: number; count: number; sampling: typeof warm }): Promise<boolean[]> {
  const long = { seed: 3, contextLength: options.count + 10 };
  const models = [
    createToyModel({ ...long, role: 'target' }),
    createToyModel({ ...long, role: 'draft', agreement: options.agreement }),
  ];
  const readers = models.map((model) => ({ model, sequence: model.openSequence() }));
  const found: boolean[] = [];
  let id = 5;
  for (let position = 1; position <= options.count; position++) {
    const [ours, theirs] = await Promise.all(
      readers.map(async ({ model, sequence }) => {
        const [rows] = await model.evaluate([{ sequence, tokens: [id], rows: 1 }]);
        return chooseToken(rows?.[0] as Candidates, options.sampling, undefined, position);
      }),
    );
    found.push(ours === theirs);
    id = ours as number;
  }
  return found;
}

function share(values: readonly boolean[]): number {
  return values.filter(Boolean).length / values.length;
}

describe('the agreement of a toy pair', () => {
  for (const agreement of [0.5, 0.8, 0.95]) {
    it(`is the set rate at temperature 0 and does not drift (${agreement})`, async () => {
      const found = await agreements({ agreement, count: 20_000, sampling: { ...warm, temperature: 0 } });
      expect(Math.abs(share(found) - agreement)).toBeLessThan(0.02);
      for (let part = 0; part < 4; part++) {
        const quarter = found.slice(part * 5000, (part + 1) * 5000);
        expect(Math.abs(share(quarter) - agreement)).toBeLessThan(0.03);
      }
      const afterAgreement = found.filter((_, position) => found[position - 1] === true);
      expect(Math.abs(share(afterAgreement) - agreement)).toBeLessThan(0.02);
    });
  }

  it('is at least the set rate at temperature 0.8', async () => {
    const measured = share(await agreements({ agreement: 0.8, count: 10_000, sampling: warm }));
    expect(measured).toBeGreaterThan(0.78);
    expect(measured).toBeLessThan(0.9);
  });

  it('is total at 1 and none at 0', async () => {
    const cold = { ...warm, temperature: 0 };
    expect(share(await agreements({ agreement: 1, count: 300, sampling: cold }))).toBe(1);
    expect(share(await agreements({ agreement: 0, count: 300, sampling: cold }))).toBe(0);
  });

  it('is likelier where the draft is confident', async () => {
    const [sure, unsure]: [boolean[], boolean[]] = [[], []];
    const [writer, draft] = [createToyModel({ seed: 3, role: 'target' }), createToyModel({ seed: 3, role: 'draft' })];
    await walk(writer, 3000, async (ids, ours) => {
      const theirs = await candidatesAfter(draft, ids);
      const lead = (theirs.logits[0] as number) - (theirs.logits[1] as number);
      (lead > 2 ? sure : unsure).push(theirs.ids[0] === ours.ids[0]);
    });
    expect(share(sure)).toBeGreaterThan(share(unsure) + 0.1);
  });
});

/** Greedy text of a model, with every context on the way. */
async function walk(
  model: LanguageModel,
  count: number,
  visit: (ids: readonly number[], candidates: Candidates) => void | Promise<void>,
): Promise<void> {
  const sequence = model.openSequence();
  const ids = [11];
  while (ids.length <= count) {
    const [rows] = await model.evaluate([{ sequence, tokens: ids.slice(-1), rows: 1 }]);
    await visit(ids, rows?.[0] as Candidates);
    ids.push(rows?.[0]?.ids[0] as number);
  }
  await sequence.release();
}

async function candidatesAfter(model: LanguageModel, ids: readonly number[]): Promise<Candidates> {
  const sequence = model.openSequence();
  const [rows] = await model.evaluate([{ sequence, tokens: ids.slice(-8), rows: 1 }]);
  await sequence.release();
  return rows?.[0] as Candidates;
}

describe('the toy language', () => {
  it('does not run into a loop', async () => {
    const seen = new Set<string>();
    await walk(createToyModel({ seed: 1, role: 'target' }), 4000, (ids) => {
      seen.add(ids.slice(-8).join(' '));
    });
    expect(seen.size).toBe(4000);
  });

  it('ends texts at the asked rate only', async () => {
    const ends = async (endRate: number): Promise<number> => {
      let count = 0;
      await walk(createToyModel({ seed: 1, role: 'target', endRate }), 3000, (_, { ids }) => {
        if (ids.includes(toyEndId)) count++;
      });
      return count / 3000;
    };
    expect(await ends(0)).toBe(0);
    expect(Math.abs((await ends(0.1)) - 0.1)).toBeLessThan(0.02);
  });

  it('is another one for another seed, and names itself a toy', async () => {
    const [first, second] = [createToyModel(target), createToyModel({ ...target, seed: 8 })];
    expect(await candidatesAfter(first, [1, 2, 3])).not.toEqual(await candidatesAfter(second, [1, 2, 3]));
    expect(first.identity.fingerprint).not.toBe(second.identity.fingerprint);
    expect(first.tokenizer.hash).toBe(second.tokenizer.hash);
    expect(first.identity.description).toContain('toy');
  });

  it('refuses settings out of range', () => {
    for (const wrong of [{ seed: -1 }, { agreement: 1.1 }, { endRate: Number.NaN }, { vocabularySize: 500 }]) {
      expect(() => createToyModel({ ...target, ...wrong })).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    }
  });
});

describe('the toy tokenizer', () => {
  const tokenizer = createToyTokenizer(49_152);

  it('writes any text and reads it back', () => {
    for (const text of ['', 'plain text', 'two  spaces, a\nline', ' bada gido', 'Grüße 🚲', ' ba', ' zuzuzuzu']) {
      expect(textOf(tokenizer, tokenizer.encode(text))).toBe(text);
    }
  });

  it('has one id for each of its words', () => {
    for (const id of [1, 70, 71, 5000, 48_895]) expect(tokenizer.encode(textOf(tokenizer, [id]))).toEqual([id]);
    expect(new Set(Array.from({ length: 48_895 }, (_, index) => textOf(tokenizer, [index + 1]))).size).toBe(48_895);
  });

  it('gives the end token no bytes and refuses unknown ids', () => {
    expect(tokenizer.bytes(toyEndId)).toEqual(new Uint8Array(0));
    expect(tokenizer.encodeChat([{ role: 'user', content: 'hi' }])).toEqual(tokenizer.encode('user: hi\nassistant:'));
    for (const id of [-1, 49_152, 1.5]) expect(() => tokenizer.bytes(id)).toThrow(RangeError);
  });
});
