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
  let opened = 0;
  let closed = 0;
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
  const [known, slow] = [new Set<string>(), new Set<string>()];
  const spent: ((cpuMs: number) => void)[] = [];
  const engine: GrammarEngine = {
    isKnown: ({ text }) => known.has(text),
    isSlow: ({ text }) => slow.has(text),
    open: async (_, report) => {
      if (report !== undefined) spent.push(report);
      opened += 1;
      return matcher(opened === 1 ? () => gate.promise : async () => [mask, mask]);
    },
    async [Symbol.asyncDispose](): Promise<void> {},
  };
  const state = { incarnation: 1, generation: 1, open, text: TokenText.of([1, 2, 3]), ticket } as unknown as EdgeState;
  const entry: { state: EdgeState; key: { id: string }; grammar: SessionGrammar | null } = {
    state,
    key: { id: 'one' },
    grammar: null,
  };
  const clock = { nowMs: () => time.nowMs };
  const time = { nowMs: 5000 };
  const refused: unknown[] = [];
  const grammars = new EdgeGrammars<typeof entry>(engine, clock, {
    refused: (_, error) => void refused.push(error),
    ready: () => {},
  });
  return { gate, asked, entry, grammars, time, refused, known, slow, spent, counts: () => ({ opened, closed }) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('grammars of sessions', () => {
  it('ask nothing for a step whose session loses its place before its masks are asked for', async () => {
    const { entry, grammars, asked, counts } = scene();
    expect(grammars.isReady(entry)).toBe(false);
    await turn();
    expect(grammars.isReady(entry)).toBe(true);
    grammars.leave(entry);
    expect(await grammars.asks(entry, ticket)).toBeNull();
    expect(asked).toEqual([]);
    expect(counts()).toEqual({ opened: 1, closed: 1 });
  });

  it('drop a step whose session loses its place while they are made', async () => {
    const { entry, grammars, gate } = scene();
    grammars.isReady(entry);
    await turn();
    const asks = grammars.asks(entry, ticket);
    grammars.leave(entry);
    gate.reject(badArgument('the grammar is closed', 'ask again'));
    expect(await asks).toBeNull();
  });

  it('let a session that was opened again go on, whatever its earlier text has failed by', async () => {
    const { entry, grammars, gate } = scene();
    grammars.isReady(entry);
    await turn();
    const asks = grammars.asks(entry, ticket);
    entry.state = { ...entry.state, generation: 2, ticket: null };
    gate.reject(badArgument('the answer so far does not follow it', 'check it'));
    expect(await asks).toBeNull();
    expect(await grammars.asks(entry, ticket)).toBeNull();
  });

  it('that are not compiled wait where the key has used its processor time; quick ones that are, and other keys, do not', async () => {
    const { entry, grammars, gate, refused, known, slow, time, spent } = scene();
    grammars.isReady(entry);
    await turn();
    gate.reject(badArgument('it takes more than 0.4 s of the processor', 'send a simpler one', { cause: slowGrammar }));
    await expect(grammars.asks(entry, ticket)).rejects.toThrow(/more than/);
    const opened = async (one: typeof entry): Promise<boolean> => {
      grammars.isReady(one);
      await turn();
      return grammars.isReady(one);
    };
    // One that took too long keeps no other from being compiled.
    expect(await opened({ ...entry, grammar: null })).toBe(true);
    spent[0]?.(20_000);
    expect(await opened({ ...entry, grammar: null })).toBe(false);
    expect(refused).toMatchObject([{ code: 'rate-limited', remedy: expect.stringMatching(/^try again in 1 s/) }]);
    expect(await opened({ ...entry, key: { id: 'two' }, grammar: null })).toBe(true);
    known.add('root ::= "a"');
    expect(await opened({ ...entry, grammar: null })).toBe(true);
    // Its masks would take as much again.
    slow.add('root ::= "a"');
    expect(await opened({ ...entry, grammar: null })).toBe(false);
    slow.clear();
    known.clear();
    time.nowMs += 1000;
    expect(await opened({ ...entry, grammar: null })).toBe(true);
  });

  it('are opened one after the other for each key, a few may wait, and the keys take turns', async () => {
    const { entry, refused } = scene();
    const begun: string[] = [];
    const gates: ReturnType<typeof Promise.withResolvers<void>>[] = [];
    const engine: GrammarEngine = {
      open: async ({ text }) => {
        begun.push(text);
        gates.push(Promise.withResolvers());
        await gates.at(-1)?.promise;
        throw badArgument('it takes more work than a grammar may', 'send a simpler one');
      },
      async [Symbol.asyncDispose](): Promise<void> {},
    };
    const grammars = new EdgeGrammars<typeof entry>(
      engine,
      { nowMs: () => 0 },
      {
        refused: (_, error) => void refused.push(error),
        ready: () => {},
      },
    );
    const ask = (id: string, text: string): void => {
      const state = { ...entry.state, open: { ...open, grammar: { kind: 'ebnf', text } } } as unknown as EdgeState;
      grammars.isReady({ state, key: { id }, grammar: null });
    };
    for (const text of ['a1', 'a2', 'a3', 'a4', 'a5']) ask('a', text);
    ask('b', 'b1');
    await turn();
    expect(begun).toEqual(['a1', 'b1']);
    expect(refused).toMatchObject([{ code: 'rate-limited' }]);
    for (let index = 0; index < 5; index += 1) {
      gates[index]?.resolve();
      await turn();
    }
    expect(begun).toEqual(['a1', 'b1', 'a2', 'a3', 'a4']);
    expect(refused).toHaveLength(6);
    ask('a', 'a6');
    await turn();
    expect(begun.at(-1)).toBe('a6');
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
