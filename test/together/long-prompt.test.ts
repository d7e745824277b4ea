// A long prompt at an edge whose engine takes longer for each token the more of the text comes before it, by a clock of its own.

import { expect, it } from 'vitest';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { startEdge } from '../../src/processes/edge/edge.ts';

const promptTokens = 4000;

/** The toy, at 10 ms a call and some for each token. @returns with the time that decoding alone would have taken so far */
function createSlowModel() {
  const toy = createToyModel({ seed: 1, role: 'target', contextLength: 8000, sequences: 4 });
  const spent = { ms: 0, decodingMs: 0, steps: 0 };
  const model: LanguageModel = {
    ...toy,
    evaluate(items) {
      const costOf = (chosen: typeof items): number =>
        chosen.reduce((sum, { tokens, sequence }) => sum + tokens.length * (0.1 + 0.01 * sequence.length), 10);
      const decoding = items.filter(({ rows }) => rows > 0);
      spent.ms += costOf(items);
      spent.decodingMs += decoding.length === 0 ? 0 : costOf(decoding);
      spent.steps += 1;
      return toy.evaluate(items);
    },
  };
  return { model, spent };
}

const ids = (count: number, from: number): number[] =>
  Array.from({ length: count }, (_, index) => from + (index % 900));

it('has as much of the time as the session that decodes, and does not keep a short prompt from being read', async () => {
  const { model, spent } = createSlowModel();
  await using edge = await startEdge({ model, clock: { ...machineClock, nowMs: () => spent.ms } });
  const network = createInMemoryNetwork(edge.accept);
  const ask = (prompt: readonly number[], maxAnswerTokens: number) =>
    startTurn({ connect: network.connect, tokenizer: model.tokenizer, drafter: null, prompt, maxAnswerTokens });
  const writer = ask(ids(20, 1000), 6000);
  const tokens = writer[Symbol.asyncIterator]();
  await tokens.next();
  const writing = (async () => {
    while ((await tokens.next()).done !== true);
  })();
  const before = { ...spent };
  const long = ask(ids(promptTokens, 3000), 1);
  while (edge.status.prefillTokens < promptTokens / 2) await new Promise((resolve) => setImmediate(resolve));
  const atShort = spent.steps;
  await ask(ids(40, 7000), 1).report;
  // A chunk takes at most three times as long as the other rows, and every second one is of the long prompt.
  expect(spent.steps - atShort).toBeLessThan(9);
  expect(edge.status.prefillTokens).toBeLessThan(promptTokens);
  expect((await long.report).outcome.kind).toBe('ended');
  const slowdown = (spent.ms - before.ms) / (spent.decodingMs - before.decodingMs);
  expect(slowdown).toBeLessThanOrEqual(2.1);
  expect(slowdown).toBeGreaterThan(1.8);
  writer.stop();
  await writing;
  network.close();
});
