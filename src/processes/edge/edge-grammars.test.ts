import { describe, expect, it } from 'vitest';
import { badArgument } from '../../core/basics/errors.ts';
import { TokenText } from '../../core/decoding/token-text.ts';
import type { EdgeState, StepTicket } from '../../core/protocol/edge/edge-state.ts';
import { type GrammarEngine, type GrammarMatcher, slowGrammar } from '../../models/port/grammar-engine.ts';
import { EdgeGrammars, type SessionGrammar } from './edge-grammars.ts';

const mask = Uint32Array.of(5);
const ticket: StepTicket = { incarnation: 1, generation: 1, length: 3, drafts: [7], deviceDrafts: 1 };
const open = { prompt: [1, 2], sampling: { logitBias: [] }, grammar: { kind: 'ebnf', text: 'root ::= "a"' } };

/** A matcher whose masks come when they are let through. */
function scene() {
  const gate = Promise.withResolvers<readonly Uint32Array[]>();
  const asked: (readonly number[])[] = [];
  let [opened, closed] = [0, 0];
  const matcher = (masks: () => Promise<readonly Uint32Array[]>): GrammarMatcher => ({
    masks: (_length, from) => {
      asked.push(from(0));
      return masks();
    },
    next: async () => null,
    close: () => {
      closed += 1;
    },
  });
  const engine: GrammarEngine = {
    open: async () => {
      opened += 1;
      return matcher(opened === 1 ? () => gate.promise : async () => [mask, mask]);
    },
    async [Symbol.asyncDispose](): Promise<void> {},
  };
  const state = { incarnation: 1, generation: 1, open, text: TokenText.of([1, 2, 3]), ticket } as unknown as EdgeState;
  const entry: { state: EdgeState; key: { id: string }; grammar: SessionGrammar | null } = {
    ...{ state, key: { id: 'one' }, grammar: null },
  };
  const clock = { nowMs: () => time.nowMs };
  const time = { nowMs: 5000 };
  const refused: unknown[] = [];
  const grammars = new EdgeGrammars<typeof entry>(engine, clock, {
    refused: (_, error) => void refused.push(error),
    ready: () => {},
  });
  return { gate, asked, entry, grammars, time, refused, counts: () => ({ opened, closed }) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const masked = [mask, mask].map((allowed) => ({ allowed, bias: undefined, normalises: false }));

describe('grammars of sessions', () => {
  it('keep the grammar of a step whose session loses its place before the masks are asked for', async () => {
    const { entry, grammars, asked, counts } = scene();
    expect(grammars.isReady(entry)).toBe(false);
    await turn();
    expect(grammars.isReady(entry)).toBe(true);
    grammars.leave(entry);
    expect(await grammars.asks(entry, ticket)).toEqual(masked);
    expect(asked).toEqual([[3]]);
    expect(counts()).toEqual({ opened: 2, closed: 2 });
  });

  it('keep it where the place is lost while they are made', async () => {
    const { entry, grammars, gate } = scene();
    grammars.isReady(entry);
    await turn();
    const asks = grammars.asks(entry, ticket);
    grammars.leave(entry);
    gate.reject(badArgument('the grammar is closed', 'ask again'));
    expect(await asks).toEqual(masked);
  });

  it('let a session that was opened again go on, whatever its earlier text has failed by', async () => {
    const { entry, grammars, gate } = scene();
    grammars.isReady(entry);
    await turn();
    const asks = grammars.asks(entry, ticket);
    entry.state = { ...entry.state, generation: 2, ticket: null };
    gate.reject(badArgument('the answer so far does not follow it', 'check it'));
    expect(await asks).toBeUndefined();
    expect(await grammars.asks(entry, ticket)).toBeUndefined();
  });

  it('are opened for a key again some seconds after one of its own took too long, and for others at once', async () => {
    const { entry, grammars, gate, time, refused } = scene();
    grammars.isReady(entry);
    await turn();
    const asks = grammars.asks(entry, ticket);
    gate.reject(badArgument('it takes longer than 0.4 s', 'send a simpler one', { cause: slowGrammar }));
    await expect(asks).rejects.toThrow(/longer/);
    const next = { ...entry, grammar: null };
    const other = { ...entry, key: { id: 'two' }, grammar: null };
    expect([grammars.isReady(next), grammars.isReady(other)]).toEqual([false, false]);
    await turn();
    expect(refused).toMatchObject([{ code: 'rate-limited', remedy: expect.stringContaining('try again in 10 s') }]);
    expect([grammars.isReady(next), grammars.isReady(other)]).toEqual([false, true]);
    time.nowMs += 10_001;
    const later = { ...entry, grammar: null };
    grammars.isReady(later);
    await turn();
    expect(grammars.isReady(later)).toBe(true);
  });

  it('are opened a few at a time for each key', async () => {
    const { entry, grammars, refused } = scene();
    const many = Array.from({ length: 6 }, () => ({ ...entry, grammar: null }));
    for (const one of many) grammars.isReady(one);
    grammars.isReady({ ...entry, key: { id: 'two' }, grammar: null });
    await turn();
    expect(refused).toHaveLength(2);
    expect(many.filter((one) => grammars.isReady(one))).toHaveLength(4);
  });

  it('end a session that does not follow its grammar', async () => {
    const { entry, grammars, gate } = scene();
    grammars.isReady(entry);
    await turn();
    const asks = grammars.asks(entry, ticket);
    gate.reject(badArgument('the answer so far does not follow it', 'check it'));
    await expect(asks).rejects.toThrow(/does not follow/);
  });
});
