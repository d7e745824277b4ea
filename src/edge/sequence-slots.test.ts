import { describe, expect, it } from 'vitest';
import { createToyModel } from '../models/toy.ts';
import { TokenText } from '../protocol/token-text.ts';
import { heldPrefix, keepPrefix, SequenceSlots, type Slot } from './sequence-slots.ts';

async function filled(tokens: readonly number[]): Promise<{ slots: SequenceSlots; slot: Slot }> {
  const model = createToyModel({ seed: 1, role: 'target', sequences: 2 });
  const slots = new SequenceSlots(model);
  const slot = slots.take(1, 'owner');
  if (slot === undefined) throw new Error('no slot');
  await model.evaluate([{ sequence: slot.sequence, tokens, rows: 0 }]);
  slot.tokens.push(...tokens);
  return { slots, slot };
}

describe('heldPrefix', () => {
  it('grows with the text and stops at the first difference', async () => {
    const { slot } = await filled([1, 2, 3, 4, 9]);
    const text = TokenText.of([1, 2, 3]);
    expect(heldPrefix(slot, text, 2)).toBe(2);
    const longer = text.append([4, 5, 6]);
    expect(heldPrefix(slot, longer, 5)).toBe(4);
    expect(heldPrefix(slot, longer, 5)).toBe(4);
  });

  it('forgets what it knew when the row is cut and filled with something else', async () => {
    const { slot } = await filled([1, 2, 3, 4]);
    const text = TokenText.of([1, 2, 3, 4, 5]);
    expect(heldPrefix(slot, text, 4)).toBe(4);
    await keepPrefix(slot, 2);
    expect(slot.sequence.length).toBe(2);
    slot.tokens.push(7, 7);
    expect(heldPrefix(slot, text, 4)).toBe(2);
  });

  it('starts anew for another text', async () => {
    const { slot } = await filled([1, 2, 3, 4]);
    expect(heldPrefix(slot, TokenText.of([1, 2, 3, 4]), 4)).toBe(4);
    expect(heldPrefix(slot, TokenText.of([1, 8, 3, 4]), 4)).toBe(1);
  });

  it('costs nothing for what has been compared before', async () => {
    const { slot } = await filled([1, 2, 3, 4]);
    let text = TokenText.of([1, 2]);
    expect(heldPrefix(slot, text, 2)).toBe(2);
    text = text.append([3, 4]);
    // Not looked at again, or the planted difference would be found.
    slot.tokens[0] = 99;
    expect(heldPrefix(slot, text, 4)).toBe(4);
  });
});

describe('SequenceSlots', () => {
  it('gives all rows back when it closes', async () => {
    const model = createToyModel({ seed: 1, role: 'target', sequences: 1 });
    const first = new SequenceSlots(model);
    expect(first.take(1, 'a')).toBeDefined();
    await first.close();
    expect(new SequenceSlots(model).take(1, 'a')).toBeDefined();
  });
});
