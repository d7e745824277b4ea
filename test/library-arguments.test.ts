// The mistakes of a JavaScript user, whom no types tell: each is `bad-argument` with the field, before anything is sent or opened.

import { describe, expect, it } from 'vitest';
import {
  type AskOptions,
  createDevice,
  createNgramModel,
  createToyModel,
  type DeviceParts,
  ModelDrafter,
  probeEdge,
  startLocalTurn,
  startTurn,
} from '../src/api/device.ts';
import { edgeKey, startEdge } from '../src/api/edge.ts';
import { type DeviceOptions, type EdgeOptions, listenEdge, openDevice, openModel } from '../src/api/index.ts';
import { startToyEdge, toyReference } from './together/toy-edge.ts';

const model = createToyModel({ seed: 1, role: 'draft' });
const { tokenizer } = model;
const target = createToyModel({ seed: 1, role: 'target' });
const drafter = new ModelDrafter(model);
const parts: DeviceParts = {
  tokenizer,
  drafter,
  edge: () => Promise.reject(new Error('something was sent')),
};

/** Any value, as JavaScript gives it. */
// biome-ignore lint/suspicious/noExplicitAny: mistakes have the wrong type
const wrong = (value: unknown): any => value;

const refusal = (field: string, remedy = '') => ({
  code: 'bad-argument',
  message: expect.stringContaining(field),
  remedy: expect.stringContaining(remedy),
});

describe('ask', () => {
  it.each<[object, string, string?]>([
    [{ mode: 'turbo' }, 'ask: mode is "turbo"', '"stream"'],
    [{ mode: 'steam' }, 'ask: mode', '"stream"'],
    [{ pacing: 'stream' }, 'no option "pacing"'],
    [{ maxTokens: 5 }, 'no option "maxTokens"', 'maxAnswerTokens,'],
    [{ maxAnswerTokens: -1 }, 'maxAnswerTokens is -1', 'from 0 to'],
    [{ maxAnswerTokens: 0 }, 'maxAnswerTokens is 0', 'at least 1'],
    [{ promptLogprobs: 21 }, 'promptLogprobs is 21', 'from 0 to 20'],
    [{ namespace: '0'.repeat(32) }, 'namespace is', 'not all zero'],
    [{ maxAnswerTokens: '40' }, 'maxAnswerTokens is "40"'],
    [{ maxAhead: 0 }, 'maxAhead is 0'],
    [{ flowControlWindow: 1 }, 'flowControlWindow is 1', 'from 16'],
    [{ draftLength: 1.5 }, 'draftLength is 1.5'],
    [{ minChainConfidence: 2 }, 'minChainConfidence is 2', '"auto"'],
    [{ conversation: 'xyz' }, 'conversation is "xyz"', '32 hex digits'],
    [{ stopStrings: 'gi' }, 'stopStrings is "gi"', 'list'],
    [{ stopStrings: ['a', 'b', 'c', 'd', 'e'] }, '5 stop strings'],
    [{ sampling: { temprature: 1 } }, 'sampling has no option', 'temperature,'],
    [{ sampling: { temperature: '0.8' } }, 'sampling.temperature is "0.8"'],
    [{ sampling: { topK: 65 } }, 'topK is 65'],
    [{ sampling: { seed: 1.5 } }, 'sampling.seed is 1.5', 'bigint'],
    [{ sampling: { seed: -1 } }, 'sampling.seed is -1'],
    [{ sampling: { seed: 2 ** 53 } }, 'sampling.seed'],
    [{ sampling: { logitBias: { 5: 1 } } }, 'sampling.logitBias is an object', 'pairs'],
    [{ liveness: { pingAfterMs: 5 } }, 'liveness.lostAfterMs is missing'],
    [{ signal: 'stop' }, 'signal is "stop"', 'AbortSignal'],
    [{ onStep: 1 }, 'onStep is 1', 'function'],
    [wrong('stream'), 'its options are "stream"'],
  ])('refuses the options %o', (options, field, remedy) => {
    expect(() => createDevice(parts).ask('hello', options as AskOptions)).toThrow(
      expect.objectContaining(refusal(field, remedy)),
    );
  });

  it.each<[unknown, string, string?]>([
    [undefined, 'question is missing', 'messages'],
    [[], 'question is an empty list'],
    [['hello'], 'question[0] is "hello"', 'role, content'],
    [[{ role: 'user', content: 5 }], 'question[0].content is 5'],
    [[{ role: 'bot', content: 'a' }], 'question[0].role is "bot"', '"assistant"'],
    [
      [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
      'question[1].role is "assistant"',
      'last',
    ],
  ])('refuses the question %o', (question, field, remedy) => {
    expect(() => createDevice(parts).ask(wrong(question))).toThrow(expect.objectContaining(refusal(field, remedy)));
  });

  it('takes partial sampling and a seed that is a number, and fields of the application in messages', async () => {
    await using edge = await startToyEdge();
    const device = createDevice({ edge: edge.url, tokenizer, drafter });
    const question = [{ role: 'user', content: 'hello', at: 'noon' } as const];
    const answers = [
      { temperature: 0.8, seed: 42 },
      { temperature: 0.8, seed: 42n, topK: undefined },
    ].map((sampling) => device.ask(question, { maxAnswerTokens: 30, sampling: wrong(sampling) }).report);
    const [first, second] = await Promise.all(answers);
    const prompt = tokenizer.encodeChat(question);
    const whole = { topK: 0, topP: 1, minP: 0, presencePenalty: 0, frequencyPenalty: 0, repetitionPenalty: 1 };
    const sampling = { ...whole, logitBias: [], temperature: 0.8, seed: 42n };
    expect(first?.tokens).toEqual(await toyReference(sampling, 30, prompt));
    expect(second?.tokens).toEqual(first?.tokens);
  });
});

describe('the other calls', () => {
  it.each<[string, () => unknown, string, string?]>([
    ['createDevice', () => createDevice(wrong({})), 'createDevice: edge is missing', 'ws://'],
    ['createDevice', () => createDevice(wrong({ ...parts, tokenizer: 'toy:1' })), 'tokenizer is "toy:1"'],
    ['createDevice', () => createDevice(wrong({ ...parts, drafter: undefined })), 'drafter is missing', 'null'],
    ['createDevice', () => createDevice(wrong({ ...parts, key: 'k' })), 'no option "key"', 'credentials'],
    ['createDevice', () => createDevice({ ...parts, edge: 'edge' }), '"edge" is not the address'],
    ['startTurn', () => startTurn(wrong({ tokenizer, drafter, prompt: [1] })), 'startTurn: connect is missing'],
    ['startTurn', () => startTurn(wrong({ ...turnParts(), prompt: [] })), 'prompt is a list', 'at least one'],
    ['startTurn', () => startTurn(wrong({ ...turnParts(), prompt: [1 << 20] })), 'prompt', 'vocabulary'],
    ['startLocalTurn', () => startLocalTurn(wrong({ tokenizer, prompt: [1] })), 'startLocalTurn: drafter is missing'],
    [
      'startLocalTurn',
      () => startLocalTurn(wrong({ tokenizer, drafter, prompt: [1], mode: 'ar' })),
      'no option "mode"',
    ],
    ['createNgramModel', () => createNgramModel(wrong({})), 'createNgramModel: tokenizer is missing'],
    ['edgeKey', () => edgeKey(wrong(undefined)), 'edgeKey: id is missing'],
    ['edgeKey', () => edgeKey('a', { share: -1 }), 'edgeKey: share is -1', 'from 0.001'],
    ['edgeKey', () => edgeKey('a', wrong({ sessions: 1 })), 'edgeKey has no option "sessions"', 'maxSessions'],
  ])('%s throws at once', (_, call, field, remedy) => {
    expect(call).toThrow(expect.objectContaining(refusal(field, remedy)));
  });

  it.each<[string, () => Promise<unknown>, string, string?]>([
    ['openDevice', () => openDevice(wrong({})), 'openDevice: edge is missing', 'ws://'],
    ['openDevice', () => openDevice(wrong(undefined)), 'openDevice: its options are missing'],
    ['openDevice', () => openDevice(wrong({ edge: 'ws://a', draft: 5 })), 'draft is 5'],
    ['openDevice', () => openDevice({ edge: 'ws://a', model: 'x' } as DeviceOptions), 'no option "model"'],
    ['openModel', () => openModel(wrong(undefined), wrong({})), 'openModel: the model is missing'],
    ['openModel', () => openModel('toy:1', wrong({})), 'openModel: role is missing', '"target"'],
    ['openModel', () => openModel('toy:1', wrong({ ...size, gpu: 'cuda12' })), 'gpu is "cuda12"', 'cuda'],
    ['openModel', () => openModel('toy:1', wrong({ ...size, sequences: 0 })), 'sequences is 0'],
    ['startEdge', () => startEdge(wrong({})), 'startEdge: model is missing'],
    ['startEdge', () => startEdge({ model, admits: 'k' } as EdgeOptions), 'startEdge has no option "admits"'],
    ['startEdge', () => startEdge(wrong({ model, keyOf: 'k' })), 'keyOf is "k"', 'function'],
    ['startEdge', () => startEdge(wrong({ model, stepTime: 40 })), 'stepTime is 40', 'linearStepTime'],
    ['drain', async () => (await startEdge({ model: target })).drain(wrong('30')), 'drain: forMs is "30"'],
    ['listenEdge', () => listenEdge(wrong({}), wrong({})), 'listenEdge: the edge is an object', 'startEdge'],
    ['listenEdge', () => listenEdge(wrong({ accept() {} }), wrong({ host: 'localhost' })), 'port is missing'],
    ['probeEdge', () => probeEdge(wrong(undefined)), 'probeEdge: edge is missing'],
  ])('%s rejects', async (_, call, field, remedy) => {
    await expect(call()).rejects.toMatchObject(refusal(field, remedy));
  });
});

const size = { role: 'target', sequences: 1, contextLength: 64, exact: true };

function turnParts() {
  return { connect: parts.edge, tokenizer, drafter, prompt: [1] };
}
