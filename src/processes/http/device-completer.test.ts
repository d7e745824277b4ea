// What a local model is not asked for while no edge answers: it could not keep it.

import { expect, it } from 'vitest';
import { OutriderError } from '../../core/basics/errors.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { ModelDrafter } from '../../models/port/drafter.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { createDevice } from '../device/device.ts';
import type { CompletionRequest } from './completion-port.ts';
import { createDeviceCompleter } from './device-completer.ts';

const model = createToyModel({ seed: 3, role: 'target', sequences: 4 });
const { tokenizer } = model;
const drafter = new ModelDrafter(model);
const gone = () => Promise.reject(new OutriderError('edge-unreachable', 'nobody answers', 'try again'));
const completer = createDeviceCompleter({
  device: createDevice({ edge: gone, tokenizer, drafter }),
  model: 'toy',
  nowMs: () => performance.now(),
  waitMs: 1,
  local: { tokenizer, drafter },
});
const request = (more: Partial<CompletionRequest>): CompletionRequest => ({
  prompt: { kind: 'text', text: 'Hi' },
  sampling: neutralSampling,
  stopStrings: [],
  maxTokens: 2,
  isStreamed: false,
  credentials: undefined,
  signal: new AbortController().signal,
  ...more,
});

async function textOf(asked: CompletionRequest): Promise<string> {
  let text = '';
  for await (const round of (await completer.start(asked)).rounds) text += round.text;
  return text;
}

it('lets a local model write a text, and neither logprobs nor an echo', async () => {
  expect((await textOf(request({}))).length).toBeGreaterThan(0);
  for (const more of [{ topLogprobs: 0 }, { echo: { topLogprobs: null } }, { echo: { topLogprobs: 1 } }])
    await expect(textOf(request(more))).rejects.toMatchObject({ code: 'edge-unreachable' });
});
