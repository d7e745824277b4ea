import { describe, expect, it } from 'vitest';
import { limits } from '../../core/protocol/wire/limits.ts';
import { createToyModel } from '../../models/port/toy.ts';
import type { EdgeList } from '../device/edge-list.ts';
import { demandRoomFor, KnownContext } from './known-context.ts';

describe('room for a prompt', () => {
  const demand = (content: string, count: number, tokens = 2048) => {
    const messages = Array.from({ length: count }, () => ({ role: 'user' as const, content }));
    // What is known of a tokenizer is kept: a new one for each.
    const { tokenizer } = createToyModel({ seed: 1, role: 'target' });
    return demandRoomFor({ kind: 'chat', messages }, tokenizer, { tokens: async () => tokens });
  };

  it('is refused to more messages than it has tokens, though they are empty', async () => {
    await expect(demand('', 80_000)).rejects.toMatchObject({ code: 'context-full' });
    await expect(demand('', 80_000, 262_144)).resolves.toBeUndefined();
  });

  it('is refused to a prompt that no frame holds, whatever answer is asked for', async () => {
    const context = new KnownContext({ edges: new Map() } as unknown as EdgeList, () => 0);
    context.learn({ contextLength: 1_000_000 });
    const room = (promptTokens: number) => context.room({ maxTokens: 5 }, promptTokens);
    await expect(room(limits.textTokens)).rejects.toMatchObject({ code: 'context-full' });
    await expect(room(limits.textTokens - 1)).resolves.toBe(5);
  });

  it.each([
    ['the last edge that has said it', 300, 300, 110_000],
    ['no edge with a larger one', 300, 900, 60_000],
    ['an edge with a smaller one', 900, 300, 110_000],
  ])('counts for a minute from %s', async (_what, first, second, untilMs) => {
    let nowMs = 0;
    const context = new KnownContext({ edges: new Map() } as unknown as EdgeList, () => nowMs);
    context.learn({ contextLength: first });
    nowMs = 50_000;
    context.learn({ contextLength: second });
    nowMs = untilMs - 1;
    expect(await context.tokens()).toBe(300);
    nowMs = untilMs;
    await expect(context.tokens()).rejects.toMatchObject({ code: 'edge-unreachable' });
  });

  it('is refused to a long text, and to no short one', async () => {
    await expect(demand('x'.repeat(1_000_000), 1)).rejects.toMatchObject({ code: 'context-full' });
    await expect(demand('x', 100)).resolves.toBeUndefined();
    // The toy's tokens have several characters.
    await expect(demand('x'.repeat(80_000), 1, 80_000)).resolves.toBeUndefined();
  });
});
