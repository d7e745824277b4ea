// Which model is asked, and which is not.

import { expect, it } from 'vitest';
import { startToyEdge } from '../../../test/together/toy-edge.ts';
import { defined } from '../../core/basics/defined.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { type Drafter, ModelDrafter } from '../../models/port/drafter.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
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

async function textOf(asked: CompletionRequest, by = completer): Promise<string> {
  let text = '';
  for await (const round of (await by.start(asked)).rounds) text += round.text;
  return text;
}

it('lets a local model write a text, and neither logprobs nor an echo', async () => {
  expect((await textOf(request({}))).length).toBeGreaterThan(0);
  for (const more of [{ topLogprobs: 0 }, { echo: { topLogprobs: null } }, { echo: { topLogprobs: 1 } }])
    await expect(textOf(request(more))).rejects.toMatchObject({ code: 'edge-unreachable' });
});

it.each([undefined, 'input'])('names the field %s of a prompt that has no token', async (promptField) => {
  const asked = request({ prompt: { kind: 'text', text: '' }, ...defined({ promptField }) });
  const param = promptField ?? 'prompt';
  await expect(textOf(asked)).rejects.toMatchObject({ status: 400, code: 'invalid_value', param });
});

it('lets the draft model help a prediction only where it would draft without one', async () => {
  await using edge = await startToyEdge();
  const dear = { stepMs: [60, 120, 180, 240, 300, 360, 420, 480], edgeDraftMs: null };
  const draftsOf = async (isDear: boolean, mode: 'auto' | 'mix'): Promise<number> => {
    let drafts = 0;
    const counted: Drafter = {
      draft: async () => {
        drafts += 1;
        return null;
      },
      async [Symbol.asyncDispose]() {},
    };
    const device = createDevice({
      edge: connectWebSocket(edge.url),
      tokenizer: edge.target.tokenizer,
      drafter: counted,
    });
    // An edge whose step costs as much as the tokens in it: drafts save nothing there.
    const earlier = device.auto.follow({ canDraft: true });
    if (isDear) earlier.greeted('ws', dear);
    const nowMs = () => performance.now();
    await textOf(
      request({ prediction: 'nothing like it', maxTokens: 12 }),
      createDeviceCompleter({ device, mode, model: 'toy', nowMs }),
    );
    return drafts;
  };
  expect(await draftsOf(true, 'auto')).toBe(0);
  expect(await draftsOf(false, 'auto')).toBeGreaterThan(0);
  expect(await draftsOf(true, 'mix')).toBeGreaterThan(0);
});

it.each(['Hello', '\uFEFFHello', '\u2028\uFEFF', ''])('names the stop text after %j', async (text) => {
  const written = tokenizer.encode(`${text} END rest`);
  const writer: Drafter = {
    draft: async () => ({ token: written.shift() as number, confidence: 1 }),
    async [Symbol.asyncDispose]() {},
  };
  const device = createDevice({ edge: gone, tokenizer, drafter });
  const local = { tokenizer, drafter: writer };
  const by = createDeviceCompleter({ device, model: 'toy', nowMs: () => performance.now(), waitMs: 1, local });
  const { rounds, end } = await by.start(request({ maxTokens: 99, stopStrings: ['\uFEFFEND', 'END', 'ND'] }));
  let answer = '';
  for await (const round of rounds) answer += round.text;
  expect([answer, (await end).stopText]).toEqual([`${text} `, 'END']);
});
