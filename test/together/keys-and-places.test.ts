// Several keys at one edge: whose memory, sessions, rows and places they are.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { type EdgeKey, edgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import type { Turn } from '../../src/processes/device/turn.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import { startToyEdge, type ToyEdge, toyReference, toyTurn } from './toy-edge.ts';

const keyOf = (credentials: string): EdgeKey => edgeKey(credentials);
const conversation = 'c0'.repeat(16);

async function ask(edge: ToyEdge, options: Partial<TurnOptions>): Promise<number> {
  const before = edge.edge.status.prefillTokens;
  const report = await startTurn(toyTurn(edge, { mode: 'ar', drafter: null, maxAnswerTokens: 1, ...options })).report;
  expect(report.outcome).toMatchObject({ kind: 'ended' });
  return edge.edge.status.prefillTokens - before;
}

async function until(isTrue: () => boolean, limitMs = 30_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isTrue() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isTrue()).toBe(true);
}

describe('prompt memory', () => {
  const secret = Array.from({ length: 400 }, (_, index) => 100 + ((index * 37) % 900));

  it.each([
    ['another key', { credentials: 'other', conversation }],
    ['another namespace of the same key', { credentials: 'owner', conversation, namespace: 'd1'.repeat(16) }],
  ])('tells %s nothing: a right guess evaluates as many tokens as a wrong one', async (_who, guesser) => {
    await using edge = await startToyEdge({ sequences: 1, keyOf });
    await ask(edge, { credentials: 'owner', conversation, prompt: secret });
    const right = await ask(edge, { ...guesser, prompt: secret });
    await ask(edge, { credentials: 'owner', conversation, prompt: secret });
    const half = await ask(edge, { ...guesser, prompt: secret.map((id, at) => (at < 200 ? id : 7)) });
    await ask(edge, { credentials: 'owner', conversation, prompt: secret });
    const wrong = await ask(edge, { ...guesser, prompt: secret.map(() => 7) });
    expect([right, half]).toEqual([wrong, wrong]);
    expect(wrong).toBe(secret.length - 1);
  });

  it('is reused by the next text of the same key that begins so, whatever its conversation', async () => {
    await using edge = await startToyEdge({ sequences: 1, keyOf });
    await ask(edge, { credentials: 'owner', conversation, prompt: secret });
    expect(await ask(edge, { credentials: 'owner', prompt: [...secret, 5, 6] })).toBeLessThan(5);
  });
});

describe('a key that is withdrawn', () => {
  it('ends its sessions at once, and no others', async () => {
    await using edge = await startToyEdge({ keyOf });
    const turn = (credentials: string): Turn => startTurn(toyTurn(edge, { credentials, maxAnswerTokens: 300 }));
    const [one, other] = [turn('one'), turn('other')];
    await until(() => edge.edge.status.sessions === 2 && edge.edge.status.steps > 5);
    edge.edge.renewKeys((id) => (id === 'one' ? null : edgeKey(id)));
    expect((await one.report).outcome).toMatchObject({ kind: 'failed', code: 'unauthorized' });
    expect((await other.report).tokens).toEqual(await toyReference(neutralSampling, 300));
  });
});

describe('an edge with fewer places than sessions', () => {
  it('lets turns wait, tells them so, and writes every text', async () => {
    await using edge = await startToyEdge({ sequences: 2 });
    const ahead: number[][] = Array.from({ length: 6 }, () => []);
    const turns = ahead.map((told) => startTurn(toyTurn(edge, { onQueued: (count) => void told.push(count) })));
    const reference = await toyReference(neutralSampling, 60);
    for (const turn of turns) expect((await turn.report).tokens).toEqual(reference);
    expect(ahead.filter((told) => told.length > 0)).toHaveLength(4);
    expect(ahead.flat()).toContain(3);
  });

  it('takes a place of a key that has several for a key that has none; all texts are right', async () => {
    await using edge = await startToyEdge({ sequences: 2, keyOf });
    const turn = (credentials: string, tokens: number): Turn =>
      startTurn(toyTurn(edge, { credentials, maxAnswerTokens: tokens }));
    const greedy = [turn('greedy', 400), turn('greedy', 400)];
    await until(() => edge.edge.status.steps > 5);
    const modest = await turn('modest', 60).report;
    expect(modest.tokens).toEqual(await toyReference(neutralSampling, 60));
    const reference = await toyReference(neutralSampling, 400);
    for (const one of greedy) expect((await one.report).tokens).toEqual(reference);
  });
});

describe('rows', () => {
  it('are shared by key, then by session', async () => {
    await using edge = await startToyEdge({ sequences: 8, keyOf, maxRows: 2 });
    const turn = (credentials: string): Turn =>
      startTurn(toyTurn(edge, { credentials, mode: 'ar', drafter: null, maxAnswerTokens: 4000 }));
    const many = Array.from({ length: 7 }, () => turn('many'));
    const single = turn('single');
    const written = (turns: readonly Turn[]): number => {
      return turns.reduce((total, one) => total + one.status.writtenTokens, 0);
    };
    // Only steps count in which all of them read.
    await until(() => [...many, single].every((one) => one.status.writtenTokens > 0), 20_000);
    const [manyBefore, singleBefore] = [written(many), written([single])];
    const { steps } = edge.edge.status;
    await until(() => edge.edge.status.steps > steps + 150, 20_000);
    const [ofMany, ofSingle] = [written(many) - manyBefore, written([single]) - singleBefore];
    for (const one of [...many, single]) one.stop();
    await Promise.all([...many, single].map((one) => one.report));
    // Two rows a step: one for each key.
    expect(ofSingle).toBeGreaterThan(0.9 * ofMany);
  });
});
