// A reader who leaves the loop over an answer stops it, on the device and on the edge.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { startLocalTurn } from '../../src/processes/device/local-turn.ts';
import { startTurn, type Turn } from '../../src/processes/device/turn.ts';
import { startToyEdge, toyDrafter, toyPrompt, toyReference, toyTurn } from './toy-edge.ts';

/** The edge takes 4 ms a token, so the whole answer would take 4 s at least. */
const longAnswer = { maxAnswerTokens: 1000, drafter: null };

async function expectStopped(turn: Turn): Promise<void> {
  const report = await turn.report;
  expect(report.outcome.kind).toBe('stopped');
  expect(report.tokens.length).toBeLessThan(500);
  expect(report.tokens).toEqual((await toyReference(neutralSampling, 500)).slice(0, report.tokens.length));
}

describe('an answer stops', () => {
  it('when its reader breaks out of the loop, and the edge forgets the session', async () => {
    await using edge = await startToyEdge();
    const turn = startTurn(toyTurn(edge, longAnswer));
    for await (const { tokens } of turn) if (tokens.length > 0) break;
    await expectStopped(turn);
    await expect.poll(() => edge.edge.status.sessions).toBe(0);
  });

  it('when the body of the loop throws, and the error stays that of the body', async () => {
    await using edge = await startToyEdge();
    const turn = startTurn(toyTurn(edge, longAnswer));
    const read = async (): Promise<void> => {
      for await (const _ of turn) throw new Error('of the reader');
    };
    await expect(read()).rejects.toThrow('of the reader');
    await expectStopped(turn);
    await expect.poll(() => edge.edge.status.sessions).toBe(0);
  });

  it('when its iterator is told to return before anything was read, also while it waits', async () => {
    await using edge = await startToyEdge();
    const turn = startTurn(toyTurn(edge, longAnswer));
    const iterator = turn[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return?.();
    await waiting;
    await expectStopped(turn);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('without an edge as well', async () => {
    const { tokenizer } = (await startToyEdge()).target;
    const turn = startLocalTurn({ tokenizer, drafter: toyDrafter(0.8), prompt: toyPrompt, maxAnswerTokens: 100_000 });
    for await (const _ of turn) break;
    expect((await turn.report).outcome.kind).toBe('stopped');
  });
});

describe('an answer that has ended', () => {
  it('stays ended, however its reader leaves', async () => {
    await using edge = await startToyEdge();
    const turn = startTurn(toyTurn(edge, { maxAnswerTokens: 20 }));
    await turn.report;
    for await (const _ of turn) break;
    expect((await turn.report).outcome.kind).toBe('ended');
  });

  it('says so when it is iterated a second time', async () => {
    await using edge = await startToyEdge();
    const turn = startTurn(toyTurn(edge, { maxAnswerTokens: 5 }));
    for await (const _ of turn);
    const again = async (): Promise<void> => {
      for await (const _ of turn);
    };
    await expect(again()).rejects.toMatchObject({ code: 'bad-argument', message: /second time/ });
  });

  it('throws its failure once, after what was received', async () => {
    await using edge = await startToyEdge();
    const turn = startTurn(
      toyTurn(edge, { credentials: 'x', tokenizer: { ...edge.target.tokenizer, hash: '00'.repeat(32) } }),
    );
    const iterator = turn[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toMatchObject({ code: 'tokenizer-mismatch' });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});
