// Logprobs of a real target: a token has the same ones, bit for bit, where it is written as an answer and where it is read as a prompt.

import { expect, it } from 'vitest';
import type { TokenLogprobs } from '../../src/core/decoding/logprobs.ts';
import { openModel } from '../../src/models/engines/open-model.ts';
import { acquireModel } from '../../src/models/files/acquire.ts';
import { defaultPair } from '../../src/models/files/manifest-data.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { startEdge } from '../../src/processes/edge/edge.ts';

it('has the same logprobs for an answer and for the prompt that repeats it', async () => {
  const { path } = await acquireModel(defaultPair.target);
  await using model = await openModel(path, { role: 'target', sequences: 2, contextLength: 512, exact: true });
  await using edge = await startEdge({ model });
  const { connect } = createInMemoryNetwork(edge.accept);
  // Longer than one call of the engine.
  const prompt = model.tokenizer.encodeChat([
    { role: 'system', content: 'You are a patient teacher of physics who explains things to children. '.repeat(5) },
    { role: 'user', content: 'Explain in five sentences why the sky is blue.' },
  ]);
  expect(prompt.length).toBeGreaterThan(70);
  const asked = {
    connect,
    tokenizer: model.tokenizer,
    drafter: null,
    sampling: { temperature: 0.7, seed: 5n },
  } as const;
  const turn = startTurn({ ...asked, prompt, maxAnswerTokens: 70, topLogprobs: 5 });
  const written: TokenLogprobs[] = [];
  for await (const { logprobs = [] } of turn) written.push(...logprobs);
  const ids = written.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(20);
  const read = startTurn({ ...asked, prompt: [...prompt, ...ids], maxAnswerTokens: 0, promptLogprobs: 5 });
  for await (const _ of read);
  const { promptLogprobs = [] } = await read.report;
  expect(promptLogprobs).toHaveLength(prompt.length + ids.length - 1);
  expect(promptLogprobs.slice(-ids.length)).toEqual(written);
});
