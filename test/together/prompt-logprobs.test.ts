// Log-probabilities of a prompt's tokens, and what an edge has of a prompt already: through a real edge with a toy target.

import { describe, expect, it } from 'vitest';
import { scriptModel } from '../../laboratory/engine-conformance/scripted.ts';
import type { Candidates } from '../../src/core/decoding/candidates.ts';
import { askedLogprobs, type TokenLogprobs } from '../../src/core/decoding/logprobs.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import type { TurnReport } from '../../src/processes/device/turn-report.ts';
import { startToyEdge, type ToyEdge, toyReference, toySeed, toyTurn } from './toy-edge.ts';

const prompt = Array.from({ length: 150 }, (_, index) => 300 + ((index * 37) % 500));
const top = 3;

/** From the model alone, one row after the other. */
async function expectedLogprobs(): Promise<TokenLogprobs[]> {
  const model = createToyModel({ seed: toySeed, role: 'target' });
  const sequence = model.openSequence();
  const found: TokenLogprobs[] = [];
  for (const [at, id] of prompt.slice(1).entries()) {
    const asks = [{ normalises: true, logitOf: id }];
    const [rows] = await model.evaluate([{ sequence, tokens: [prompt[at] as number], rows: 1, asks }]);
    const logprobs = askedLogprobs(rows?.[0] as Candidates, top);
    if (logprobs === null) throw new Error('no logit');
    found.push({ id, ...logprobs });
  }
  return found;
}

async function ask(edge: ToyEdge, options: Partial<TurnOptions> = {}): Promise<TurnReport> {
  const turn = startTurn(toyTurn(edge, { prompt, maxAnswerTokens: 12, drafter: null, ...options }));
  try {
    for await (const _ of turn);
  } catch {
    // The report has it.
  }
  return turn.report;
}

const scored = { promptLogprobs: top };
const conversation = 'c0'.repeat(16);

describe('logprobs of a prompt', () => {
  it('are those of the model alone, and the answer is as without them', async () => {
    await using edge = await startToyEdge();
    const report = await ask(edge, scored);
    expect(report.promptLogprobs).toEqual(await expectedLogprobs());
    expect(report.tokens).toEqual(await toyReference(neutralSampling, 12, prompt));
    expect((await ask(edge)).promptLogprobs).toBeUndefined();
  });

  it('come without an answer, where none is asked for', async () => {
    await using edge = await startToyEdge();
    for (const mode of ['ar', 'sd', 'stream'] as const) {
      const report = await ask(edge, { ...scored, mode, maxAnswerTokens: 0 });
      expect(report.promptLogprobs).toEqual(await expectedLogprobs());
      expect(report).toMatchObject({ tokens: [], text: '', outcome: { kind: 'ended', reason: 'length' } });
    }
    const one = await ask(edge, { ...scored, maxAnswerTokens: 0, prompt: [300] });
    expect(one).toMatchObject({ promptLogprobs: [], outcome: { kind: 'ended', reason: 'length' } });
    for (const wrong of [{ promptLogprobs: undefined }, { ...scored, begun: { tokens: [5] } }])
      expect(() => startTurn(toyTurn(edge, { ...wrong, maxAnswerTokens: 0 }))).toThrow('maxAnswerTokens is 0');
  });

  it('are found again from the start after a lost connection, and given once', async () => {
    const whole = createToyModel({ seed: toySeed, role: 'target', contextLength: 1024 });
    // The prompt takes several calls.
    const limits = { ...whole.limits, maxItemTokens: 63 };
    const model = scriptModel(
      { ...whole, limits },
      {
        beforeEvaluate: (items, call) => {
          if (call === 2 || call === 5) network.cut();
          rows.push(items[0]?.rows ?? 0);
        },
      },
    );
    const rows: number[] = [];
    await using edge = await startToyEdge({ model });
    const network = createInMemoryNetwork(edge.edge.accept);
    const report = await ask(edge, { ...scored, connect: network.connect });
    expect(report.connections).toBeGreaterThan(2);
    expect(report.promptLogprobs).toEqual(await expectedLogprobs());
    expect(report.tokens).toEqual(await toyReference(neutralSampling, 12, prompt));
    expect(rows.filter((count) => count > 1).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(prompt.length);
    network.close();
  });

  it('are refused in words by an engine that can not give them', async () => {
    const whole = createToyModel({ seed: toySeed, role: 'target', contextLength: 1024 });
    // The prompt takes several calls.
    const limits = { ...whole.limits, maxItemTokens: 63 };
    const model = scriptModel(
      { ...whole, limits },
      {
        afterEvaluate: (results) => results.map((rows) => rows.map(({ askedLogit: _asked, ...row }) => row)),
      },
    );
    await using edge = await startToyEdge({ model });
    const { outcome } = await ask(edge, scored);
    expect(outcome).toMatchObject({
      kind: 'failed',
      code: 'bad-argument',
      cause: expect.stringMatching(/no log-prob/),
    });
    expect((await ask(edge)).outcome).toMatchObject({ kind: 'ended' });
    expect(edge.edge.status.counts.faults).toBe(0);
  });
});

describe('what an edge has of a prompt', () => {
  it('is said of each turn, and is nothing where logprobs need every row', async () => {
    await using edge = await startToyEdge();
    const first = await ask(edge, { conversation });
    expect(first.heldTokens).toBe(0);
    const next = await ask(edge, { conversation, prompt: [...prompt, ...first.tokens, 301, 302] });
    expect(next.heldTokens).toBeGreaterThanOrEqual(prompt.length + first.tokens.length - 1);
    const read = edge.edge.status.prefillTokens;
    expect((await ask(edge, { conversation, ...scored })).heldTokens).toBe(0);
    expect(edge.edge.status.prefillTokens - read).toBe(prompt.length - 1);
  });

  it('is nothing of another namespace, of the same conversation and key', async () => {
    await using edge = await startToyEdge();
    const [one, other] = ['01'.repeat(16), '02'.repeat(16)];
    await ask(edge, { conversation, namespace: one });
    for (const [namespace, held] of [
      [other, 0],
      [undefined, 0],
      [one, prompt.length - 1],
    ] as const)
      expect((await ask(edge, { conversation, namespace })).heldTokens, namespace).toBe(held);
  });
});
