import { describe, expect, it } from 'vitest';
import { TokenText } from '../../core/decoding/token-text.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { heldPrefix, type KvSequence, KvSequences, keepPrefix } from './kv-sequences.ts';

const ownerOf = (owner: string) => ({ owner, conversation: '', promptLength: 4 });

async function filled(tokens: readonly number[]): Promise<{ kvSequences: KvSequences; kv: KvSequence }> {
  const model = createToyModel({ seed: 1, role: 'target', sequences: 1 });
  const kvSequences = new KvSequences(model);
  const kv = kvSequences.take(ownerOf('owner'), TokenText.of([0]), 99);
  if (kv === undefined) throw new Error('no kv');
  await model.evaluate([{ sequence: kv.sequence, tokens, rows: 0 }]);
  kv.tokens.push(...tokens);
  kv.filledBy = kv.owner;
  return { kvSequences, kv };
}

describe('heldPrefix', () => {
  it('grows with the text and stops at the first difference', async () => {
    const { kv } = await filled([1, 2, 3, 4, 9]);
    const text = TokenText.of([1, 2, 3]);
    expect(heldPrefix(kv, text, 2)).toBe(2);
    const longer = text.append([4, 5, 6]);
    expect(heldPrefix(kv, longer, 5)).toBe(4);
    expect(heldPrefix(kv, longer, 5)).toBe(4);
  });

  it('compares again when the sequence was truncated and extended with other tokens', async () => {
    const { kv } = await filled([1, 2, 3, 4]);
    const text = TokenText.of([1, 2, 3, 4, 5]);
    expect(heldPrefix(kv, text, 4)).toBe(4);
    await keepPrefix(kv, 2);
    expect(kv.sequence.length).toBe(2);
    kv.tokens.push(7, 7);
    expect(heldPrefix(kv, text, 4)).toBe(2);
  });

  it('compares from the start with another text', async () => {
    const { kv } = await filled([1, 2, 3, 4]);
    expect(heldPrefix(kv, TokenText.of([1, 2, 3, 4]), 4)).toBe(4);
    expect(heldPrefix(kv, TokenText.of([1, 8, 3, 4]), 4)).toBe(1);
  });

  it('does not compare again what it compared before', async () => {
    const { kv } = await filled([1, 2, 3, 4]);
    let text = TokenText.of([1, 2]);
    expect(heldPrefix(kv, text, 2)).toBe(2);
    text = text.append([3, 4]);
    // A second comparison would find the planted difference.
    kv.tokens[0] = 99;
    expect(heldPrefix(kv, text, 4)).toBe(4);
  });
});

describe('a sequence that another owner has filled', () => {
  it('holds nothing for the next owner, however equal the text, and everything for the one who filled it', async () => {
    const { kvSequences, kv } = await filled([1, 2, 3, 4]);
    const text = TokenText.of([1, 2, 3, 4]);
    kvSequences.leave(kv);
    const other = kvSequences.take(ownerOf('other'), TokenText.of([1, 2, 3, 4]), 99);
    if (other !== kv) throw new Error('a second sequence was opened');
    expect(heldPrefix(other, text, 4)).toBe(0);
    kvSequences.leave(other);
    const again = kvSequences.take(ownerOf('owner'), text, 99);
    expect(again).toBe(kv);
    expect(heldPrefix(kv, text, 4)).toBe(4);
  });

  it('is emptied before the next owner evaluates', async () => {
    const { kvSequences, kv } = await filled([1, 2, 3, 4]);
    kvSequences.leave(kv);
    kvSequences.take(ownerOf('other'), TokenText.of([1, 2, 3, 4]), 99);
    await keepPrefix(kv, heldPrefix(kv, TokenText.of([1, 2]), 2));
    expect(kv.sequence.length).toBe(0);
  });
});

describe('KvSequences', () => {
  it('releases all sequences when it closes', async () => {
    const model = createToyModel({ seed: 1, role: 'target', sequences: 1 });
    const first = new KvSequences(model);
    expect(first.take(ownerOf('a'), TokenText.of([1]), 99)).toBeDefined();
    await first.close(() => {});
    expect(new KvSequences(model).take(ownerOf('a'), TokenText.of([1]), 99)).toBeDefined();
  });
});
