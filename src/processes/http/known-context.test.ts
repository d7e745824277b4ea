import { describe, expect, it } from 'vitest';
import { createToyModel } from '../../models/port/toy.ts';
import { demandRoomFor } from './known-context.ts';

describe('room for a prompt', () => {
  const { tokenizer } = createToyModel({ seed: 1, role: 'target' });
  const demand = (content: string, count: number, tokens = 2048) => {
    const messages = Array.from({ length: count }, () => ({ role: 'user' as const, content }));
    return demandRoomFor({ kind: 'chat', messages }, tokenizer, { tokens: async () => tokens });
  };

  it('is refused to more messages than it has tokens, though they are empty', async () => {
    await expect(demand('', 80_000)).rejects.toMatchObject({ code: 'context-full' });
    await expect(demand('', 80_000, 262_144)).resolves.toBeUndefined();
  });

  it('is refused to a long text, and to no short one', async () => {
    await expect(demand('x'.repeat(1_000_000), 1)).rejects.toMatchObject({ code: 'context-full' });
    await expect(demand('x', 100)).resolves.toBeUndefined();
  });
});
